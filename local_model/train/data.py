"""Readers of the annotated prompts (in this folder) and of the external sets (by path): texts with spans in code points.

A document says which classes its source annotates; a token outside its spans counts as "nothing" for those classes only.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import sys

from classes import NAMES

PROMPTS = pathlib.Path(os.environ.get("TAGGER_PROMPTS") or pathlib.Path(__file__).resolve().parent / "prompts")
ALL = frozenset(NAMES)
NO_PROFESSION = ALL - {"PROFESSION"}
ANY = "ANY"  # a span of which the source does not say what we need to know


@dataclasses.dataclass
class Doc:
    text: str
    spans: list  # (start, end, class), ordered, disjoint
    annotated: frozenset
    weight: float = 1.0
    lang: str = "en"
    ident: str = ""
    domain: str = ""
    others: list = dataclasses.field(default_factory=list)  # spans of types that are the lexers' business
    rate: float = 1.0  # times met in an epoch


def part_of(ident: str) -> str:
    """train, dev or test: fixed by the item's name."""
    h = int.from_bytes(hashlib.sha256(("bailiwick:" + ident).encode()).digest()[:4], "big") % 100
    return "test" if h < 18 else "dev" if h < 30 else "train"


def fraction_of(ident: str) -> float:
    """0..1, fixed by the item's name and unlike its part: takes a share of the training items for a learning curve."""
    return int.from_bytes(hashlib.sha256(("share:" + ident).encode()).digest()[:4], "big") / 2 ** 32


def untag(tagged: str):
    """(text, spans); ValueError where tags are nested, open or of no known form."""
    text, spans, n, start, kind = [], [], 0, None, None
    for piece in re.split(r"(«[A-Z]+\||»)", tagged):
        if piece.startswith("«") and piece.endswith("|"):
            if start is not None:
                raise ValueError("nested tag")
            start, kind = n, piece[1:-1]
        elif piece == "»":
            if start is None:
                raise ValueError("end without a start")
            spans.append((start, n, kind))
            start = None
        elif "«" in piece:
            raise ValueError("stray quotation mark")
        else:
            text.append(piece)
            n += len(piece)
    if start is not None:
        raise ValueError("open tag")
    return "".join(text), spans


def prompts(part: str):
    docs = []
    for path in sorted(PROMPTS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf8").splitlines():
            d = json.loads(line)
            if part_of(d["id"]) != part:
                continue
            try:
                text, spans = untag(d["text"])
            except ValueError as e:
                print("%s: %s left out: %s" % (path.name, d["id"], e), file=sys.stderr)
                continue
            docs.append(Doc(text, [s for s in spans if s[2] in ALL], ALL if d.get("prof") or not spans else NO_PROFESSION, 3.0,
                            d["lang"], d["id"], d["domain"], [s for s in spans if s[2] not in ALL]))
    return docs


def benign(root: pathlib.Path, part: str):
    """System prompts without personal data; half of them are kept for the test."""
    docs = []
    for i, line in enumerate((root / "benign_prompts" / "prompts.jsonl").read_text(encoding="utf8").splitlines()):
        d = json.loads(line)
        ident = "benign-%d" % i
        side = hashlib.sha256(ident.encode()).digest()[0] % 4
        if {0: "train", 1: "dev", 2: "test", 3: "test"}[side] == part:
            docs.append(Doc(d["text"], [], NO_PROFESSION, 2.0, "en", ident, "negative:system"))
    return docs


OWN = ("base", "rules", "proxy", "audit", "classifiers", "cmd", "docs", "cmake", "bench")


def own_code():
    """Pieces of this project's own sources and documentation: text without personal data, by lines."""
    docs = []
    top = pathlib.Path(__file__).resolve().parents[2]
    for path in sorted(p for d in OWN for p in (top / d).rglob("*") if p.suffix in (".c", ".h", ".re", ".md", ".cmake", ".py", ".yaml")):
        lines = path.read_text(encoding="utf8", errors="replace").splitlines()
        for a in range(0, len(lines), 40):
            text = "\n".join(line for line in lines[a:a + 40] if not re.search(r"[A-Z][a-z]+ [A-Z][a-z]+|@", line))
            if len(text) > 200:
                docs.append(Doc(text, [], NO_PROFESSION, 1.0, "en", rate=0.15))
    return docs


NO_SPACE_BEFORE, NO_SPACE_AFTER = set(".,;:!?)]}%'’…\"”“"), set("([{$£€#@\"„")


def join(words, marks):
    """Words and their class (None: nothing) into a text with spans; touching words of one mention become one span."""
    text, spans, n = [], [], 0
    for i, (w, (mark, first)) in enumerate(zip(words, marks)):
        if i and not (w[0] in NO_SPACE_BEFORE or words[i - 1][-1] in NO_SPACE_AFTER):
            text.append(" ")
            n += 1
        if mark is not None:
            if spans and not first and spans[-1][2] == mark and n - spans[-1][1] <= 1:
                spans[-1] = (spans[-1][0], n + len(w), mark)
            else:
                spans.append((n, n + len(w), mark))
        text.append(w)
        n += len(w)
    return "".join(text), spans


def conll(path: pathlib.Path, mapping: dict, annotated, weight: float, lang="en", column=-1, sep=None, group=1, keep=None, io=False):
    """Sentences of a column file; group: sentences a document (context for the net)."""
    docs, words, marks, held = [], [], [], 0

    def flush():
        nonlocal words, marks, held
        if words:
            text, spans = join(words, marks)
            docs.append(Doc(text, spans, frozenset(annotated), weight, lang))
        words, marks, held = [], [], 0

    before = "O"
    for line in path.read_text(encoding="utf8", errors="replace").splitlines():
        cells = line.split(sep)
        if not line.strip() or line.startswith("-DOCSTART") or len(cells) < 2:
            if words:
                held += 1
            if held >= group:
                flush()
            before = "O"
            continue
        w, tag = cells[0].strip() or "-", cells[column]
        kind = re.sub(r"^[BI]-", "", tag)
        mark = mapping.get(kind)
        if keep is not None and mark is not None:
            mark = keep(w, mark, words)
        marks.append((mark, tag.startswith("B-") or (io and tag != before)))
        words.append(w)
        before = tag
    flush()
    return docs


ROLES = re.compile(r"^(the|lender|lenders|borrower|borrowers|agent|bank|banks|guarantor|company|employee|executive|tenant|landlord|"
                   r"trustee|holder|debtor|pledgor|grantor|buyer|seller|parties|party|administrative|collateral|creditor|obligor)s?$", re.I)


def external(root: pathlib.Path):
    """Every external training set, by the licences in docs/model-card.md."""
    docs = []
    named = {"PERSON", "LOCATION", "ORG"}
    wnut = {"person": "PERSON", "location": "LOCATION", "corporation": "ORG", "group": ANY, "product": ANY, "creative-work": ANY}
    docs += conll(root / "wnut17/wnut17train.conll", wnut, named, 0.3, sep="\t")
    for s in "abfg":
        docs += conll(root / ("btc/%s.conll" % s), {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORG"}, named, 0.3, sep="\t",
                      keep=lambda w, m, before: ANY if before and before[-1].endswith("@") or w.startswith("@") else m)
    docs += conll(root / "sec_filings/FIN5.txt", {"I-PER": "PERSON", "PER": "PERSON", "ORG": "ORG", "LOC": "LOCATION", "MISC": ANY}, named,
                  0.3, sep=" ", io=True, keep=lambda w, m, before: ANY if m == "PERSON" and ROLES.match(w) else m)
    ler = {"PER": "PERSON", "RR": "PERSON", "AN": "PERSON", "ST": "LOCATION", "LD": "LOCATION", "LDS": "LOCATION", "STR": "ADDRESS",
           "ORG": "ORG", "UN": "ORG", "INN": "ORG", "GRT": "ORG", "MRK": ANY, "EUN": ANY}
    docs += conll(root / "german_ler/ler_dev.conll", ler, named, 0.4, "de", sep=" ", group=3)
    massive = {"person": "PERSON", "place_name": ANY, "business_name": ANY, "date": ANY, "artist_name": ANY, "event_name": ANY,
               "definition_word": ANY, "email_address": ANY, "audiobook_name": ANY, "song_name": ANY, "player_setting": ANY}
    docs += conll(root / "massive_de/train.txt", massive, {"PERSON"}, 0.4, "de", sep="\t", io=True)
    for name, mapping, ann in (("NCBI-disease", {"Disease": "HEALTH"}, {"HEALTH"}),
                               ("BC5CDR", {"Disease": "HEALTH", "Chemical": "MED"}, {"HEALTH", "MED"})):
        docs += conll(root / "bio_ner" / name / "train.tsv", mapping, ann, 0.5, sep="\t", group=2)
    return docs + meddocan(root, "train")


MEDDOCAN = {"NOMBRE_SUJETO_ASISTENCIA": "PERSON", "NOMBRE_PERSONAL_SANITARIO": "PERSON", "EDAD_SUJETO_ASISTENCIA": "AGE", "FECHAS": "DATE",
            "CALLE": "ADDRESS", "TERRITORIO": "LOCATION", "PAIS": "LOCATION", "HOSPITAL": "ORG", "CENTRO_SALUD": "ORG",
            "INSTITUCION": "ORG", "PROFESION": "PROFESSION", "ID_SUJETO_ASISTENCIA": "ID", "ID_ASEGURAMIENTO": "ID",
            "ID_TITULACION_PERSONAL_SANITARIO": "ID", "FAMILIARES_SUJETO_ASISTENCIA": ANY, "OTROS_SUJETO_ASISTENCIA": ANY}


def meddocan(root: pathlib.Path, side: str):
    docs = []
    annotated = {"PERSON", "AGE", "DATE", "DOB", "ADDRESS", "LOCATION", "ORG", "PROFESSION", "USERNAME"}
    for path in sorted((root / "meddocan" / side).glob("*.txt")):
        text = path.read_text(encoding="utf8")
        spans = []
        for line in path.with_suffix(".ann").read_text(encoding="utf8").splitlines():
            cells = line.split("\t")
            if len(cells) < 3 or not cells[0].startswith("T"):
                continue
            kind, start, end = cells[1].split()[:3]
            cls = MEDDOCAN.get(kind)
            if cls == "DATE" and re.search(r"nacimiento\W*$", text[:int(start)], re.I):
                cls = "DOB"
            if cls == "LOCATION" and re.search(r"\d", text[int(start):int(end)]):
                cls = ANY
            if cls is not None:
                spans.append((int(start), int(end), cls))
        docs.append(Doc(text, tidy(spans), frozenset(annotated), 0.8, "es"))
    return docs


def tidy(spans):
    out = []
    for s in sorted(spans):
        if not out or s[0] >= out[-1][1]:
            out.append(s)
    return out


def names(root: pathlib.Path):
    """(forenames, surnames) as lists of (country, name); native and romanised spellings."""
    fore, sur = [], []
    for out, name in ((fore, "common-forenames-by-country.csv"), (sur, "common-surnames-by-country.csv")):
        with open(root / "names_by_country" / name, encoding="utf-8-sig") as f:
            for row in csv.DictReader(f):
                for col in ("Localized Name", "Romanized Name"):
                    v = (row.get(col) or "").strip()
                    if v and (row["Country"], v) not in out[-2:]:
                        out.append((row["Country"], v))
    return fore, sur


def cities(root: pathlib.Path):
    with open(root / "world_cities" / "world-cities.csv", encoding="utf8") as f:
        return [(r["country"], r["subcountry"], r["name"]) for r in csv.DictReader(f)]
