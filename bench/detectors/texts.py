"""The texts that all tools see."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import data
from disguise import b64, entities, full_width, interleave, percent, utf16_escapes
from examples import WORD_LISTS, Example, load_examples, plain
from false_alarms import EMAIL, pieces, read

from tools import LANGUAGES, Text

ROOT = Path(__file__).resolve().parents[2]
COMMON = ["CARD", "IBAN", "US_SSN", "EMAIL", "PHONE_E164", "GB_NINO", "DE_STEUERID", "ES_DNI", "IT_CF", "AWS_AKID"]
# A key from the documentation is no secret, and tools may say so; this one is made up.
INSTEAD = {"AKIAIOSFODNN7EXAMPLE": plain("AKIAQ·7ZLM4XWT2RVKD5H")}
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda s: s,
    "zero-width spaces": lambda s: interleave(s, "\u200b"),
    "full width": full_width,
    "spaced out": lambda s: interleave(s.replace(" ", ""), " "),
    "base64": b64,
    "percent": percent,
    "HTML entities": entities,
    "JSON escapes": utf16_escapes,
    "base64 twice": lambda s: b64(b64(s)),
}


class Hidden(NamedTuple):
    """A value in a sentence."""

    example: Example
    text: str
    start: int
    end: int


def hide(e: Example, sentence: str, value: str) -> Hidden:
    start = sentence.index("{}")
    return Hidden(e, sentence.replace("{}", value), start, start + len(value))


def examples() -> list[Example]:
    """Each detector's valid example, but for words of dictionaries."""
    return [e for e in load_examples() if e.detector not in WORD_LISTS]


def value(e: Example) -> str:
    return INSTEAD.get(e.valid, e.valid)


def common() -> list[Example]:
    first = {e.detector: e for e in reversed(examples())}
    return [first[name] for name in COMMON]


def documentation(most: int) -> list[Text]:
    """Change logs and read-me files of the machine, in pieces as large as a long prompt; packages in no order."""
    texts, size = [], 0
    named = (p for p in Path("/usr/share/doc").rglob("*") if p.name.lower().startswith(("changelog", "readme")))
    paths = sorted({p.resolve() for p in named if p.is_file()})
    random.Random(20261120).shuffle(paths)
    for path in paths:
        for piece in list(pieces(read(path) or ""))[:2]:
            if size < most:
                texts.append(Text(piece))
                size += len(piece.encode())
    return texts


def committed() -> list[Text]:
    return [Text(p.read_text()) for p in sorted((ROOT / "tests/data/benign").iterdir())]


def is_address(value: str) -> bool:
    return EMAIL.search(value.encode()) is not None


def prompts(first: int, others: int) -> list[data.Doc]:
    """A sample of the annotated prompts of the test part, by a fixed seed."""
    rng = random.Random(20261120)
    docs = data.prompts("test")
    sample = []
    for lang in LANGUAGES:
        of_it = [d for d in docs if d.lang == lang]
        sample += rng.sample(of_it, min(len(of_it), first if lang == "en" else others))
    return sample


def cut(docs: list[data.Doc], enough: Callable[[str], bool]) -> list[Text]:
    """English prompts of one kind of size, each put together from several."""
    texts, text = [], ""
    for d in docs:
        if d.lang == "en":
            text += d.text + "\n\n"
            if enough(text):
                texts.append(Text(text))
                text = ""
    return texts


def size_2k(text: str) -> bool:
    return len(text.encode()) >= 2000


def words_500(text: str) -> bool:
    return len(text.split()) >= 500
