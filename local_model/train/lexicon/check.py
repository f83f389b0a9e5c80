#!/usr/bin/env python3
"""Validates the term lists and frames of this folder (README.md says what they mean) and prints how many there are. Exit status 1 on any fault."""

from __future__ import annotations

import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
MAIN = "en de fr es it nl pl pt".split()
OTHER = "sv da fi cs ro hu el tr ru uk ja zh hi ar".split()
LANGS = set(MAIN + OTHER + ["*"])
KINDS = {
    "profession": "m f any", "religion": "is faith group act phrase", "politics": "party group is stance phrase", "union": "union is phrase",
    "orientation": "is act phrase", "ethnicity": "is people origin phrase", "genetic": "finding act phrase", "biometric": "trait data phrase",
    "offence": "act verdict phrase", "health": "dx sym proc value is leave phrase", "med": "drug brand dose class",
    "org": "legal sector company shop school university clinic bank authority court church club lawfirm care",
    "address": "street postcode layout", "location": "district region town country", "title": "before after", "family": "", "nickname": "",
    "common_word_names": "first last", "first_names": None, "last_names": None, "look_alikes": None, "date": "month long num iso noyear",
    "age": "unit words",
}
PIECES = set("first last city letter hex legal sector street postcode district party union drug month mon day dd mm yyyy yy".split())
LISTED = set("PROFESSION RELIGION POLITICS UNION ORIENTATION ETHNICITY GENETIC BIOMETRIC OFFENCE HEALTH MED ORG".split())
TAGGED = LISTED | set("PERSON USERNAME AGE DOB DATE ADDRESS LOCATION ID".split())
LEXED = set("EMAIL PHONE CARD BANK SECRET IP URL VEHICLE".split())
HINTS = {"PERSON": "first last full lf titled nick initials", "DATE": "long num iso noyear", "DOB": "long num iso noyear", "AGE": "unit words",
         "LOCATION": "town region country district", "ADDRESS": "street"}
FILLERS = set("n nn nnn nnnn time month weekday year amount hex word family".split())
FORMS = set("chat mail letter form note row json log spoken typo question complaint report list review code".split())
PIECE = re.compile(r"<([^<>]*)>")
RANGE = re.compile(r"[nd]:(\d+)-(\d+)")
SLOT = re.compile(r"([A-Z]+)(?::([a-z|]+))?(?:#[1-9])?")
SUPPLY = {"legal": ("org", "legal"), "sector": ("org", "sector"), "street": ("address", "street"), "postcode": ("address", "postcode"),
          "district": ("location", "district"), "party": ("politics", "party"), "union": ("union", "union"), "drug": ("med", "drug"),
          "month": ("date", "month")}


class Faults:
    def __init__(self):
        self.lines = []

    def add(self, where, text):
        self.lines.append("%s: %s" % (where, text))


def read_lines(path, faults):
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as e:
        faults.add(path.name, str(e))
        return []
    if not text.endswith("\n") or "\r" in text or "\ufeff" in text:
        faults.add(path.name, "line ends or byte order mark")
    return text[:-1].split("\n")


def check_term(where, term, faults):
    if not term or term != term.strip() or "  " in term:
        faults.add(where, "blank at an end, doubled or nothing else: %r" % term)
    for piece in PIECE.findall(term):
        span = RANGE.fullmatch(piece)
        if (span and int(span[1]) > int(span[2])) or (not span and piece not in PIECES):
            faults.add(where, "unknown piece <%s>" % piece)


def check_supply(lists, pieces, faults):
    """Every piece that a term of a language holds must have something to become."""
    for (stem, lang, piece), where in sorted(pieces.items()):
        source, kind = SUPPLY[piece]
        langs = MAIN if lang == "*" else [lang]
        if not all(lists[source][l, kind] for l in langs):
            faults.add(where, "no term for <%s> in %s" % (piece, lang))


def check_list(path, pieces, faults):
    """Counter of rows by (lang, kind); notes the pieces in the terms."""
    kinds = KINDS[path.stem]
    counts, seen = collections.Counter(), set()
    lines = read_lines(path, faults)
    if not lines or lines[0] != "lang\tterm\tkind":
        faults.add(path.name, "no header")
    for i, line in enumerate(lines[1:], 2):
        where = "%s:%d" % (path.name, i)
        row = line.split("\t")
        if len(row) != 3:
            faults.add(where, "%d columns" % len(row))
            continue
        lang, term, kind = row
        check_term(where, term, faults)
        pieces.update({(path.stem, lang, p): where for p in PIECE.findall(term) if p in SUPPLY})
        if lang not in LANGS:
            faults.add(where, "unknown language %r" % lang)
        if kinds is None and not re.fullmatch(r"[a-z]+", kind) or kinds is not None and kind not in (kinds.split() or [""]):
            faults.add(where, "unknown kind %r" % kind)
        if tuple(row) in seen:
            faults.add(where, "twice: %r" % term)
        seen.add(tuple(row))
        counts[lang, kind] += 1
    return counts


def check_slot(where, slot, lang, lists, faults):
    """The class, or None for an untagged slot or a fault."""
    def supply(stem, kind):
        if not any(lists[stem][l, kind] for l in (lang, "*")):
            faults.add(where, "no term for {%s} in %s" % (slot, lang))

    if slot.startswith("~"):
        supply("look_alikes", slot[1:])
        return None
    if slot.startswith("%"):
        if slot[1:] not in FILLERS:
            faults.add(where, "unknown filler {%s}" % slot)
        return None
    m = SLOT.fullmatch(slot)
    if not m or m[1] not in TAGGED | LEXED:
        faults.add(where, "unknown slot {%s}" % slot)
        return None
    for hint in m[2].split("|") if m[2] else []:
        if m[1] in LISTED:
            if hint not in KINDS[m[1].lower()].split():
                faults.add(where, "unknown hint {%s}" % slot)
            else:
                supply(m[1].lower(), hint)
        elif hint not in HINTS.get(m[1], "").split():
            faults.add(where, "unknown hint {%s}" % slot)
    return m[1]


def slots_of(text):
    bare = text.replace("{{", "").replace("}}", "")
    return re.findall(r"\{([^{}]*)\}", bare), re.sub(r"\{[^{}]*\}", "", bare)


def check_frames(path, lists, faults):
    """(frames by language and sign, frames by language and class)"""
    counts, classes, seen = collections.Counter(), collections.Counter(), set()
    for i, line in enumerate(read_lines(path, faults), 1):
        where = "%s:%d" % (path.name, i)
        try:
            d = json.loads(line)
            lang, form, text, negative = d.pop("lang"), d.pop("form"), d.pop("text"), d.pop("negative", False)
        except (ValueError, KeyError) as e:
            faults.add(where, repr(e))
            continue
        if d or lang not in LANGS or form not in FORMS or not isinstance(negative, bool) or not text.strip():
            faults.add(where, "keys, language or form")
        if (lang, text) in seen:
            faults.add(where, "twice")
        seen.add((lang, text))
        slots, rest = slots_of(text)
        if "{" in rest or "}" in rest:
            faults.add(where, "stray brace")
        found = {c for c in (check_slot(where, s, lang, lists, faults) for s in slots) if c}
        if negative and found:
            faults.add(where, "negative with a tagged slot")
        if not negative and not found:
            faults.add(where, "no tagged slot")
        counts[lang, "negative" if negative else "positive"] += 1
        for c in found:
            classes[lang, c] += 1
    return counts, classes


def table(rows, names, counts):
    print("%-18s" % "" + "".join("%6s" % n for n in names))
    for r in rows:
        print("%-18s" % r + "".join("%6d" % counts[n, r] for n in names))


def main():
    faults = Faults()
    lists = collections.defaultdict(collections.Counter)
    langs = MAIN + OTHER + ["*"]
    sizes, pieces = collections.Counter(), {}
    for path in sorted(HERE.glob("*.tsv")):
        if path.stem not in KINDS:
            faults.add(path.name, "unknown list")
            continue
        lists[path.stem] = check_list(path, pieces, faults)
        for (lang, _), n in lists[path.stem].items():
            sizes[lang, path.stem] += n
    for stem in KINDS:
        if stem not in lists:
            faults.add(stem + ".tsv", "missing")
    check_supply(lists, pieces, faults)
    table([s for s in KINDS if s in lists], langs, sizes)
    counts, classes = check_frames(HERE / "frames.jsonl", lists, faults)
    print()
    table(["positive", "negative"] + sorted(TAGGED), langs, counts + classes)
    for lang in MAIN:
        for c in sorted(TAGGED):
            if classes[lang, c] < 15:
                faults.add("frames.jsonl", "%s: only %d frames of %s" % (lang, classes[lang, c], c))
    print("\nterms %d, frames %d, faults %d" % (sum(sizes.values()), sum(counts.values()), len(faults.lines)))
    for line in faults.lines:
        print(line, file=sys.stderr)
    return 1 if faults.lines else 0


if __name__ == "__main__":
    sys.exit(main())
