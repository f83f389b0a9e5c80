#!/usr/bin/env python3
"""Writes the table of types into docs/classifiers.md, from classifiers/detectors.def and classifiers/vendor_keys.def.

    tests/campaigns/types_table.py [--check]

--check changes nothing and exits with 1 if the page is not current.
"""

from __future__ import annotations

import re
import sys

from disguise import write_page
from examples import ROOT

PAGE = ROOT / "docs/classifiers.md"
PROOF = {
    "FORMAT": "form only",
    "WEAK": "one check digit",
    "DATED": "check digit and date",
    "GOOD": "mod 97 or as strong",
    "STRONG": "beyond doubt",
}
ROW = re.compile(r'^DETECTOR\((\w+), (\w+), \w+, ".*?", \w+, (\w+), ([\w |]+), "(.*?)", "(.*?)"\)$', re.M)
KEY = re.compile(r'^KEY\(\w+, \w+, ".*?", ".*?", "(.*?)"\)$', re.M)
TYPE = re.compile(r'^TYPE\((\w+), "(.*?)"', re.M)


def table() -> list[str]:
    names = dict(TYPE.findall((ROOT / "base/types.def").read_text(encoding="utf-8")))
    rows = ROW.findall((ROOT / "classifiers/detectors.def").read_text(encoding="utf-8"))
    keys = KEY.findall((ROOT / "classifiers/vendor_keys.def").read_text(encoding="utf-8"))
    lines = ["| type | detector | what | its check proves | without a word of context |", "|---|---|---|---|---|"]
    for detector, type_, strength, flags, _, doc in rows:
        alone = "no" if "CTX" in flags else "the word is part of it" if "FIRM" in flags else "by score"
        lines.append(f"| {names[type_]} | {detector} | {doc} | {PROOF[strength]} | {alone} |")
    lines.append(f"| {names['SECRET_API_KEY']} | KEY_… | {len(keys)} forms of keys: {'; '.join(keys)} | the vendor's mark | by score |")
    return lines


def main() -> int:
    before = PAGE.read_text(encoding="utf-8")
    write_page(PAGE, "types", table())
    if "--check" not in sys.argv:
        return 0
    current = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(before, encoding="utf-8")
    return 0 if current == before else 1


if __name__ == "__main__":
    sys.exit(main())
