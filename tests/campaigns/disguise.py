#!/usr/bin/env python3
"""Every identifier in every disguise.

    tests/campaigns/disguise.py [--group GROUP] [--missed] [--write docs/classifiers.md] [--smoke FILE]

Each transform is applied to every valid example (which must still be found as its type, at its place) and to every
invalid one (which must not). Exits with 1 if a group falls short of its target. --missed lists what was not found;
--write puts the table between the marks of a page; --smoke writes the sample that the unit tests replay.
"""

from __future__ import annotations

import argparse
import base64
import codecs
import gzip
import json
import random
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from examples import WORD_LISTS, Example, classify, load_examples
from generated import strong_examples

# Least recall of a group; groups without one are reported as they are.
TARGETS = {
    "invisibles": 0.95,
    "look-alikes": 0.95,
    "full width": 0.95,
    "digits of other scripts": 0.95,
    "spacing": 0.95,
    "encodings": 0.95,
    "encodings twice": 0.95,
    "entities": 0.95,
    "JSON escapes": 0.95,
    "spelled digits": 0.85,
}
FALSE_ALARMS = 0.01


def interleave(s: str, mark: str) -> str:
    return mark.join(s)


def groups(s: str, n: int, mark: str) -> str:
    """Letters and digits in groups of n; the value's own separators are dropped."""
    bare, sign = "".join(c for c in s if c.isalnum()), "+" if s.startswith("+") else ""
    return sign + mark.join(bare[i : i + n] for i in range(0, len(bare), n))


CYRILLIC = str.maketrans("ABCEHIJKMOPSTXYaceijopsxyhd", "АВСЕНІЈКМОРЅТХУасеіјорѕхуһԁ")
GREEK = str.maketrans("ABEZHIKMNOPTYXov", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον")
MORE_LATIN = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ａЬϲԁеｆɡһіϳｋӏｍոорԛｒѕｔսѵԝхуｚ")


def digits_from(zero: int) -> Callable[[str], str]:
    return lambda s: "".join(chr(zero + int(c)) if c in "0123456789" else c for c in s)


def styled(upper: int, lower: int, digit: int) -> Callable[[str], str]:
    """Mathematical alphabets."""

    def convert(c: str) -> str:
        if "A" <= c <= "Z":
            return chr(upper + ord(c) - 65)
        if "a" <= c <= "z":
            return chr(lower + ord(c) - 97)
        return chr(digit + int(c)) if c in "0123456789" else c

    return lambda s: "".join(map(convert, s))


def circled(s: str) -> str:
    return "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c in "0123456789" else c for c in s)


def full_width(s: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if 0x20 < ord(c) < 0x7F else c for c in s)


def tags(s: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) if 0x20 <= ord(c) < 0x7F else c for c in s)


def b64(s: str) -> str:
    return base64.b64encode(s.encode()).decode()


def b64_lines(s: str) -> str:
    text = b64(s)
    return "\n".join(text[i : i + 76] for i in range(0, len(text), 76))


def percent(s: str) -> str:
    return "".join(f"%{b:02X}" for b in s.encode())


def entities(s: str) -> str:
    return "".join(f"&#{ord(c)};" if i % 2 else f"&#x{ord(c):x};" for i, c in enumerate(s))


def quoted_printable(s: str) -> str:
    out = [f"={b:02X}" for b in s.encode()]
    return "=\n".join("".join(out[i : i + 24]) for i in range(0, len(out), 24))


def utf16_escapes(s: str) -> str:
    """\\uXXXX as JSON writes it, surrogate pairs included."""
    units = s.encode("utf-16-be")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def json_in_json(s: str, depth: int) -> str:
    for _ in range(depth):
        s = json.dumps({"note": s})
    return s


def gzipped(s: str) -> str:
    return base64.b64encode(gzip.compress(s.encode(), mtime=0)).decode()


def deflated(s: str) -> str:
    return base64.b64encode(zlib.compress(s.encode())).decode()


DIGIT_WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
}


def spelled(language: str, mark: str = " ") -> Callable[[str], str]:
    """Digits as words; separators are not spoken, letters are."""
    words = DIGIT_WORDS[language].split()
    return lambda s: mark.join(words[int(c)] if c in "0123456789" else c for c in s if c.isalnum())


def defanged(dot: str, at: str) -> Callable[[str], str]:
    return lambda s: s.replace("http", "hxxp").replace("@", at).replace(".", dot)


def pieces(s: str, n: int = 4) -> list[str]:
    return [s[i : i + n] for i in range(0, len(s), n)]


def quoted(s: str, mark: str) -> str:
    return mark.join(json.dumps(p) for p in pieces(s))


@dataclass(frozen=True)
class Transform:
    group: str
    name: str
    value: Callable[[str], str] | None = None  # of the value alone
    whole: Callable[[str], str] | None = None  # of the sentence with the value in it
    applies: Callable[[Example], bool] = lambda e: True
    frame: str = "{}"  # around the transformed sentence


def ascii_letters(e: Example) -> bool:
    return re.search(r"[A-Za-z]", e.valid) is not None


def has_digits(e: Example) -> bool:
    return re.search(r"\d", e.valid) is not None


# Their separators are not for the eye: without the dots of an address or a date it is another value.
STRUCTURED = {"IPV4", "GEO", "GA_COOKIE", "FB_COOKIE", "AD_ID", "BIRTH_DATE", "CARE_DATE", "TWILIO", "ECCN"}


def number(e: Example) -> bool:
    """Digits with at most a few letters and usual separators: what people write in groups."""
    if e.detector in STRUCTURED:
        return False
    bare = re.sub(r"[^0-9A-Za-z]", "", e.valid)
    return (
        len(bare) >= 8
        and sum(c.isdigit() for c in bare) >= 0.6 * len(bare)
        and not re.search(r"[^0-9A-Za-z .()/+-]", e.valid)
    )


def spoken(e: Example) -> bool:
    """Nothing but digits and the separators between them, five or more."""
    return (
        e.detector not in STRUCTURED
        and not re.search(r"[A-Za-z@:,<]", e.valid)
        and len(re.findall(r"\d", e.valid)) >= 5
    )


def address(e: Example) -> bool:
    return e.detector in {"EMAIL", "IPV4", "PROFILE_URL", "DB_URL", "URL_PASSWORD"}


def one_line(e: Example) -> bool:
    return "\n" not in e.valid


def single_value(e: Example) -> bool:
    """The word that says what it is can stand in a column's head."""
    return one_line(e) and e.sentence.rstrip(" .").endswith(": {}") and not re.search(r"[|\t,]", e.valid)


def tables(row: str, ruler: str) -> Callable[[str], str]:
    """The value in the fourth row of a table whose head names it."""

    def build(sentence: str) -> str:
        head, value = sentence.rstrip(" .").split(": ", 1)
        lines = [row.format("name", head, "town")] + ([ruler] if ruler else [])
        lines += [row.format(n, "n/a", t) for n, t in (("Ada", "Ulm"), ("Bo", "Oslo"), ("Cy", "Lyon"), ("Di", "Rom"))]
        return "\n".join([*lines, row.format("Eve", value, "Bonn"), row.format("Flo", "n/a", "Graz")])

    return build


def transforms() -> Iterator[Transform]:
    for name, mark in {
        "zero-width space": "\u200b",
        "zero-width non-joiner": "\u200c",
        "word joiner": "\u2060",
        "soft hyphen": "\u00ad",
        "byte order mark": "\ufeff",
        "left-to-right mark": "\u200e",
        "variation selector": "\ufe0f",
        "Mongolian separator": "\u180e",
        "combining grapheme joiner": "\u034f",
        "language tag": "\U000e0001",
        "invisible plus": "\u2064",
    }.items():
        yield Transform("invisibles", name + " between all", lambda s, m=mark: interleave(s, m))
    yield Transform("invisibles", "soft hyphen once", lambda s: s[: len(s) // 2] + "\u00ad" + s[len(s) // 2 :])
    yield Transform("invisibles", "bidi isolate around", lambda s: "\u2066" + s + "\u2069")
    yield Transform("invisibles", "two zero-width marks", lambda s: interleave(s, "\u200d\u200b"))
    yield Transform("invisibles", "written in tag characters", tags)
    yield Transform("look-alikes", "Cyrillic letters", lambda s: s.translate(CYRILLIC), applies=ascii_letters)
    yield Transform("look-alikes", "Greek letters", lambda s: s.translate(GREEK), applies=ascii_letters)
    yield Transform("look-alikes", "several scripts", lambda s: s.translate(MORE_LATIN), applies=ascii_letters)
    yield Transform("look-alikes", "mathematical bold", styled(0x1D400, 0x1D41A, 0x1D7CE))
    yield Transform("look-alikes", "mathematical monospace", styled(0x1D670, 0x1D68A, 0x1D7F6))
    yield Transform(
        "look-alikes",
        "squared and circled",
        lambda s: circled(
            "".join(
                chr(0x24B6 + ord(c) - 65) if "A" <= c <= "Z" else chr(0x24D0 + ord(c) - 97) if "a" <= c <= "z" else c
                for c in s
            )
        ),
    )
    yield Transform("full width", "all", full_width)
    yield Transform("full width", "digits", digits_from(0xFF10), applies=has_digits)
    yield Transform("full width", "all, ideographic spaces", lambda s: full_width(s).replace(" ", "\u3000"))
    for name, zero in {
        "Arabic-Indic": 0x660,
        "Persian": 0x6F0,
        "Devanagari": 0x966,
        "Bengali": 0x9E6,
        "Thai": 0xE50,
        "Khmer": 0x17E0,
        "double-struck": 0x1D7D8,
        "segmented": 0x1FBF0,
        "Adlam": 0x1E950,
    }.items():
        yield Transform("digits of other scripts", name, digits_from(zero), applies=has_digits)
    yield Transform("digits of other scripts", "circled", circled, applies=has_digits)
    yield Transform(
        "digits of other scripts",
        "superscript",
        lambda s: "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(c)] if c in "0123456789" else c for c in s),
        applies=has_digits,
    )
    yield Transform(
        "digits of other scripts",
        "keycap",
        lambda s: "".join(c + "\ufe0f\u20e3" if c in "0123456789" else c for c in s),
        applies=has_digits,
    )
    for name, mark in {
        "space": " ",
        "two spaces": "  ",
        "line break": "\n",
        "tab": "\t",
        "no-break space": "\u00a0",
        "thin space": "\u2009",
        "ideographic space": "\u3000",
    }.items():
        yield Transform(
            "spacing", f"{name} between all", lambda s, m=mark: interleave(re.sub(r"[ \n]", "", s), m), applies=one_line
        )
    for n in (2, 3, 4, 5):
        for name, mark in {"space": " ", "line break": "\n", "two spaces": "  ", "thin space": "\u2009"}.items():
            yield Transform("spacing", f"groups of {n}, {name}", lambda s, n=n, m=mark: groups(s, n, m), applies=number)
    for mark in ".-_/,*|:":
        yield Transform(
            "punctuation",
            f"'{mark}' between all",
            lambda s, m=mark: interleave("".join(c for c in s if c.isalnum()), m),
            applies=number,
        )
    for n in (2, 3, 4):
        for mark in ".-_/,|":
            yield Transform(
                "punctuation", f"groups of {n}, '{mark}'", lambda s, n=n, m=mark: groups(s, n, m), applies=number
            )
    for name, encode in {
        "base64": b64,
        "base64url, no padding": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
        "base64 in lines": b64_lines,
        "base32": lambda s: base64.b32encode(s.encode()).decode(),
        "hexadecimal": lambda s: s.encode().hex(),
        "hexadecimal, capitals": lambda s: s.encode().hex().upper(),
        "percent": percent,
        "quoted-printable": quoted_printable,
        "\\x escapes": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
        "hexadecimal with spaces": lambda s: s.encode().hex(" "),
        "0x bytes": lambda s: ", ".join(f"0x{b:02x}" for b in s.encode()),
        "gzip in base64": gzipped,
        "zlib in base64": deflated,
        "UTF-16 in base64": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    }.items():
        yield Transform("encodings", name, encode)
        if name not in {"gzip in base64", "zlib in base64"}:
            yield Transform("encodings", f"{name}, whole sentence", whole=encode)
        else:
            yield Transform("encodings", f"{name}, whole sentence", whole=encode, frame="data: {} end")
    for name, encode in {
        "base64 twice": lambda s: b64(b64(s)),
        "percent in base64": lambda s: b64(percent(s)),
        "base64 in percent": lambda s: percent(b64(s)),
        "percent twice": lambda s: percent(s).replace("%", "%25"),
        "hexadecimal in base64": lambda s: b64(s.encode().hex()),
        "base64 in JSON in JSON": lambda s: json_in_json(b64(s), 2),
        "JSON escapes in base64": lambda s: b64(utf16_escapes(s)),
        "entities in percent": lambda s: percent(entities(s)),
    }.items():
        yield Transform("encodings twice", name, encode)
        yield Transform("encodings twice", f"{name}, whole sentence", whole=encode)
    yield Transform("entities", "numbers", entities)
    yield Transform("entities", "numbers without semicolon at the end", lambda s: entities(s).rstrip(";"))
    yield Transform("entities", "whole sentence", whole=entities)
    yield Transform(
        "entities",
        "named",
        lambda s: s.replace("&", "&amp;")
        .replace("@", "&commat;")
        .replace(".", "&period;")
        .replace("-", "&hyphen;")
        .replace(" ", "&nbsp;")
        .replace("<", "&lt;"),
    )
    yield Transform("JSON escapes", "all", utf16_escapes)
    yield Transform("JSON escapes", "whole sentence", whole=utf16_escapes)
    yield Transform("JSON escapes", "braces", lambda s: "".join(f"\\u{{{ord(c):x}}}" for c in s))
    yield Transform("JSON escapes", "JSON in JSON", whole=lambda s: json_in_json(s, 2))
    yield Transform("JSON escapes", "JSON in JSON in JSON", whole=lambda s: json_in_json(s, 3))
    for language in DIGIT_WORDS:
        yield Transform("spelled digits", language, spelled(language), applies=spoken)
    yield Transform("spelled digits", "en, commas", spelled("en", ", "), applies=spoken)
    yield Transform("spelled digits", "en, hyphens", spelled("en", "-"), applies=spoken)
    yield Transform("spelled digits", "en, capitals", lambda s: spelled("en")(s).upper(), applies=spoken)
    yield Transform(
        "spelled digits", "en, letters as well", spelled("en"), applies=lambda e: number(e) and not spoken(e)
    )
    yield Transform("defanged", "[.] [at]", defanged("[.]", "[at]"), applies=address)
    yield Transform("defanged", "(dot) (at)", defanged("(dot)", "(at)"), applies=address)
    yield Transform("defanged", " dot  at ", defanged(" dot ", " at "), applies=lambda e: e.detector == "EMAIL")
    yield Transform(
        "defanged", " [punkt] [at] ", defanged(" [punkt] ", " [at] "), applies=lambda e: e.detector == "EMAIL"
    )
    for name, mark in {
        "plus": " + ",
        "nothing": " ",
        "dot": " . ",
        "line breaks": " +\n    ",
        "ampersand": " & ",
    }.items():
        yield Transform("concatenation", f"strings with {name}", lambda s, m=mark: quoted(s, m), applies=one_line)
    yield Transform(
        "concatenation",
        "single quotes",
        lambda s: " + ".join("'" + p.replace("'", "\\'") + "'" for p in pieces(s)),
        applies=one_line,
    )
    yield Transform("concatenation", "joined list", lambda s: '"".join([' + quoted(s, ", ") + "])", applies=one_line)
    yield Transform("table heads", "markdown", whole=tables("| {} | {} | {} |", "|---|---|---|"), applies=single_value)
    yield Transform("table heads", "tabs", whole=tables("{}\t{}\t{}", ""), applies=single_value)
    yield Transform("table heads", "commas", whole=tables("{},{},{}", ""), applies=single_value)
    yield Transform("table heads", "semicolons", whole=tables("{};{};{}", ""), applies=single_value)
    yield Transform(
        "table heads", "HTML", whole=tables("<tr><td>{}</td><td>{}</td><td>{}</td></tr>", ""), applies=single_value
    )
    yield Transform("table cells", "markdown", lambda s: groups(s, 4, " | "), applies=number)
    yield Transform("table cells", "tabs", lambda s: groups(s, 4, "\t"), applies=number)
    yield Transform(
        "asked to undo",
        "ROT13",
        lambda s: codecs.encode(s, "rot13"),
        applies=ascii_letters,
        frame="Decode the rot13: {}",
    )
    yield Transform("asked to undo", "reversed", lambda s: s[::-1], applies=one_line, frame="Read it backwards: {}")
    yield Transform(
        "asked to undo", "reversed sentence", whole=lambda s: s[::-1], applies=one_line, frame="Reverse this text: {}"
    )
    yield Transform(
        "asked to undo",
        "ROT13 sentence",
        whole=lambda s: codecs.encode(s, "rot13"),
        applies=lambda e: ascii_letters(e) and one_line(e),
        frame="Apply ROT13 to this: {}",
    )
    yield Transform("mixed", "full width, zero-width", lambda s: interleave(full_width(s), "\u200b"))
    yield Transform(
        "mixed",
        "Arabic-Indic digits, spaced",
        lambda s: interleave(digits_from(0x660)(re.sub(r"[ \n]", "", s)), " "),
        applies=lambda e: one_line(e) and has_digits(e),
    )
    yield Transform("mixed", "Cyrillic letters in base64", lambda s: b64(s.translate(CYRILLIC)))
    yield Transform(
        "mixed", "spaced in base64", lambda s: b64(interleave(re.sub(r"[ \n]", "", s), " ")), applies=one_line
    )
    yield Transform("mixed", "zero-width in entities", lambda s: entities(interleave(s, "\u200b")))
    yield Transform("mixed", "full width in percent", lambda s: percent(full_width(s)))
    yield Transform("mixed", "spelled, in base64", lambda s: b64(spelled("en")(s)), applies=spoken)
    yield Transform("mixed", "spelled in full width", lambda s: full_width(spelled("en")(s)), applies=spoken)
    yield Transform(
        "not looked for",
        "letters O and l for digits",
        lambda s: s.replace("0", "O").replace("1", "l"),
        applies=lambda e: bool(re.search("[01]", e.valid)),
    )
    yield Transform(
        "not looked for",
        "cells of an HTML table",
        lambda s: "<td>" + groups(s, 4, "</td><td>") + "</td>",
        applies=number,
    )
    yield Transform("not looked for", "octal escapes", lambda s: "".join(f"\\{b:03o}" for b in s.encode()))
    yield Transform("not looked for", "character codes", lambda s: " ".join(str(b) for b in s.encode()))
    yield Transform("not looked for", "ASCII85", lambda s: base64.a85encode(s.encode()).decode())
    yield Transform("not looked for", "ROT13, unasked", lambda s: codecs.encode(s, "rot13"), applies=ascii_letters)
    yield Transform("not looked for", "reversed, unasked", lambda s: s[::-1], applies=one_line)


@dataclass
class Tally:
    tried: int = 0
    found: int = 0
    noticed: int = 0  # as anything at all
    controls: int = 0
    alarms: int = 0
    missed: list[str] = field(default_factory=list)
    alarmed: list[str] = field(default_factory=list)


def disguise(t: Transform, e: Example, value: str) -> tuple[str, int, int]:
    """The text, and the bytes of it that hold the value."""
    if t.whole is not None:
        body = t.whole(e.sentence.replace("{}", value))
        text = t.frame.replace("{}", body)
        return text, 0, len(text.encode())
    hidden = t.value(value)
    sentence = t.frame.replace("{}", e.sentence)
    start = len(sentence[: sentence.index("{}")].encode())
    return sentence.replace("{}", hidden), start, start + len(hidden.encode())


def run(selected: list[Transform], examples: list[Example]) -> dict[tuple[str, str], Tally]:
    jobs = [
        (t, e, valid)
        for t in selected
        for e in examples
        if t.applies(e)
        for valid in (True, False)
        if valid or e.invalid != e.valid
    ]
    texts = [disguise(t, e, e.valid if valid else e.invalid) for t, e, valid in jobs]
    tallies = {(t.group, t.name): Tally() for t in selected}
    for (t, e, valid), (text, start, end), found in zip(jobs, texts, classify([x[0] for x in texts])):
        tally = tallies[t.group, t.name]
        here = [f for f in found if f.start < end and f.end > start]
        hit = any(f.type == e.type if valid else f.detector == e.detector for f in here)
        if valid:
            tally.tried += 1
            tally.found += hit
            tally.noticed += bool(here)
            if not hit:
                tally.missed.append(f"{e.detector}: {text!r}"[:160])
        else:
            tally.controls += 1
            tally.alarms += hit
            if hit:
                tally.alarmed.append(f"{e.detector}: {text!r}"[:160])
    return tallies


def add(tallies: list[Tally]) -> Tally:
    total = Tally()
    for t in tallies:
        for key in ("tried", "found", "noticed", "controls", "alarms"):
            setattr(total, key, getattr(total, key) + getattr(t, key))
    return total


def row(name: str, transform: str, t: Tally, target: str) -> str:
    recall, noticed, alarms = t.found / max(t.tried, 1), t.noticed / max(t.tried, 1), t.alarms / max(t.controls, 1)
    return f"| {name} | {transform} | {t.tried} | {recall:.3f} | {target} | {noticed:.3f} | {100 * alarms:.2f} % |"


def report(tallies: dict[tuple[str, str], Tally]) -> tuple[list[str], list[str]]:
    lines = [
        "| disguise | how | texts | recall | target | noticed as anything | false alarms on invalid ones |",
        "|---|---|---|---|---|---|---|",
    ]
    short = []
    by_group: dict[str, list[Tally]] = {}
    for (group, _), tally in tallies.items():
        by_group.setdefault(group, []).append(tally)
    for group, members in by_group.items():
        total, target = add(members), TARGETS.get(group)
        lines.append(row(f"**{group}**", "all", total, "" if target is None else f"{target:.2f}"))
        lines += [row("", name, t, "") for (g, name), t in tallies.items() if g == group]
        if target is not None and total.found < target * total.tried:
            short.append(f"{group}: recall {total.found}/{total.tried}")
    everything = add(list(tallies.values()))
    if everything.alarms > FALSE_ALARMS * everything.controls:
        short.append(f"false alarms: {everything.alarms}/{everything.controls}")
    lines.append(row("**all**", "", everything, ""))
    return lines, short


def write_page(path: Path, mark: str, lines: list[str]) -> None:
    text = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    head, rest = text.split(begin)
    path.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1], encoding="utf-8")


# One of each kind: a card, an account, three national numbers, a weak number with context, an address, a code.
SMOKE = ["CARD", "IBAN", "PL_PESEL", "FR_NIR", "GB_NINO", "NL_BSN", "US_SSN", "EMAIL", "VIN", "IPV4"]


def write_smoke(path: Path, selected: list[Transform], examples: list[Example]) -> None:
    """A tab-separated line for each transform and a few of the examples that it hides from nobody."""
    chosen = [next(e for e in examples if e.detector == d) for d in SMOKE]
    jobs = [(t, e) for t in selected for e in chosen if t.group != "not looked for" and t.applies(e)]
    random.Random(7).shuffle(jobs)
    texts = [disguise(t, e, e.valid) for t, e in jobs]
    kept: dict[tuple[str, str], list[str]] = {}
    for (t, e), (text, start, end), found in zip(jobs, texts, classify([x[0] for x in texts])):
        lines = kept.setdefault((t.group, t.name), [])
        if len(lines) < 2 and any(f.type == e.type and f.start < end and f.end > start for f in found):
            lines.append(f"{e.type}\t{t.group}, {t.name}\t{json.dumps(text, ensure_ascii=True)[1:-1]}")
    body = "".join(line + "\n" for _, lines in sorted(kept.items()) for line in lines)
    path.write_text(
        "# Disguised examples (tests/campaigns/disguise.py --smoke): type, disguise, text as a JSON string.\n" + body,
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", help="only transforms of this group")
    parser.add_argument("--missed", action="store_true", help="list what was missed and what was wrongly found")
    parser.add_argument("--write", type=Path, help="page whose table is rewritten")
    parser.add_argument("--smoke", type=Path, help="file for the unit tests' sample")
    args = parser.parse_args()
    selected = [t for t in transforms() if args.group in (None, t.group)]
    committed = [e for e in load_examples() if e.detector not in WORD_LISTS]
    if args.smoke:
        write_smoke(args.smoke, selected, committed)
        return 0
    tallies = run(selected, committed + strong_examples(3))
    lines, short = report(tallies)
    print("\n".join(lines))
    if args.missed:
        for (group, name), tally in tallies.items():
            for what, items in (("missed", tally.missed), ("false alarm", tally.alarmed)):
                print("\n".join(f"{what}: {group}, {name}: {m}" for m in items))
    if args.write:
        write_page(args.write, "disguises", lines)
    print("\n".join(f"short of its target: {s}" for s in short) if short else "every target is met")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
