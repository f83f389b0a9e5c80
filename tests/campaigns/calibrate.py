#!/usr/bin/env python3
"""Do scores mean what they say? Of a hundred findings with score 90, ninety should be right.

    tests/campaigns/calibrate.py [--write docs/classifiers.md]

A labelled set is put together: every example in its sentence and without it, generated numbers in context, alone and in
the line of a form; against them numbers of the same shapes with random digits, in the same sentences and alone, the
invalid examples, corrupted numbers, and the benign text of the false-alarm campaign. True and false ones are weighted alike
within each kind of evidence (a word of context, separators, nothing), as the prior that nobody knows; the table then says,
for each band of scores, how many findings were right. Exits with 1 if a band with 50 findings or more is right less often
than its lower end by more than three hundredths. Addresses of authors in benign text, and tokens whose checksum was spoilt but
which stand behind the word "token", are neither right nor wrong.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from disguise import write_page
from examples import WORD_LISTS, classify, load_examples
from false_alarms import corpus
from generated import generate

BANDS = [(50, 59), (60, 69), (70, 79), (80, 89), (90, 94), (95, 100)]
SLACK = 0.03
NEUTRAL = ["We have {} here.", "{}", "note {} for later", "see {} and the rest", "Jana Novakova; {}; Ulm"]


@dataclass(frozen=True)
class Case:
    text: str
    type: str | None  # what is in it; None: nothing


def shuffled(value: str, rng: random.Random) -> str:
    """The same shape with other digits and letters."""
    return re.sub(
        r"[A-Z]",
        lambda m: rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ"),
        re.sub(r"\d", lambda m: rng.choice("0123456789"), value),
    )


def cases(rng: random.Random) -> list[Case]:
    examples = [e for e in load_examples() if e.detector not in WORD_LISTS]
    sentences = {e.detector: e for e in reversed(examples)}
    found = [Case(e.sentence.replace("{}", e.valid), e.type) for e in examples]
    found += [Case(e.sentence.replace("{}", e.invalid), None) for e in examples]
    for detector, pairs in generate(40).items():
        e = sentences[detector]
        for valid, bad in pairs:
            frame = rng.choice([e.sentence, rng.choice(NEUTRAL)])
            found.append(Case(frame.replace("{}", valid), e.type))
            found.append(Case(frame.replace("{}", rng.choice([bad, shuffled(valid, rng)])), None))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--detectors", action="store_true", help="the detectors behind the wrong ones")
    args = parser.parse_args()
    rng = random.Random(5)
    labelled = cases(rng) + [Case(text, None) for kind, _, text in corpus(4_000_000)]
    right = {b: 0 for b in BANDS}
    wrong = {b: 0 for b in BANDS}
    blame: dict[tuple[int, int], dict[str, int]] = {b: {} for b in BANDS}
    for case, findings in zip(labelled, classify([c.text for c in labelled])):
        for f in findings:
            band = next(b for b in BANDS if b[0] <= f.score <= b[1])
            if f.type == case.type:
                right[band] += 1
            elif case.type is None and f.type not in {"contact.email", "secret.generic"}:
                wrong[band] += 1
                blame[band][f.detector] = blame[band].get(f.detector, 0) + 1
    lines = ["| score | findings | right |", "|---|---|---|"]
    short = []
    for band in BANDS:
        n = right[band] + wrong[band]
        lines.append(f"| {band[0]} to {band[1]} | {n} | {100 * right[band] / max(n, 1):.1f} % |")
        if n >= 50 and right[band] / n < band[0] / 100 - SLACK:
            short.append(band)
        if args.detectors:
            print(band, sorted(blame[band].items(), key=lambda x: -x[1])[:14])
    print("\n".join(lines))
    if args.write:
        write_page(args.write, "calibration", lines)
    print(f"scores promise too much: {short}" if short else "scores keep what they promise")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
