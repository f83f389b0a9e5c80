#!/usr/bin/env python3
"""The classifiers beside Presidio's pattern recognisers, on the same texts: coverage by type, false alarms, speed.

    python3 -m venv build/presidio && build/presidio/bin/pip install presidio-analyzer==2.2.366
    build/presidio/bin/python bench/presidio.py [--program build/release/bailiwick] [--write docs/classifiers.md]

Presidio runs without a language model: every pattern recogniser that the package has, for all its countries, called on the
text itself (its checks run, its words of context do not, since they need a model's tokens). A value counts as found if any
recogniser reports something there with a score of 0.4 (Presidio's floor for context) or more; the column "any score" takes
everything. Both sides see the committed examples in their sentences, three disguises of them, and the benign texts.
"""

from __future__ import annotations

import argparse
import base64
import inspect
import os
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/campaigns"))


def recognizers() -> list:
    import logging

    import presidio_analyzer.predefined_recognizers as all_of_them
    from presidio_analyzer import PatternRecognizer

    logging.disable(logging.CRITICAL)
    made = []
    for _, kind in inspect.getmembers(all_of_them, inspect.isclass):
        if issubclass(kind, PatternRecognizer) and kind is not PatternRecognizer:
            try:
                made.append(kind())
            except (TypeError, ValueError, ImportError):
                print(f"{kind.__name__} wants more than patterns: left out", file=sys.stderr)
    for name in ("PhoneRecognizer",):
        made.append(getattr(all_of_them, name)())
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bailiwick")
    parser.add_argument("--megabytes", type=float, default=1.0, help="of benign text")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    os.environ["BAILIWICK_PROGRAM"] = args.program
    from disguise import full_width, interleave, write_page
    from examples import WORD_LISTS, classify, load_examples
    from false_alarms import corpus

    theirs = recognizers()

    def presidio(text: str) -> list[tuple[int, int, float, str]]:
        found = []
        for r in theirs:
            for x in r.analyze(text, r.supported_entities, None) or []:
                found.append((x.start, x.end, x.score, x.entity_type))
        return found

    examples = [e for e in load_examples() if e.detector not in WORD_LISTS]
    disguises = {
        "as it is": lambda v: v,
        "zero-width spaces": lambda v: interleave(v, "\u200b"),
        "full width": full_width,
        "base64": lambda v: base64.b64encode(v.encode()).decode(),
    }
    lines = ["| texts | n | here | Presidio, score 0.4 | Presidio, any score |", "|---|---|---|---|---|"]
    for name, hide in disguises.items():
        groups = {"": [0, 0, 0, 0]}
        texts = [e.sentence.replace("{}", hide(e.valid)) for e in examples]
        for e, text, ours in zip(examples, texts, classify(texts)):
            start = e.sentence.index("{}")
            end = start + len(hide(e.valid))
            first, last = len(text[:start].encode()), len(text[:end].encode())
            at = [x for x in presidio(text) if x[0] < end and x[1] > start]
            hits = (
                any(f.type == e.type and f.start < last and f.end > first for f in ours),
                any(x[2] >= 0.4 for x in at),
                bool(at),
            )
            family = "credentials" if e.type.startswith("secret.") else e.type.split(".")[0]
            for key in {"", family} if name == "as it is" else {""}:
                tally = groups.setdefault(key, [0, 0, 0, 0])
                for k, hit in enumerate((True, *hits)):
                    tally[k] += hit
        for key, (n, ours, sure, any_) in sorted(groups.items()):
            label = f"examples, {name}" if key == "" else f"… {key}"
            lines.append(f"| {label} | {n} | {ours / n:.2f} | {sure / n:.2f} | {any_ / n:.2f} |")
    benign = [t for _, _, t in corpus(int(args.megabytes * 1e6))][:: max(1, int(3 / args.megabytes))]
    size = sum(len(t.encode()) for t in benign)
    started = time.monotonic()
    classify(["nothing"])
    before = time.monotonic()
    ours = Counter(f.type for found in classify(benign) for f in found if f.type != "contact.email")
    between = time.monotonic()
    sure, any_ = Counter(), Counter()
    for text in benign:
        for _, _, score, entity in presidio(text):
            if entity not in {"EMAIL_ADDRESS", "URL"}:
                any_[entity] += 1
                sure[entity] += score >= 0.4
    after = time.monotonic()
    per = lambda c: f"{sum(c.values()) / size * 1e5:.1f}"
    lines.append(
        f"| findings per 100 kB of benign text (e-mail, URL not counted) | {size // 1000} kB | {per(ours)} | {per(sure)} | {per(any_)} |"
    )
    lines.append(
        f"| MB/s on it, one core, ours through JSON and without the program's start | | {size / max(between - before - (before - started), 1e-3) / 1e6:.1f} | {size / (after - between) / 1e6:.3f} | |"
    )
    print("\n".join(lines))
    print("Presidio's most frequent there:", ", ".join(f"{k} {n}" for k, n in any_.most_common(12)))
    if args.write:
        write_page(args.write, "presidio", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
