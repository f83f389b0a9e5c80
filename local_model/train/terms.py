"""The term lists of lexicon/ and the documents its frames make (lexicon/README.md says what both mean)."""

from __future__ import annotations

import collections
import json
import pathlib
import re

from data import ALL, Doc

HERE = pathlib.Path(__file__).resolve().parent / "lexicon"
LATIN = set("en de fr es it nl pl pt sv da fi cs ro hu tr".split())
LISTED = {"PROFESSION", "RELIGION", "POLITICS", "UNION", "ORIENTATION", "ETHNICITY", "GENETIC", "BIOMETRIC", "OFFENCE", "HEALTH", "MED", "ORG"}
USUAL = {"PROFESSION": ["m", "f", "any"], "RELIGION": ["is"], "POLITICS": ["party", "group"], "UNION": ["union"], "ORIENTATION": ["is"], "ETHNICITY": ["is"],
         "GENETIC": ["finding"], "BIOMETRIC": ["trait"], "OFFENCE": ["act"], "HEALTH": ["dx", "dx", "sym", "proc", "value", "leave"],
         "MED": ["drug", "brand", "dose", "dose", "class"],
         "ORG": ["company", "company", "company", "shop", "school", "university", "clinic", "bank", "authority", "court", "church", "club", "lawfirm", "care"]}
PIECES = {"legal": ("org", ["legal"]), "sector": ("org", ["sector"]), "street": ("address", ["street"]), "postcode": ("address", ["postcode"]),
          "district": ("location", ["district"]), "party": ("politics", ["party"]), "union": ("union", ["union"]), "drug": ("med", ["drug", "brand"]),
          "month": ("date", ["month"])}
PIECE = re.compile(r"<([^<>]*)>")
SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
WORDS = "status update invoice ticket draft version budget report sprint queue backup meeting".split()
EMAIL_HOSTS = "example.com mail.example posta.example example.org firma.example kanzlei.example".split()

PHONES = {"": ["+## ### ### ####", "+## ## #### ####", "+### ## ### ####", "00## ### #######", "+#########", "+###########", "#### ######", "ext. ####"],
          "en": ["(###) ###-####", "###-###-####", "07### ######", "0#### ######", "020 #### ####", "+44 7### ######", "+1 ### ### ####", "+1-###-###-####", "555-####"],
          "de": ["0### #######", "0###/#######", "+49 ### #######", "01## ########", "0##-####-##", "0### ## ## ##"], "fr": ["0# ## ## ## ##", "+33 # ## ## ## ##", "0#########"],
          "es": ["6## ### ###", "9## ## ## ##", "+34 6## ### ###", "#########"], "it": ["3## #######", "0## #######", "+39 3## ### ####", "0#-########"],
          "nl": ["06-########", "06 ## ## ## ##", "0##-#######", "+31 6 ########"], "pl": ["### ### ###", "+48 ### ### ###", "## ### ## ##"],
          "pt": ["9## ### ###", "+351 9## ### ###", "(##) 9####-####"]}
CARDS = ["4### #### #### ####", "5### #### #### ####", "4###############", "37## ###### #####", "4###-####-####-####", "**** **** **** ####", "XXXX-XXXX-XXXX-####",
         "4### #### #### ####, exp ##/##", "5### #### #### #### ##/## CVV ###", "4### #### #### #### (##/##, ###)"]
BANKS = ["DE## #### #### #### #### ##", "DE####################", "GB## ???? #### #### #### ##", "FR## #### #### #### #### #### ###", "ES## #### #### #### #### ####",
         "IT## ? ##### ##### ############", "NL## ???? #### #### ##", "PL## #### #### #### #### #### ####", "PT## #### #### #### #### #### #", "AT## #### #### #### ####",
         "CH## #### #### #### #### #", "##-##-## ########", "sort code ##-##-##, account ########", "## ## ## / ########", "BE## #### #### ####", "########", "#### #### #### #### ####"]
PLATES = ["?-?? ###", "??-?? ####", "???-?? ##", "?? ## ???", "??## ???", "## ??? ##", "??-###-??", "?? ###??", "??? ####", "#### ???", "## ?? ##", "?##-####", "??-##-??", "#-???-##", "??? ###?"]


class Terms:
    def __init__(self, maker):
        self.maker, self.r = maker, maker.r
        self.lists = collections.defaultdict(list)
        for path in sorted(HERE.glob("*.tsv")):
            for line in path.read_text(encoding="utf8").splitlines()[1:]:
                row = line.split("\t")
                if len(row) == 3:
                    self.lists[path.stem, row[0], row[2]].append(row[1])
        self.frames, self.memo = [], {}
        path = HERE / "frames.jsonl"
        for line in path.read_text(encoding="utf8").splitlines() if path.exists() else []:
            frame = json.loads(line)
            if self.known(frame):
                self.frames.append(frame)
        self.by_sign = [[f for f in self.frames if bool(f.get("negative")) == sign] for sign in (False, True)]

    def known(self, frame):
        """Whether the lists have something for each untagged slot."""
        return all(any(self.lists.get(("look_alikes", lang, kind)) for lang in (frame["lang"], "*")) for kind in re.findall(r"\{~(\w+)\}", frame["text"]))

    def pick(self, stem, lang, kinds):
        """A raw term, or None where there is none."""
        kinds = list(kinds)
        self.r.shuffle(kinds)
        for kind in kinds:
            rows = self.lists.get((stem, lang, kind), [])
            if lang in LATIN:
                common = self.lists.get((stem, "*", kind), [])
                if common and (not rows or self.r.random() < len(common) / (len(common) + 2 * len(rows))):
                    rows = common
            if rows:
                return self.r.choice(rows)
        return None

    def piece(self, name, lang, depth):
        r = self.r
        m = re.fullmatch(r"([nd]):(\d+)-(\d+)", name)
        if m:
            v = r.randint(int(m[2]), int(m[3]))
            return str(v) if m[1] == "n" else "%d%s%d" % (v, "." if lang in ("en", "ja", "zh", "hi") else ",", r.randint(0, 9))
        if name in PIECES:
            stem, kinds = PIECES[name]
            t = self.pick(stem, lang, kinds)
            return self.expand(t, lang, depth + 1) if t and depth < 2 else "x"
        month = self.pick("date", lang, ["month"]) or "May"
        return {"first": lambda: self.maker.forename(lang), "last": lambda: self.maker.surname(lang), "city": lambda: self.maker.town(lang),
                "letter": lambda: r.choice("ABCDEFGHJKLMNPRSTUVW"), "hex": lambda: "%08x" % r.getrandbits(32), "mon": lambda: month[:3],
                "day": lambda: str(r.randint(1, 28)), "mm": lambda: "%02d" % r.randint(1, 12), "yyyy": lambda: str(r.randint(1935, 2027)),
                "yy": lambda: "%02d" % r.randint(0, 99)}.get(name, lambda: "x")()

    def expand(self, term, lang, depth=0):
        return PIECE.sub(lambda m: self.piece(m[1], lang, depth), term)

    def term(self, cls, lang, kinds=None):
        """A surface of the class in the language, or None."""
        t = self.pick(cls.lower(), lang, kinds or USUAL.get(cls, [""]))
        return self.expand(t, lang) if t else None

    def person(self, lang, hint, who):
        """who: the person's parts, made once per number."""
        r, m = self.r, self.maker
        if not who:
            who["first"] = self.first(lang)
            who["last"] = self.last(lang)
        hint = hint or r.choice(["first", "full", "full", "full", "titled", "titled", "last", "first"])
        if hint == "nick":
            return self.term("nickname", lang) or who["first"]
        if hint == "initials":
            return who["first"][0] + r.choice([".", ""]) + who["last"][0] + r.choice([".", ""])
        if hint == "titled":
            title = self.pick("title", lang, ["before"])
            name = who["last"] if r.random() < 0.65 else who["first"] + " " + who["last"]
            out = (title + " " if title else "") + name
            after = self.pick("title", lang, ["after"])
            return out + ", " + after if after and r.random() < 0.06 else out
        return {"first": who["first"], "last": who["last"], "lf": who["last"] + ", " + who["first"]}.get(hint, who["first"] + " " + who["last"])

    def names(self, stem):
        """All names of a list whatever their origin."""
        if stem not in self.memo:
            self.memo[stem] = [t for (s, _, _), v in self.lists.items() if s == stem for t in v]
        return self.memo[stem]

    def first(self, lang):
        k = self.r.random()
        rows = self.names("first_names") if k < 0.15 else self.lists.get(("common_word_names", lang, "first"), []) if k < 0.25 else []
        return self.r.choice(rows) if rows else self.maker.forename(lang)

    def last(self, lang):
        k = self.r.random()
        rows = self.names("last_names") if k < 0.15 else self.lists.get(("common_word_names", lang, "last"), []) if k < 0.25 else []
        if rows:
            return self.r.choice(rows)
        return self.maker.surname(lang) + ("-" + self.maker.surname(lang) if k > 0.93 else "")

    def date(self, lang, hint, born):
        r = self.r
        kinds = [hint] if hint else ["long", "num", "iso", "noyear"] if not born else ["long", "num", "iso"]
        t = self.pick("date", lang, kinds)
        if t is None:
            return self.maker.date(lang, (1935, 2019) if born else (2015, 2027))
        year = r.randint(1935, 2019) if born else r.randint(2019, 2027)
        t = t.replace("<yyyy>", str(year)).replace("<yy>", "%02d" % (year % 100))
        return self.expand(t, lang)

    def ident(self):
        r = self.r
        letters = lambda n: "".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(n))
        digits = lambda n: "".join(r.choice("0123456789") for _ in range(n))
        k = r.randint(0, 11)
        return [digits(r.randint(5, 10)), letters(r.randint(1, 3)) + digits(r.randint(4, 8)), letters(r.randint(2, 4)) + "-" + digits(r.randint(3, 7)),
                letters(2) + "-20" + digits(2) + "-" + digits(r.randint(3, 6)), digits(4) + "/" + digits(r.randint(2, 5)), digits(3) + "-" + digits(2) + "-" + digits(4),
                letters(2) + digits(2) + " " + digits(4) + " " + digits(4), "#" + digits(r.randint(4, 7)), letters(1) + digits(7) + letters(1),
                digits(2) + " " + digits(6) + " " + letters(1) + " " + digits(3), letters(3) + "/" + digits(2) + "/" + digits(4), digits(3) + "." + digits(3) + "." + digits(3)][k]

    def lexed(self, cls, lang):
        r = self.r
        name = lambda: re.sub(r"[^a-z]", "", self.maker.forename("en").lower()) or "info"
        host = r.choice(EMAIL_HOSTS)
        return {"EMAIL": lambda: name() + r.choice([".", "_", ""]) + name() + "@" + host,
                "PHONE": lambda: self.numbered(PHONES.get(lang, []) + PHONES[""]), "CARD": lambda: self.numbered(CARDS),
                "BANK": lambda: self.numbered(BANKS), "VEHICLE": lambda: self.numbered(PLATES),
                "SECRET": lambda: "".join(r.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#_") for _ in range(r.randint(10, 28))),
                "IP": lambda: ".".join(str(r.randint(1, 254)) for _ in range(4)), "URL": lambda: "https://" + host + "/" + name()}[cls]()

    def numbered(self, forms):
        """One of the forms with each # a digit and each ? a letter."""
        return "".join(self.r.choice("0123456789") if c == "#" else self.r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if c == "?" else c for c in self.r.choice(forms))

    def slot(self, cls, hint, lang, who):
        r, m = self.r, self.maker
        if cls == "PERSON":
            return self.person(lang, r.choice(hint.split("|")) if hint else None, who)
        if cls in LISTED:
            return self.term(cls, lang, hint.split("|") if hint else None) or m.fill(cls, lang)
        if cls in ("DATE", "DOB"):
            return self.date(lang, hint, cls == "DOB")
        if cls == "AGE":
            t = self.pick("age", lang, [hint]) if hint else None
            return self.expand(t, lang) if t else str(r.choice([r.randint(1, 17), r.randint(18, 95), r.randint(18, 95)]))
        if cls == "LOCATION":
            t = self.pick("location", lang, [hint]) if hint and hint != "town" else self.pick("location", lang, ["town"]) if r.random() < 0.3 else None
            return self.expand(t, lang) if t else m.town(lang)
        if cls == "ADDRESS":
            t = self.pick("address", lang, ["street" if hint == "street" else "layout"])
            return self.expand(t, lang) if t and r.random() < 0.8 else m.address(lang)
        if cls == "ID":
            return self.ident()
        if cls == "USERNAME":
            return m.fill(cls, lang)
        return self.lexed(cls, lang)

    def filler(self, name, lang):
        r = self.r
        if set(name) == {"n"}:
            return str(r.randint(10 ** (len(name) - 1), 10 ** len(name) - 1))
        return {"time": lambda: "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59)), "month": lambda: self.pick("date", lang, ["month"]) or "May",
                "weekday": lambda: r.choice(["Mon", "Tue", "Fri"]), "year": lambda: str(r.randint(1990, 2027)), "amount": lambda: "%d.%02d" % (r.randint(5, 9000), r.randint(0, 99)),
                "hex": lambda: "%08x" % r.getrandbits(32), "word": lambda: r.choice(WORDS), "family": lambda: self.term("family", lang) or "mum"}.get(name, lambda: "x")()

    def fill(self, frame):
        lang, text, spans, n, tied, people = frame["lang"], [], [], 0, {}, {}
        at = 0
        for m in SLOT.finditer(frame["text"]):
            before = frame["text"][at:m.start()]
            text.append(before)
            n += len(before)
            at = m.end()
            value, cls = self.value(m, lang, tied, people)
            if cls in ALL:
                spans.append((n, n + len(value), cls))
            text.append(value)
            n += len(value)
        text.append(frame["text"][at:])
        return Doc("".join(text), spans, ALL, 0.6, lang)

    def value(self, m, lang, tied, people):
        """(surface, class or None) of one slot."""
        if m[1] is None:
            return m[0][0], None
        slot = m[1]
        if slot.startswith("~"):
            t = self.pick("look_alikes", lang, [slot[1:]])
            return (self.expand(t, lang) if t else "x"), None
        if slot.startswith("%"):
            return self.filler(slot[1:], lang), None
        whole, _, number = slot.partition("#")
        cls, _, hint = whole.partition(":")
        if number and slot in tied:
            return tied[slot], cls
        who = people.setdefault(number, {}) if number else {}
        value = self.slot(cls, hint or None, lang, who)
        if number:
            tied[slot] = value
        return value, cls

    def document(self):
        """A document of one frame, now and then of two or three of a language; as many without a mention as the frames have."""
        r = self.r
        side = self.by_sign[1 if r.random() < 0.3 and self.by_sign[1] else 0]
        f = r.choice(side)
        d = self.fill(f)
        if r.random() < 0.2:
            more = [g for g in r.sample(self.frames, min(60, len(self.frames))) if g["lang"] == f["lang"]][:r.choice([1, 1, 2])]
            for g in more:
                e = self.fill(g)
                shift = len(d.text) + 1
                d.text += r.choice("\n ") + e.text
                d.spans += [(a + shift, b + shift, c) for a, b, c in e.spans]
        return d
