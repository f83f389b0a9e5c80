#!/usr/bin/env python3
"""False alarms on text about nobody: code, documentation, logs and tables of the machine it runs on.

    tests/campaigns/false_alarms.py [--megabytes 40] [--list] [--write docs/classifiers.md]

Reads what is installed (source code in ten languages, /usr/share/doc, package manifests, dictionaries, logs made up
here) and the committed tests/data/benign. E-mail addresses that an independent expression sees as well are no false alarms:
change logs name their authors. Everything else counts. Exits with 1 above 2 findings per 100 kB.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import itertools
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from examples import ROOT, classify

MOST = 2.0  # per 100 kB
PIECE = 20_000  # bytes of a text: prompts are no books
PLACES = {
    "C and C++": ["/usr/include/**/*.h"],
    "Python": ["/usr/lib/python3*/**/*.py"],
    "Perl": ["/usr/share/perl/**/*.p[ml]"],
    "JavaScript": [
        "/usr/lib/node_modules/**/*.js",
        "/usr/share/nodejs/**/*.js",
        "/usr/share/javascript/**/*.js",
        "/usr/share/doc/**/*.js",
    ],
    "shell": ["/usr/bin/*", "/usr/share/bash-completion/completions/*", "/etc/init.d/*"],
    "awk, sed, m4": ["/usr/share/awk/*.awk", "/usr/share/aclocal/*.m4", "/usr/share/autoconf/**/*.m4"],
    "CMake and make": ["/usr/share/cmake*/**/*.cmake", "/usr/share/**/*.mk"],
    "SQL": ["/usr/share/**/*.sql"],
    "Lisp, Tcl, Ruby, Go, Rust": [
        "/usr/share/**/*.el",
        "/usr/share/**/*.tcl",
        "/usr/lib/ruby/**/*.rb",
        "/usr/lib/go*/src/**/*.go",
        "/usr/lib/rustlib/**/*.rs",
    ],
    "JSON and XML": ["/usr/share/**/*.json", "/usr/share/**/*.xml", "/usr/lib/node_modules/**/package.json"],
    "documentation": ["/usr/share/doc/**/*"],
    "change logs": ["/usr/share/doc/**/changelog*", "/usr/share/doc/**/NEWS*"],
    "man pages": ["/usr/share/man/man*/*"],
    "package lists": [
        "/var/lib/dpkg/info/*.list",
        "/var/lib/dpkg/info/*.md5sums",
        "/var/lib/dpkg/status",
        "/var/lib/dpkg/info/*.symbols",
    ],
    "time zones and tables": [
        "/usr/share/zoneinfo/*.tab",
        "/usr/share/zoneinfo/tzdata.zi",
        "/usr/share/i18n/locales/*",
        "/usr/share/misc/*",
    ],
    "settings": ["/etc/**/*.conf", "/usr/lib/systemd/**/*.service", "/usr/lib/sysctl.d/*"],
    "committed": [str(ROOT / "tests/data/benign/*")],
}
EMAIL = re.compile(
    rb"[A-Za-z0-9._%+'-]+(?:@|%40| ?[(\[<{]at[)\]>}] ?| at )[A-Za-z0-9-]+(?:(?:\.| dot )[A-Za-z0-9-]+)+", re.IGNORECASE
)


def files(patterns: list[str]) -> Iterator[Path]:
    found = (p for pattern in patterns for p in Path("/").glob(pattern.lstrip("/")))
    yield from sorted({p.resolve() for p in found if p.is_file()})


def read(path: Path) -> str | None:
    try:
        data = path.read_bytes()[:4_000_000]
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        return data.decode("utf-8") if b"\0" not in data[:4096] else None
    except (OSError, EOFError, UnicodeDecodeError, gzip.BadGzipFile):
        return None


def pieces(text: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    while lines:
        piece, size = [], 0
        while lines and size < PIECE:
            piece.append(lines.pop(0)[:PIECE])
            size += len(piece[-1])
        yield "".join(piece)


def logs(rng: random.Random) -> Iterator[str]:
    """Access and system logs, build output, measurements, plans of queries: numbers of every length."""

    def number(n: int) -> str:
        return str(rng.randrange(10 ** (n - 1), 10**n))

    def line(i: int) -> str:
        stamp = f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}.{number(6)}Z"
        return rng.choice(
            [
                f"{stamp} INFO worker-{number(2)} done in {number(4)} us, {number(9)} bytes, request {rng.randbytes(16).hex()}",
                f"{stamp} kernel: [{number(5)}.{number(6)}] usb 1-{i % 9}: new device number {number(2)}, id {rng.randbytes(2).hex()}:{rng.randbytes(2).hex()}",
                f'10.0.{rng.randrange(256)}.{rng.randrange(256)} - - [{stamp}] "GET /items/{number(11)}?page={number(2)} HTTP/1.1" 200 {number(7)}',
                f"epoch {number(3)}: loss 0.{number(12)} lr {rng.random():.3e} step {number(8)}",
                f"commit {rng.randbytes(20).hex()} merge {rng.randbytes(4).hex()} into v{number(1)}.{number(2)}.{number(1)}",
                f"Seq Scan on orders  (cost=0.00..{number(8)}.{number(2)} rows={number(9)} width={number(3)})",
                f"INSERT INTO events VALUES ({number(10)}, {number(9)}, {number(11)}, '{stamp}', {rng.random() * 1e9:.6f});",
                f"sku {number(8)} order {number(10)} invoice {number(9)} ean {number(13)} qty {number(1)} total {number(3)}.{number(2)}",
                f"x[{i}] = {rng.gauss(0, 1e6):.9f}; y[{i}] = {number(12)}; // {number(15)}",
                f"#{number(5)} 0x{rng.randbytes(8).hex()} in frame_{number(4)} (argc={number(1)}, argv=0x{rng.randbytes(6).hex()}) at main.c:{number(4)}",
            ]
        )

    for _ in range(150):
        yield "\n".join(line(i) for i in range(150))


def corpus(budget: int) -> Iterator[tuple[str, str, str]]:
    """Kind, name, text; each kind has the same share of the budget."""
    rng = random.Random(11)
    for kind, patterns in PLACES.items():
        names = list(files(patterns))
        rng.shuffle(names)
        left = budget // (len(PLACES) + 1)
        for path in names:
            text = read(path)
            for piece in itertools.islice(pieces(text), 8) if text else ():
                if left > 0:
                    yield kind, str(path), piece
                    left -= len(piece.encode())
    for i, text in enumerate(logs(rng)):
        yield "logs made up", str(i), text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=40)
    parser.add_argument("--list", action="store_true", help="show every false alarm with what stands around it")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    texts = list(corpus(int(args.megabytes * 1_000_000)))
    size: collections.Counter[str] = collections.Counter()
    alarms: collections.Counter[str] = collections.Counter()
    types: collections.Counter[tuple[str, str]] = collections.Counter()
    addresses = 0
    for (kind, name, text), found in zip(texts, classify([t[2] for t in texts])):
        data = text.encode()
        size[kind] += len(data)
        for f in found:
            if f.type == "contact.email" and EMAIL.search(data[f.start : f.end]):
                addresses += 1
                continue
            alarms[kind] += 1
            types[f.type, f.detector] += 1
            if args.list:
                around = data[max(0, f.start - 60) : f.end + 30].decode(errors="replace").replace("\n", "⏎")
                print(
                    f"{f.detector} {f.score} {f.view} {data[f.start:f.end].decode(errors='replace')!r} {name}: {around}"
                )
    total, bad = sum(size.values()), sum(alarms.values())
    lines = ["| text | kB | false alarms | per 100 kB |", "|---|---|---|---|"]
    lines += [f"| {k} | {n // 1000} | {alarms[k]} | {alarms[k] / n * 1e5:.2f} |" for k, n in size.items()]
    lines.append(f"| **all** | {total // 1000} | {bad} | {bad / total * 1e5:.2f} |")
    lines += ["", "| type | detector | false alarms |", "|---|---|---|"]
    lines += [f"| {t} | {d} | {n} |" for (t, d), n in types.most_common()]
    print("\n".join(lines))
    print(f"e-mail addresses of authors, not counted: {addresses}")
    if args.write:
        from disguise import write_page

        write_page(args.write, "false alarms", lines)
    return 1 if bad > MOST * total / 1e5 else 0


if __name__ == "__main__":
    sys.exit(main())
