"""Word lists that become flags of a token, keyed by hash: names, towns, countries, health words of the corpora, cue words, plain words."""

from __future__ import annotations

import collections
import hashlib
import pathlib
import re

import spec

ORG_WORDS = """gmbh ag kg ohg ug ev ltd limited plc inc llc llp corp corporation company co sarl sas sa srl spa bv nv oy ab aps sl lda ltda zoo
hospital clinic clinique klinik klinikum krankenhaus spital clínica clinica hôpital ospedale ziekenhuis szpital vårdcentral praxis surgery
university universität université universidad università universiteit uniwersytet universidade college school schule gymnasium grundschule école lycée
colegio escuela scuola liceo escola bank sparkasse banque banco banca council ministry ministerium ministère ministerio ayuntamiento mairie comune
gemeente urząd amtsgericht landgericht court finanzamt jobcenter versicherung insurance assurances seguros stiftung foundation verein association
partners solicitors logistics logistik consulting group holding institute institut church kirche kita kindergarten""".split()
STREET_WORDS = """street road avenue lane drive boulevard blvd court square terrace crescent st rd ave ln dr straße strasse str weg platz gasse allee ring
ufer rue place chemin impasse quai via viale piazza corso calle avenida plaza paseo carrer rua travessa praça estrada ulica ul aleja osiedle os
straat laan gracht plein apt flat suite floor""".split()
COUNTRIES = """germany deutschland allemagne alemania germania duitsland niemcy alemanha france frankreich francia frankrijk francja frança spain spanien
espagne españa spagna spanje hiszpania espanha italy italien italie italia italië włochy itália poland polen pologne polonia polska polónia portugal
austria österreich autriche oostenrijk switzerland schweiz suisse suiza svizzera zwitserland szwajcaria suíça belgium belgien belgique bélgica belgio
netherlands niederlande holland sweden schweden sverige denmark dänemark danmark norway norwegen norge finland suomi ireland irland england scotland
wales britain uk usa turkey türkei türkiye syria syrien syrie siria ukraine ukraina russia russland russie rusia iran iraq irak afghanistan india indien
inde china japan brazil brasil brasilien mexico méxico canada kanada australia nigeria ghana morocco marokko maroc marruecos algeria algerien algérie
tunisia tunesien egypt ägypten égypte romania rumänien românia bulgaria ungarn hungary magyarország greece griechenland czechia tschechien slovakia
croatia kroatien serbia serbien bosnia albania albanien kosovo vietnam philippines pakistan bangladesh ethiopia eritrea somalia kenya colombia chile
argentina peru perú venezuela ecuador cuba europe europa bavaria bayern texas california florida ontario queensland""".split()


# The lists of lexicon/ and the flag that their words get; pieces and numbers are left out.
LEXICON = {"health": spec.FLAG_HEALTH, "med": spec.FLAG_MED, "profession": spec.FLAG_PROFESSION, "religion": spec.FLAG_RELIGION,
           "politics": spec.FLAG_POLITICS, "union": spec.FLAG_POLITICS, "ethnicity": spec.FLAG_ETHNICITY, "orientation": spec.FLAG_ETHNICITY,
           "offence": spec.FLAG_OFFENCE, "family": spec.FLAG_KIN, "title": spec.FLAG_KIN, "look_alikes": spec.FLAG_BRAND, "org": spec.FLAG_ORG,
           "first_names": spec.FLAG_FORENAME, "nickname": spec.FLAG_FORENAME, "last_names": spec.FLAG_SURNAME}


def withheld(word: str, percent: int) -> bool:
    return hashlib.sha256(("list:" + word).encode()).digest()[0] * 100 < percent * 256


def words_of(text: str):
    for a, b, _ in spec.tokens(text):
        w = text[a:b]
        if spec.kind_of(ord(w[0])) in spec.LETTERS or spec.kind_of(ord(w[0])) in spec.SINGLE:
            yield w


def build(fore, sur, towns, external, prompts, plain_docs, training: bool):
    """{key: flags}; for training, some of the words are withheld, so that the net learns to do without them."""
    flags = collections.defaultdict(int)

    def add(word, flag, hold=15):
        if not (training and withheld(word.lower(), hold)):
            flags[spec.word_hash(word)] |= flag

    for rows, flag in ((fore, spec.FLAG_FORENAME), (sur, spec.FLAG_SURNAME)):
        for _, name in rows:
            for w in words_of(name):
                if len(w) > 2:
                    add(w, flag)
    for country, region, town in towns:
        for text, flag in ((town, spec.FLAG_CITY), (country, spec.FLAG_COUNTRY), (region, spec.FLAG_COUNTRY)):
            for w in words_of(text):
                if len(w) > 3 and w[0].isupper():
                    add(w, flag)
    for words, flag in ((COUNTRIES, spec.FLAG_COUNTRY), (ORG_WORDS, spec.FLAG_ORG), (STREET_WORDS, spec.FLAG_STREET)):
        for w in words:
            add(w, flag, 0)
    health, other, outside = collections.Counter(), collections.Counter(), collections.Counter()
    for d in external + prompts:
        inside = [(a, b) for a, b, c in d.spans if c in ("HEALTH", "MED")]
        at = 0
        for a, b, _ in spec.tokens(d.text):
            while at < len(inside) and inside[at][1] <= a:
                at += 1
            hit = at < len(inside) and inside[at][0] <= a
            w = d.text[a:b].lower()
            if len(w) > 3 and w.isalpha():
                (health if hit else other)[w] += 1
    for w, n in health.items():
        if n > 4 * other[w]:
            add(w, spec.FLAG_HEALTH, 40)
    for d in prompts + plain_docs:
        for a, b in gaps_of(d):
            outside.update(w.lower() for w in words_of(d.text[a:b]))
    add_lexicon(add, outside)
    add_plain(flags, prompts, plain_docs)
    return dict(flags)


def gaps_of(doc):
    """What lies between the mentions of a document."""
    at = 0
    for a, b, _ in sorted(doc.spans + doc.others):
        yield at, a
        at = b
    yield at, len(doc.text)


def add_lexicon(add, outside):
    """outside: how often a word stands outside of what the lists name; common words are no sign of anything."""
    for path in sorted((pathlib.Path(__file__).resolve().parent / "lexicon").glob("*.tsv")):
        flag = LEXICON.get(path.stem)
        if flag is None:
            continue
        for line in path.read_text(encoding="utf8").splitlines()[1:]:
            cells = line.split("\t")
            if len(cells) != 3 or cells[2] in ("phrase", "verdict"):
                continue
            for w in words_of(re.sub(r"<[^<>]*>", " ", cells[1])):
                if (len(w) > 3 or flag == spec.FLAG_KIN) and outside[w.lower()] < 8:
                    add(w, flag, 15 if flag & (spec.FLAG_KIN | spec.FLAG_ORG) else 35)


def add_plain(flags, prompts, plain_docs):
    """Words that are often outside mentions, seldom inside one and never one by themselves: the gate's business, and a hint to the net."""
    inside, outside, alone = collections.Counter(), collections.Counter(), set()
    for d in prompts + plain_docs:
        spans = d.spans + d.others
        for a, b, _ in spec.tokens(d.text):
            w = d.text[a:b]
            key = spec.word_hash(w)
            around = [s for s in spans if s[0] < b and a < s[1]]
            if around:
                inside[key] += 1
                if any(s[0] >= a and s[1] <= b for s in around):
                    alone.add(key)
            elif w.islower():
                outside[key] += 1
    for key, n in outside.items():
        if n >= 3 and inside[key] * 12 <= n and key not in alone and not flags.get(key, 0):
            flags[key] = spec.FLAG_PLAIN
