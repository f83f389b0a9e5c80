"""What the classifier campaigns share: the committed examples, and the program that classifies texts."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests/data/identifiers/identifiers.tsv"
PROGRAM = os.environ.get("BAILIWICK_PROGRAM", str(ROOT / "build/asan/bailiwick"))
# Found by dictionaries of words: nothing a lexer could see through a disguise.
WORD_LISTS = {"CONDITION", "MEDICATION"}


@dataclass(frozen=True)
class Example:
    type: str
    detector: str
    valid: str
    invalid: str
    sentence: str


@dataclass(frozen=True)
class Finding:
    type: str
    detector: str
    start: int
    end: int
    score: int
    view: str


def load_examples(path: Path = EXAMPLES) -> list[Example]:
    examples = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            type_, detector, valid, invalid, sentence = line.split("\t")
            examples.append(Example(type_, detector, plain(valid), plain(invalid), sentence))
    return examples


def plain(value: str) -> str:
    """Without the marks that keep an example from being a secret; "\\n" is a line break."""
    return value.replace("·", "").replace("\\n", "\n")


def classify(texts: list[str]) -> list[list[Finding]]:
    """The findings of each text, by lexers and dictionaries alone."""
    lines = "".join(json.dumps({"id": str(i), "text": t}, ensure_ascii=False) + "\n" for i, t in enumerate(texts))
    done = subprocess.run(
        [PROGRAM, "classify", "--jsonl", "--no-model"], input=lines.encode(), stdout=subprocess.PIPE, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(texts)
    keys = Finding.__dataclass_fields__
    return [[Finding(**{k: f[k] for k in keys}) for f in a["findings"]] for a in answers]
