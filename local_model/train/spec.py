"""What C and Python must do alike: cutting a text into tokens and hashing each into features.

The character tables are read from ../unicode.def; the sizes below are written into the model file and checked by model.c.
"""

from __future__ import annotations

import functools
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
MASK = 0xFFFFFFFF
TOKEN_MAX = 64  # code points
GRAMS_MAX = 20
WORD_BITS, AFFIX_BITS, GRAM_BITS, SHAPE_BITS = 15, 14, 15, 10
DIM, SHAPE_DIM = 32, 16
N_FLAGS, N_LOOKS, N_GAPS = 16, 12, 4
PARTS = 5 * DIM + SHAPE_DIM
INPUTS = PARTS + N_FLAGS + N_LOOKS + N_GAPS
SEED_WORD, SEED_PREFIX, SEED_SUFFIX3, SEED_SUFFIX4, SEED_GRAM, SEED_SHAPE = 1, 2, 3, 4, 5, 6

LETTERS = "LATIN GREEK CYRILLIC ARMENIAN HEBREW ARABIC INDIC OTHER GEORGIAN HANGUL".split()
SINGLE = "THAI KANA HAN".split()

(FLAG_FORENAME, FLAG_SURNAME, FLAG_CITY, FLAG_COUNTRY, FLAG_HEALTH, FLAG_ORG, FLAG_STREET, FLAG_PLAIN, FLAG_MED, FLAG_PROFESSION, FLAG_RELIGION,
 FLAG_POLITICS, FLAG_ETHNICITY, FLAG_OFFENCE, FLAG_KIN, FLAG_BRAND) = (1 << i for i in range(N_FLAGS))


def _tables():
    text = (HERE.parent / "unicode.def").read_text()
    kinds, lower = {}, {}
    for a, b, kind in re.findall(r"^RANGE\((\w+), (\w+), (\w+)\)", text, re.M):
        for cp in range(int(a, 16), int(b, 16) + 1):
            kinds[cp] = kind
    for a, b, step, delta in re.findall(r"^LOWER\((\w+), (\w+), (\d+), (-?\d+)\)", text, re.M):
        for cp in range(int(a, 16), int(b, 16) + 1, int(step)):
            lower[cp] = cp + int(delta)
    return kinds, lower


KINDS, LOWER = _tables()


def kind_of(cp: int) -> str:
    return KINDS.get(cp, "PUNCT")


def tokens(text: str) -> list[tuple[int, int, int]]:
    """(start, end, gap) in code points; gap 0: none before it, 1: space, 2: line end, 3: start of the text."""
    out = []
    i, n, gap = 0, len(text), 3
    while i < n:
        cp = ord(text[i])
        kind = kind_of(cp)
        if kind == "SPACE":
            if gap != 3:
                gap = 2 if text[i] in "\n\r" else max(gap, 1)
            i += 1
            continue
        start, script = i, kind
        i += 1
        while i < n and i - start < TOKEN_MAX:
            cp2 = ord(text[i])
            k = kind_of(cp2)
            if k in ("MARK", "SKIP"):
                if script not in LETTERS and script not in SINGLE and script != "DIGIT" and cp2 != cp:
                    break
            elif script in SINGLE:
                break
            elif script in LETTERS or script == "DIGIT":
                if k in LETTERS and (script == "DIGIT" or script == k):
                    script = k
                elif k != "DIGIT":
                    break
            elif cp2 != cp:
                break
            i += 1
        out.append((start, i, gap))
        gap = 0
    return out


def mix(h: int) -> int:
    h ^= h >> 15
    h = h * 0x2C1B3C6D & MASK
    h ^= h >> 12
    h = h * 0x297A2D39 & MASK
    return h ^ (h >> 15)


def hash_cps(cps, seed: int) -> int:
    h = (0x811C9DC5 ^ seed * 0x9E3779B1) & MASK
    for c in cps:
        h = (h ^ c) * 0x01000193 & MASK
    return mix(h)


def lower_cps(surface: str) -> list[int]:
    """Lower case without what is skipped."""
    return [LOWER.get(ord(c), ord(c)) for c in surface if kind_of(ord(c)) != "SKIP"]


def word_hash(surface: str) -> int:
    """Key of the word lists: lower case, digits as they are."""
    return hash_cps(lower_cps(surface), SEED_WORD)


def shape_cps(surface: str) -> list[int]:
    """Classes of characters, a run of one class cut after four."""
    out = []
    run = 0
    for c in surface:
        cp = ord(c)
        kind = kind_of(cp)
        if kind == "SKIP":
            continue
        if kind == "DIGIT":
            s = ord("0")
        elif cp in LOWER:
            s = ord("X")
        elif kind in LETTERS:
            s = ord("x") if kind in ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN") else 256 + LETTERS.index(kind)
        elif kind in SINGLE:
            s = 512 + SINGLE.index(kind)
        elif kind == "MARK":
            s = ord("m")
        else:
            s = cp
        run = run + 1 if out and out[-1] == s else 1
        if run <= 4:
            out.append(s)
    return out


def two_rows(h: int, bits: int) -> tuple[int, int]:
    return h & ((1 << bits) - 1), h >> 16 & ((1 << bits) - 1)


def look_bits(surface: str) -> int:
    """1 capitalised, 2 all capitals (two or more letters), 4 other capitals, 8 has a digit; a number alone: 16 up to 12, 32 up to 31,
    64 up to 110, 128 from 1900 to 2035; code points: 256 one, 512 up to three, 1024 eight or more, 2048 twelve or more."""
    upper = lower = digits = n = value = 0
    first = False
    for i, c in enumerate(surface):
        kind = kind_of(ord(c))
        if kind == "SKIP":
            continue
        n += 1
        if kind == "DIGIT":
            digits += 1
            value = min(value * 10 + (ord(c) - 48 if c in "0123456789" else 10000), 10000)
        elif ord(c) in LOWER:
            upper += 1
            first = first or i == 0
        elif kind in LETTERS:
            lower += 1
    bits = 8 if digits else 0
    if upper >= 2 and lower == 0:
        bits |= 2
    elif upper == 1 and first:
        bits |= 1
    elif upper:
        bits |= 4
    if digits and digits == n:
        bits |= 16 if value <= 12 else 32 if value <= 31 else 64 if value <= 110 else 128 if 1900 <= value <= 2035 else 0
    return bits | (256 if n == 1 else 512 if n <= 3 else 2048 if n >= 12 else 1024 if n >= 8 else 0)


@functools.lru_cache(maxsize=None)
def features(surface: str, before: int = 0, after: int = 0):
    """Rows of one token: (word pair, prefix pair, suffix-3 pair, suffix-4 pair, shape row, gram rows, look bits, list key).

    before and after are the neighbouring code points where script is written without spaces (else 0).
    """
    low = lower_cps(surface)
    word = [ord("0") if kind_of(c) == "DIGIT" else c for c in low]
    if kind_of(ord(surface[0])) in SINGLE:
        prefix, suffix3, suffix4 = [before] + word, word + [after], [before] + word + [after]
    else:
        prefix, suffix3, suffix4 = word[:3], word[-3:], word[-4:]
    padded = [ord("<")] + word + [ord(">")]
    grams = []
    for i in range(len(padded) - 2):
        for n in (3, 4):
            if i + n <= len(padded) and len(grams) < GRAMS_MAX:
                grams.append(hash_cps(padded[i:i + n], SEED_GRAM) & ((1 << GRAM_BITS) - 1))
    return (two_rows(hash_cps(word, SEED_WORD), WORD_BITS), two_rows(hash_cps(prefix, SEED_PREFIX), AFFIX_BITS),
            two_rows(hash_cps(suffix3, SEED_SUFFIX3), AFFIX_BITS), two_rows(hash_cps(suffix4, SEED_SUFFIX4), AFFIX_BITS),
            hash_cps(shape_cps(surface), SEED_SHAPE) & ((1 << SHAPE_BITS) - 1), tuple(grams), look_bits(surface),
            hash_cps(low, SEED_WORD))


def neighbours(text: str, toks, i: int) -> tuple[int, int]:
    """First code points of the tokens beside token i where all are written without spaces between."""
    start, end, gap = toks[i]
    if kind_of(ord(text[start])) not in SINGLE:
        return 0, 0
    before = after = 0
    if i > 0 and gap == 0 and kind_of(ord(text[toks[i - 1][0]])) in SINGLE:
        before = ord(text[toks[i - 1][0]])
    if i + 1 < len(toks) and toks[i + 1][2] == 0 and kind_of(ord(text[toks[i + 1][0]])) in SINGLE:
        after = ord(text[toks[i + 1][0]])
    return before, after
