#!/usr/bin/env python3
"""Patterns and tagger together: product.py --program bailiwick [--model FILE | --no-model] --data DIR [--part test]

Runs the product's own `classify` over the held-out prompts and prints what it finds, as Markdown. Half of a mention covered by any findings
counts as found; a token is right when it lies in any mention. Mentions of every annotated type count, those of the lexers too.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import subprocess

import data
import spec
from evaluate import overlap, rate

FIRST = ("en",)
SECOND = ("de", "fr", "es", "it", "nl", "pl", "pt")
ARTICLE = {"RELIGION", "POLITICS", "UNION", "ETHNICITY", "ORIENTATION", "GENETIC", "BIOMETRIC", "OFFENCE"}


def found_by(program, model, docs):
    """For each document its findings: (start, end, type) in code points."""
    lines = "".join(json.dumps({"id": str(i), "text": d.text}) + "\n" for i, d in enumerate(docs))
    more = ["--no-model"] if model is None else ["--model", str(model)]
    out = subprocess.run([str(program), "classify", "--jsonl", *more], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    found = []
    for line, d in zip(out.decode().splitlines(), docs):
        at, n = {}, 0
        for i, c in enumerate(d.text):
            at[n] = i
            n += len(c.encode("utf8"))
        at[n] = len(d.text)
        found.append([(at[f["start"]], at[f["end"]], f["type"]) for f in json.loads(line)["findings"]])
    return found


class Sums:
    def __init__(self):
        self.hit = self.gold = self.tp = self.fp = self.fn = 0

    def add(self, d, found):
        for g in d.spans + d.others:
            self.gold += 1
            self.hit += covered(found, g)
        for a, b, _ in spec.tokens(d.text):
            t = (a, b)
            gold = any(overlap(t, g) for g in d.spans + d.others)
            ours = [f for f in found if overlap(t, f)]
            if not gold and ours and "PROFESSION" not in d.annotated and all(f[2] == "person.profession" for f in ours):
                continue
            self.tp += bool(gold and ours)
            self.fp += bool(ours and not gold)
            self.fn += bool(gold and not ours)

    def f2(self):
        p, r = self.tp / max(1, self.tp + self.fp), self.tp / max(1, self.tp + self.fn)
        return 5 * p * r / max(1e-9, 4 * p + r)

    def row(self, name):
        return "|%s|%s|%s|%.3f|" % (name, rate(self.hit, self.gold), rate(self.tp, self.tp + self.fp), self.f2())


def covered(found, g):
    inside = sorted((max(f[0], g[0]), min(f[1], g[1])) for f in found if overlap(f, g))
    n, at = 0, g[0]
    for a, b in inside:
        n += max(0, b - max(a, at))
        at = max(at, b)
    return n * 2 >= g[1] - g[0]


def side(lang):
    return "en" if lang in FIRST else "de fr es it nl pl pt" if lang in SECOND else "others"


def lower(docs):
    return [data.Doc("".join(c.lower() if len(c.lower()) == 1 else c for c in d.text), d.spans, d.annotated, 1.0, d.lang, d.ident, d.domain, d.others)
            for d in docs]


def report(docs, found):
    langs, domains, recall, alarms, total = collections.defaultdict(Sums), collections.defaultdict(Sums), collections.Counter(), collections.Counter(), collections.Counter()
    for d, f in zip(docs, found):
        if not d.spans and not d.others:
            kind = "system prompts" if d.ident.startswith("benign") else "negative prompts, %s" % side(d.lang)
            total[kind] += 1
            alarms[kind] += bool(f)
        if d.ident.startswith("benign"):
            continue
        for k in {d.lang, side(d.lang)}:
            langs[k].add(d, f)
        domains[d.domain.split(":")[0]].add(d, f)
        for g in d.spans + d.others:
            hit = covered(f, g)
            for k in (g[2], "Art. 9, 10" if g[2] in ARTICLE else None):
                if k:
                    for l in (side(d.lang), "all"):
                        recall[k, l, True] += hit
                        recall[k, l, False] += 1
    lines = ["|language|recall of mentions|token precision|F2 of tokens|", "|---|---|---|---|"]
    order = ["en", "de fr es it nl pl pt", "others"] + sorted((k for k in langs if k not in ("en", "de fr es it nl pl pt", "others")), key=lambda k: -langs[k].gold)
    lines += [langs[k].row(k) for k in order if k in langs]
    lines += ["", "|class, any finding|en|de fr es it nl pl pt|others|", "|---|---|---|---|"]
    kinds = sorted({k[0] for k in recall}, key=lambda k: -recall[k, "all", False])
    for k in kinds:
        lines.append("|%s|%s|" % (k, "|".join(rate(recall[k, l, True], recall[k, l, False]) for l in ("en", "de fr es it nl pl pt", "others"))))
    lines += ["", "|domain|recall of mentions|token precision|F2 of tokens|", "|---|---|---|---|"]
    lines += [domains[k].row(k) for k in sorted(domains, key=lambda k: -domains[k].gold) if domains[k].gold >= 20]
    lines += [""] + ["Prompts with a finding among %s: %s." % (k, rate(alarms[k], total[k])) for k in sorted(total)]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", type=pathlib.Path, required=True)
    p.add_argument("--model", type=pathlib.Path)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--part", default="test")
    p.add_argument("--lower", action="store_true", help="the prompts in lower case")
    a = p.parse_args()
    docs = data.prompts(a.part) + data.benign(a.data, a.part)
    if a.lower:
        docs = lower(docs)
    print(report(docs, found_by(a.program, a.model, docs)))


if __name__ == "__main__":
    main()
