"""Made-up documents for training: annotated prompts with their mentions swapped, records, and short frames; and noise for any document."""

from __future__ import annotations

import json
import random
import re
import unicodedata

from classes import NAMES
import terms
from data import ALL, ANY, Doc

WEST = "US GB CA AU NZ IE".split()
BY_LANG = {"en": WEST, "de": ["DE", "AT", "CH"], "es": ["ES", "MX", "AR", "CO", "CL"], "fr": ["FR", "BE", "CA"], "it": ["IT"], "nl": ["NL", "BE"],
           "pl": ["PL"], "pt": ["PT", "BR"], "sv": ["SE"], "da": ["DK"], "fi": ["FI"], "cs": ["CZ"], "ro": ["RO"], "hu": ["HU"], "el": ["GR"],
           "tr": ["TR"], "ja": ["JP"], "zh": ["CN", "TW"], "hi": ["IN"], "ar": ["EG", "SA", "IQ"], "ru": ["RU"], "uk": ["UA"]}
COUNTRY_OF = {"United States": "US", "United Kingdom": "GB", "Germany": "DE", "Austria": "AT", "Switzerland": "CH", "Spain": "ES",
              "Mexico": "MX", "Argentina": "AR", "France": "FR", "Belgium": "BE", "Italy": "IT", "Netherlands": "NL", "Poland": "PL",
              "Portugal": "PT", "Brazil": "BR", "Canada": "CA", "Australia": "AU", "Ireland": "IE", "Sweden": "SE", "Denmark": "DK"}
# Kinds of terms that may stand in the place of a short mention, and of a long one.
ART9 = {"RELIGION": (["is", "group", "faith"], ["act", "phrase"]), "POLITICS": (["party", "is", "group"], ["stance", "phrase"]),
        "UNION": (["union", "union", "is"], ["phrase", "is"]), "ORIENTATION": (["is"], ["act", "phrase"]), "ETHNICITY": (["is", "people"], ["origin", "phrase"]),
        "GENETIC": (["finding"], ["finding", "act", "phrase"]), "BIOMETRIC": (["trait"], ["data", "trait", "phrase"]),
        "OFFENCE": (["act"], ["act", "verdict", "phrase"])}
TITLES = {"en": ["Mr ", "Mrs ", "Ms ", "Dr ", "Dr. ", "Prof. ", "Miss "], "de": ["Herr ", "Frau ", "Dr. ", "Prof. Dr. ", "Herrn "],
          "fr": ["M. ", "Mme ", "Dr ", "Me "], "es": ["Sr. ", "Sra. ", "D. ", "Dña. ", "Dra. "], "it": ["Sig. ", "Sig.ra ", "Dott. ", "Dott.ssa "],
          "nl": ["dhr. ", "mevr. ", "dr. "], "pl": ["Pan ", "Pani ", "dr "], "pt": ["Sr. ", "Sra. ", "Dr. ", "Dra. "]}
ORG_TAILS = {"en": ["Ltd", "Inc.", "LLC", "plc", "Group", "Logistics", "Consulting", "Clinic", "Hospital", "Primary School", "Bank", "Solicitors",
                    "Medical Centre", "Insurance", "University", "Care Home", "& Sons", "Partners", "Engineering", "Foods"],
             "de": ["GmbH", "AG", "GmbH & Co. KG", "KG", "e.V.", "Klinikum", "Logistik GmbH", "Versicherung", "Maschinenbau", "Rechtsanwälte"],
             "fr": ["SARL", "SA", "SAS", "Clinique", "Assurances", "et Fils", "Transports"], "es": ["S.L.", "S.A.", "Clínica", "e Hijos", "Seguros"],
             "it": ["S.r.l.", "S.p.A.", "Clinica", "e Figli"], "nl": ["B.V.", "N.V.", "Zorggroep", "Advocaten"], "pl": ["Sp. z o.o.", "S.A."],
             "pt": ["Lda.", "S.A.", "Ltda", "e Filhos"]}
ORG_HEADS = {"en": ["St {f}'s Hospital", "{c} General Hospital", "University of {c}", "{c} City Council", "Bank of {c}", "{c} High School"],
             "de": ["Klinikum {c}", "Stadtwerke {c}", "Sparkasse {c}", "Universität {c}", "Amtsgericht {c}", "Finanzamt {c}", "Praxis Dr. {s}"],
             "fr": ["CHU de {c}", "Mairie de {c}", "Lycée {f} {s}", "Clinique {s}"], "es": ["Hospital de {c}", "Ayuntamiento de {c}", "Colegio {s}"],
             "it": ["Ospedale di {c}", "Comune di {c}", "Studio {s}"], "nl": ["Gemeente {c}", "Ziekenhuis {c}"], "pl": ["Szpital w {c}", "Urząd Miasta {c}"],
             "pt": ["Hospital de {c}", "Câmara Municipal de {c}"]}
STREETS = {"en": ["{n} {s} Street, {c}", "{n} {s} Road, {c} {gb}", "Flat {k}, {n} {s} Avenue, {c} {gb}", "{n} {s} Lane", "{n} {s} Dr, {c}, {us}",
                  "{n} {s} Blvd, Apt {k}, {c}, {us}", "P.O. Box {n}, {c}"],
           "de": ["{s}straße {n}, {z} {c}", "{s}str. {n}, {z} {c}", "{s}weg {n}", "Am {s}platz {n}, {z} {c}", "{f}-{s}-Straße {n}, {z} {c}", "{s}gasse {n}/{k}, {c}"],
           "fr": ["{n} rue {f} {s}, {z} {c}", "{n} avenue {s}, {z} {c}", "{n} bis, boulevard {s}, {z} {c}"],
           "es": ["Calle {s} {n}, {k}º B, {z} {c}", "C/ {s}, {n}, {z} {c}", "Avenida de {c} {n}"], "it": ["Via {f} {s} {n}, {z} {c}", "Piazza {s} {n}, {c}"],
           "nl": ["{s}straat {n}, {y} {c}", "{s}laan {n}-{k}, {y} {c}"], "pl": ["ul. {s} {n}/{k}, {p} {c}", "os. {s} {n}, {p} {c}"],
           "pt": ["Rua {f} {s}, {n}, {p} {c}", "Av. {s}, {n} - {c}"]}
MONTHS = {"en": "January February March April May June July August September October November December".split(),
          "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
          "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
          "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
          "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split(),
          "nl": "januari februari maart april mei juni juli augustus september oktober november december".split(),
          "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia".split(),
          "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()}

FRAMES = """en|Please write a short message to {PERSON} at {ORG} about the meeting in {LOCATION}.
en|{PERSON} ({AGE}) was admitted on {DATE} with {HEALTH}; started on {MED}.
en|Patient: {PERSON}, DOB {DOB}, lives at {ADDRESS}. Dx: {HEALTH}.
en|my neighbour {PERSON} is {RELIGION} and moved here from {LOCATION}
en|She told me she is {ORIENTATION} and her manager {PERSON} found out.
en|Our driver {PERSON} is a member of {UNION} and votes {POLITICS}.
en|The candidate is {ETHNICITY}, {AGE} years old, born {DOB}.
en|He was convicted of {OFFENCE} in {LOCATION} and works for {ORG} now.
en|Genetic result for {PERSON}: {GENETIC}. Family history of {HEALTH}.
en|Summarise: {PERSON} reported {HEALTH}, takes {MED}, employer {ORG}, address {ADDRESS}.
en|Reply to {PERSON}: delivery to {ADDRESS} on {DATE}.
en|from: {PERSON}\\nto: {PERSON}\\nsubject: sick note\\n\\nHi {PERSON}, I have {HEALTH} and can't come in. Best, {PERSON}
en|account of {USERNAME} (real name {PERSON}) reported for {OFFENCE}
en|{PERSON}, {PROFESSION} at {ORG}, {LOCATION}
en|Draft a reference for {PERSON} who worked at {ORG} until {DATE}.
en|is it legal to ask {PERSON} whether she is {RELIGION}?
de|Bitte schreibe eine E-Mail an {PERSON} von der {ORG} wegen des Termins in {LOCATION}.
de|{PERSON}, geboren am {DOB}, wohnhaft {ADDRESS}, leidet an {HEALTH} und nimmt {MED}.
de|Unser Kollege {PERSON} ({AGE}) ist {RELIGION} und Mitglied bei {UNION}.
de|Die Patientin {PERSON} wurde am {DATE} mit {HEALTH} aufgenommen.
de|Er wählt {POLITICS} und wurde wegen {OFFENCE} verurteilt.
de|hallo, {PERSON} aus {LOCATION} hat sich wegen {HEALTH} krankgemeldet
fr|Rédige un courrier à {PERSON}, {ADDRESS}, né le {DOB}.
fr|{PERSON} ({AGE}) souffre de {HEALTH}, traitement : {MED}.
fr|Notre salarié {PERSON} est {RELIGION} et syndiqué à {UNION}, il habite {LOCATION}.
es|Redacta una carta para {PERSON}, con domicilio en {ADDRESS}, nacida el {DOB}.
es|El paciente {PERSON}, {AGE}, presenta {HEALTH}; toma {MED}.
es|{PERSON} trabaja en {ORG} en {LOCATION} y es {RELIGION}.
it|Scrivi una mail a {PERSON} di {ORG}, {ADDRESS}.
it|La paziente {PERSON}, nata il {DOB}, soffre di {HEALTH} e assume {MED}.
nl|Schrijf een brief aan {PERSON}, {ADDRESS}, geboren op {DOB}, over {HEALTH}.
nl|{PERSON} van {ORG} uit {LOCATION} is lid van {UNION}.
pl|Napisz list do {PERSON}, zam. {ADDRESS}, ur. {DOB}, rozpoznanie: {HEALTH}.
pl|{PERSON} z {ORG} w {LOCATION} przyjmuje {MED}.
pt|Escreva uma carta para {PERSON}, residente em {ADDRESS}, nascida em {DOB}.
pt|O doente {PERSON}, {AGE}, tem {HEALTH} e toma {MED}, trabalha na {ORG}."""
FRAMES = [tuple(line.replace("\\n", "\n").split("|", 1)) for line in FRAMES.splitlines()]
FIELDS = {"PERSON": ["name", "full_name", "patient", "customer", "Name", "contact", "employee"], "DOB": ["dob", "date_of_birth", "birth_date", "geburtsdatum"],
          "ADDRESS": ["address", "street", "adresse", "home_address"], "LOCATION": ["city", "town", "ort", "ville", "place"], "ORG": ["company", "employer", "firma", "org"],
          "HEALTH": ["diagnosis", "condition", "dx", "diagnose", "allergies"], "MED": ["medication", "rx", "medikation"], "AGE": ["age", "alter"],
          "RELIGION": ["religion", "confession"], "UNION": ["union"], "USERNAME": ["username", "user", "login"], "DATE": ["admitted", "visit_date", "start_date"],
          "ETHNICITY": ["ethnicity", "race"], "OFFENCE": ["offence", "conviction"], "PROFESSION": ["job_title", "position", "title"]}
PLAIN_FIELDS = [("id", "{i}"), ("status", "active"), ("created_at", "2024-0{k}-1{k}T10:0{k}:00Z"), ("count", "{i}"), ("type", "standard"), ("version", "1.{k}.0"),
                ("enabled", "true"), ("currency", "EUR"), ("price", "{i}.90"), ("sku", "A-{i}"), ("language", "en"), ("priority", "high"), ("note", "n/a")]


class Maker:
    def __init__(self, seed, fore, sur, towns, train):
        self.r = random.Random(seed)
        self.fore, self.sur, self.towns = {}, {}, {}
        for table, rows in ((self.fore, fore), (self.sur, sur)):
            for country, name in rows:
                table.setdefault(country, []).append(name)
        self.all_fore = [n for _, n in fore]
        self.all_sur = [n for _, n in sur]
        for country, _, name in towns:
            self.towns.setdefault(COUNTRY_OF.get(country, ""), []).append(name)
        self.all_towns = [t[2] for t in towns]
        self.terms = terms.Terms(self)
        self.pool = {}
        for d in train:
            for a, b, c in d.spans:
                self.pool.setdefault((d.lang, c), []).append(d.text[a:b])
                self.pool.setdefault(("", c), []).append(d.text[a:b])

    def _of(self, table, everything, lang):
        codes = [c for c in BY_LANG.get(lang, WEST) if c in table]
        names = table[self.r.choice(codes)] if codes and self.r.random() < 0.6 else everything
        name = self.r.choice(names)
        if everything is not self.all_towns and self.r.random() < 0.25:
            name = self.blend(name, self.r.choice(names))
        return name

    @staticmethod
    def blend(a, b):
        """A name nobody has listed: the front of one and the back of another."""
        if len(a) < 5 or len(b) < 5 or not (a + b).isalpha() or not a[0].isupper():
            return a
        return a[:len(a) // 2 + 1] + b[len(b) // 2:].lower()

    def forename(self, lang):
        return self._of(self.fore, self.all_fore, lang)

    def surname(self, lang):
        return self._of(self.sur, self.all_sur, lang)

    def town(self, lang):
        return self._of(self.towns, self.all_towns, lang)

    def person(self, lang, like=None):
        r = self.r
        if lang in ("ja", "zh") and r.random() < 0.7:
            return self.r.choice(self.sur.get(BY_LANG[lang][0], self.all_sur)) + self.r.choice(self.fore.get(BY_LANG[lang][0], self.all_fore))
        f, s = self.forename(lang), self.surname(lang)
        words = len(like.split()) if like else r.choice([1, 1, 2, 2, 2, 2, 3])
        titled = any((like or "").startswith(t) for t in TITLES.get(lang, TITLES["en"])) if like else r.random() < 0.12
        if titled:
            out = r.choice(TITLES.get(lang, TITLES["en"])) + (s if r.random() < 0.6 else f + " " + s)
        elif words == 1:
            out = f if r.random() < 0.7 else s
        elif words == 2:
            k = r.random()
            out = f + " " + s if k < 0.85 else s + ", " + f if k < 0.92 else f[0] + ". " + s if k < 0.97 else s.upper() + " " + f
        else:
            out = f + " " + r.choice([self.forename(lang), f[0] + ".", s + "-"]) + " " + self.surname(lang)
            out = out.replace("- ", "-")
        if like and like.islower():
            out = out.lower()
        elif like and like.isupper():
            out = out.upper()
        return out

    def org(self, lang):
        l = lang if lang in ORG_TAILS else "en"
        if self.r.random() < 0.35:
            return self.r.choice(ORG_HEADS[l]).format(f=self.forename(l), s=self.surname(l), c=self.town(l))
        head = self.r.choice([self.surname(l), self.surname(l) + " & " + self.surname(l), self.town(l), self.surname(l)[:4] + self.r.choice(["tec", "ware", "data", "med", "soft", "line"])])
        return head + " " + self.r.choice(ORG_TAILS[l])

    def address(self, lang):
        r = self.r
        l = lang if lang in STREETS else "en"
        up = "ABCDEFGHJKLMNPRSTUW"
        return r.choice(STREETS[l]).format(
            f=self.forename(l), s=self.surname(l), c=self.town(l), n=r.randint(1, 400), k=r.randint(1, 40), z="%05d" % r.randint(1000, 99999),
            y="%d %s%s" % (r.randint(1000, 9999), r.choice(up), r.choice(up)), p="%02d-%03d" % (r.randint(0, 99), r.randint(0, 999)),
            gb="%s%d %d%s%s" % (r.choice(up) + r.choice(["", r.choice(up)]), r.randint(1, 20), r.randint(1, 9), r.choice(up), r.choice(up)),
            us="%s %05d" % (r.choice("CA NY TX OH FL WA IL PA GA".split()), r.randint(10000, 99999)))

    def date(self, lang, years):
        r = self.r
        d, m, y = r.randint(1, 28), r.randint(1, 12), r.randint(*years)
        names = MONTHS.get(lang, MONTHS["en"])
        forms = ["%02d/%02d/%d" % (d, m, y), "%02d.%02d.%d" % (d, m, y), "%d-%02d-%02d" % (y, m, d), "%d %s %d" % (d, names[m - 1], y), "%d/%d/%02d" % (d, m, y % 100)]
        if lang == "en":
            forms += ["%s %d, %d" % (names[m - 1], d, y), "%s %d" % (names[m - 1][:3], d), "the %dth of %s" % (d, names[m - 1]), "%d-%s-%d" % (d, names[m - 1][:3].upper(), y)]
        if lang == "de":
            forms += ["%d. %s %d" % (d, names[m - 1], y), "%d.%d.%02d" % (d, m, y % 100)]
        if lang in ("es", "pt"):
            forms += ["%d de %s de %d" % (d, names[m - 1], y)]
        return r.choice(forms)

    def fill(self, cls, lang, like=None):
        r = self.r
        pool = self.pool.get((lang, cls)) or self.pool.get(("", cls), ["x"])
        if cls == "PERSON":
            return self.person(lang, like)
        if cls == "LOCATION" and r.random() < 0.7:
            return self.town(lang)
        if cls == "ORG" and r.random() < 0.7:
            return (self.terms.term("ORG", lang) if r.random() < 0.5 else None) or self.org(lang)
        if cls == "ADDRESS" and r.random() < 0.8:
            return self.address(lang)
        if cls in ("PHONE", "BANK", "CARD", "VEHICLE") and r.random() < 0.6:
            return self.terms.lexed(cls, lang)
        if cls == "ID" and r.random() < 0.3:
            return self.terms.ident()
        if cls == "DOB" and r.random() < 0.8:
            return self.date(lang, (1935, 2019))
        if cls == "DATE" and r.random() < 0.7:
            return self.date(lang, (2015, 2027))
        if cls == "USERNAME" and r.random() < 0.6:
            f, s = self.forename("en").lower().replace(" ", ""), self.surname("en").lower().replace(" ", "")
            return r.choice([f + "." + s, f[0] + s, "@" + f + "_" + s, f + str(r.randint(1, 99)), s + "_" + f, "@" + s + str(r.randint(1970, 2005))])
        return (self.listed(cls, lang, like) if like else None) or r.choice(pool)

    def listed(self, cls, lang, like):
        """A term of the lists in the place of like, of a kind that might stand there; None: keep to the prompts' own."""
        words = len(like.split())
        if cls == "HEALTH":
            kinds = ["value"] if re.search(r"\d", like) else ["dx", "sym", "proc"] if words <= 4 else ["phrase", "sym"]
        elif cls == "MED":
            kinds = ["dose"] if re.search(r"\d", like) else ["drug", "drug", "brand"]
        elif cls in ART9:
            kinds = ART9[cls][0 if words <= 3 else 1]
        elif cls in ("PROFESSION", "ORG"):
            kinds = None
        else:
            return None
        if self.r.random() < 0.3:
            return None
        out = self.terms.term(cls, lang, kinds)
        return out.upper() if out and like.isupper() and words > 1 else out.lower() if out and like.islower() and lang != "de" else out

    def swapped(self, d: Doc) -> Doc:
        """The document with most mentions replaced; repeats of one surface stay the same."""
        text, spans, at, seen = [], [], 0, {}
        n = 0
        for a, b, c in sorted(d.spans + d.others):
            surface = d.text[a:b]
            if c in ALL and c != ANY and self.r.random() < (0.4 if c == "ID" else 0.85):
                new = seen.setdefault((c, surface), self.fill(c, d.lang, surface))
            else:
                new = surface
            text.append(d.text[at:a])
            n += a - at
            if c in ALL:
                spans.append((n, n + len(new), c))
            text.append(new)
            n += len(new)
            at = b
        text.append(d.text[at:])
        return Doc("".join(text), spans, d.annotated, 2.0, d.lang)

    def frame(self) -> Doc:
        lang, frame = self.r.choice(FRAMES)
        text, spans, n = [], [], 0
        for piece in re.split(r"(\{[A-Z]+\})", frame):
            if piece.startswith("{"):
                c = piece[1:-1]
                v = self.fill(c, lang)
                spans.append((n, n + len(v), c))
                piece = v
            text.append(piece)
            n += len(piece)
        return Doc("".join(text), spans, ALL, 0.5, lang)

    def record(self) -> Doc:
        """A few rows as JSON, CSV, key: value, SQL or XML."""
        r = self.r
        lang = r.choice(["en", "en", "de", "fr", "es", "it", "nl", "pl", "pt"])
        empty = r.random() < 0.3
        keys = [] if empty else r.sample(sorted(FIELDS), r.randint(1, 5))
        fields = [(r.choice(FIELDS[k]), k) for k in keys] + [(k, None, v) for k, v in r.sample(PLAIN_FIELDS, r.randint(1, 5))]
        r.shuffle(fields)
        style = r.choice(["json", "csv", "kv", "sql", "xml"])
        text, spans = [""], []

        def put(s, cls=None):
            n = len(text[0])
            if cls is not None:
                spans.append((n, n + len(s), cls))
            text[0] += s

        if style == "csv":
            put(",".join(f[0] for f in fields) + "\n")
        for _ in range(r.randint(1, 4)):
            row = [(f[0], self.fill(f[1], lang).replace("\n", " "), f[1]) if len(f) == 2 else (f[0], f[2].format(i=r.randint(1, 9999), k=r.randint(1, 9)), None)
                   for f in fields]
            if style == "json":
                put("{")
                for i, (k, v, c) in enumerate(row):
                    put((", " if i else "") + json.dumps(k) + ": \"")
                    put(v, c)
                    put("\"")
                put("}\n")
            elif style == "sql":
                put("INSERT INTO t (" + ", ".join(k for k, _, _ in row) + ") VALUES (")
                for i, (k, v, c) in enumerate(row):
                    put(", '" if i else "'")
                    put(v, c)
                    put("'")
                put(");\n")
            elif style == "xml":
                for k, v, c in row:
                    put("<" + k + ">")
                    put(v, c)
                    put("</" + k + ">\n")
            elif style == "csv":
                for i, (k, v, c) in enumerate(row):
                    put((";" if i and "," in v else "," if i else ""))
                    put(v, c)
                put("\n")
            else:
                for k, v, c in row:
                    put(k + ": ")
                    put(v, c)
                    put("\n")
        return Doc(text[0], spans, ALL, 0.5, lang)


OCR = {"O": "0", "o": "0", "l": "1", "I": "l", "i": "1", "S": "5", "B": "8", "e": "c", "a": "o", "g": "9", "ä": "a", "ö": "o", "ü": "u", "é": "e"}


def noisy(d: Doc, r: random.Random) -> Doc:
    """One kind of noise that keeps lengths: lower or upper case, no diacritics, misread letters, or a few typos."""
    k = r.random()
    chars = list(d.text)
    if k < 0.45:
        chars = [c.lower() if len(c.lower()) == 1 else c for c in chars]
    elif k < 0.6:
        chars = [c.upper() if len(c.upper()) == 1 else c for c in chars]
    elif k < 0.8:
        for i, c in enumerate(chars):
            base = unicodedata.normalize("NFD", c)[0]
            chars[i] = base if base.isascii() else c
    elif k < 0.86:
        chars = [OCR.get(c, c) if r.random() < 0.12 else c for c in chars]
    else:
        for i in range(1, len(chars) - 1):
            if chars[i].isalpha() and chars[i + 1].isalpha() and r.random() < 0.03:
                if r.random() < 0.5:
                    chars[i], chars[i + 1] = chars[i + 1], chars[i]
                else:
                    chars[i] = r.choice("aeiourtnsl")
    return Doc("".join(chars), d.spans, d.annotated, d.weight * 0.5, d.lang)
