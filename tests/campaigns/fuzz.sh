#!/usr/bin/env bash
# Fuzzes every target for some seconds each, starting from its corpus: tests/campaigns/fuzz.sh [SECONDS] [TARGET…]
# New inputs are kept in build/fuzz/corpus/TARGET; a crash stops the run and its input is named.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(basename -s .c fuzz/*.c | grep -vx replay); fi
cmake --preset fuzz
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
for target in "${targets[@]}"; do
	program=$(find build/fuzz -type f -name "fuzz_$target" -perm -u+x)
	corpus=build/fuzz/corpus/$target
	mkdir -p "$corpus"
	echo "== $target, $seconds s"
	"$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -artifact_prefix="$corpus-" "$corpus" "fuzz/$target.in" 2>&1 | tail -n 12
done
echo "no target failed"
