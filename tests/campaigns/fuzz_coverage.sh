#!/usr/bin/env bash
# How much of each parser its fuzzing corpus reaches: tests/campaigns/fuzz_coverage.sh [TARGET…]
# Replays fuzz/TARGET.in and, where fuzz.sh has been at work, build/fuzz/corpus/TARGET (or $CORPUS/TARGET); prints the
# share of lines and branches of the files that the target is there for.
set -euo pipefail
cd "$(dirname "$0")/../.."

# What each target is there for; lexers are counted in what re2c makes of them.
declare -A files=(
	[h1_head]="proxy/wire/h1.c proxy/wire/h1_head.re proxy/wire/h1_write.c"
	[h1_chunked]="proxy/wire/h1_body.c"
	[sse]="proxy/wire/sse.c"
	[coding]="proxy/wire/coding.c proxy/wire/coding_reader.c"
	[json]="proxy/wire/json.re proxy/wire/json_text.c"
	[api]="proxy/wire/api_extract.c proxy/wire/api_value.c proxy/wire/api_route.c proxy/wire/api_tap.c proxy/wire/tap_json.c"
	[rules]="rules/lex.re rules/parse.c rules/check.c rules/compile.c rules/eval.c"
	[config]="config/tree.c config/bind.c config/bind_list.c config/bind_scalar.c config/value.c config/address.c config/check.c"
	[record]="audit/format/record.c audit/format/decision.c audit/format/codec.c audit/format/cbor.c audit/format/note.c audit/format/checkpoint.c"
)
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(printf '%s\n' "${!files[@]}" | sort); fi
cmake --preset coverage > /dev/null
cmake --build --preset coverage --target "${targets[@]/#/fuzz_}" > /dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%-12s %8s %8s %10s   %s\n' target inputs lines branches files
for target in "${targets[@]}"; do
	program=$(find build/coverage -type f -name "fuzz_$target" -perm -u+x)
	sources=()
	for file in ${files[$target]}; do
		case $file in
		*.re) sources+=("build/coverage/generated/${file%.re}.c") ;;
		*) sources+=("$file") ;;
		esac
	done
	folders=("fuzz/$target.in")
	[ ! -d "${CORPUS:-build/fuzz/corpus}/$target" ] || folders+=("${CORPUS:-build/fuzz/corpus}/$target")
	for folder in "${folders[@]}"; do
		LLVM_PROFILE_FILE="$work/$target-%p.profraw" "$program" "$folder" > /dev/null
	done
	llvm-profdata-14 merge -sparse "$work/$target"-*.profraw -o "$work/$target.profdata"
	# The last line: TOTAL, then regions, functions, lines and branches, each with what is missed and the share covered.
	llvm-cov-14 report "$program" -instr-profile="$work/$target.profdata" "${sources[@]}" |
		awk -v t="$target" -v n="$(find "${folders[@]}" -type f | wc -l)" -v f="${files[$target]}" \
			'$1 == "TOTAL" { printf "%-12s %8d %8s %10s   %s\n", t, n, $10, $13, f }'
done
