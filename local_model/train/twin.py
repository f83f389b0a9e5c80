#!/usr/bin/env python3
"""Numbers that the C tokeniser and features must reproduce: for each file, its tokens and a hash over all their features.

twin.py [FILE…] > tests/unit/local_model/twin.golden   (without a file: tests/unit/local_model/twin.txt)
"""

from __future__ import annotations

import pathlib
import sys

import spec

DEFAULT = pathlib.Path(__file__).resolve().parents[2] / "tests/unit/local_model/twin.txt"


def add(h: int, value: int) -> int:
    return (h ^ value) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF


def main():
    for path in [pathlib.Path(a) for a in sys.argv[1:]] or [DEFAULT]:
        h, count = 0xCBF29CE484222325, 0
        for line in path.read_bytes().decode("utf8").split("\n"):
            at, n = [0], 0
            for c in line:
                n += len(c.encode("utf8"))
                at.append(n)
            toks = spec.tokens(line)
            count += len(toks)
            for i, (a, b, gap) in enumerate(toks):
                word, prefix, suffix3, suffix4, shape, grams, looks, key = spec.features(line[a:b], *spec.neighbours(line, toks, i))
                for v in (at[a], at[b], gap, *word, *prefix, *suffix3, *suffix4, shape, looks, key, len(grams), *grams):
                    h = add(h, v)
        print(path.resolve().relative_to(DEFAULT.parents[3]), count, "%016x" % h)


if __name__ == "__main__":
    main()
