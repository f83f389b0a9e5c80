#!/usr/bin/env python3
"""Runs the C tagger over held-out prompts.

evaluate.py tune  --lib tagger.so --model FILE --data DIR --out types.json [--precision P] [--strict P]   (dev part; FILE exported without --types)
evaluate.py score --lib tagger.so --model FILE --data DIR [--part test]                      (figures as Markdown)

tagger.so is local_model/*.c and base/*.c as a shared library.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import json
import math
import pathlib

import classes
import data
import spec

EMIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint8)


# The classes behind most false alarms have to be surer of themselves.
STRICT = ("PERSON", "ORG", "HEALTH", "MED")


class Span(ctypes.Structure):
    _fields_ = [("p", ctypes.c_char_p), ("n", ctypes.c_size_t)]


class TypeInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("classes", ctypes.c_uint32), ("hipaa", ctypes.c_char_p), ("doc", ctypes.c_char_p)]


class Tagger:
    def __init__(self, lib, model):
        self.lib = ctypes.CDLL(str(lib.resolve()))
        for f, res in (("tagger_new", ctypes.c_void_p), ("tagger_scratch_new", ctypes.c_void_p), ("tagger_tag", ctypes.c_size_t),
                       ("type_info", ctypes.POINTER(TypeInfo))):
            getattr(self.lib, f).restype = res
        self.blob = pathlib.Path(model).read_bytes()
        err = ctypes.c_int()
        self.t = self.lib.tagger_new(Span(self.blob, len(self.blob)), ctypes.byref(err))
        if not self.t:
            raise SystemExit("the model was refused: %d" % err.value)
        self.s = self.lib.tagger_scratch_new()
        self.names = {dotted: name for name, dotted in classes.CLASSES}

    def tag(self, text):
        """([(start, end, class, score)] in code points, bytes looked at)"""
        raw = text.encode("utf8", "surrogatepass")
        out = []
        at = {}
        n = 0
        for i, c in enumerate(text):
            at[n] = i
            n += len(c.encode("utf8", "surrogatepass"))
        at[n] = len(text)

        def emit(_, kind, start, end, score):
            out.append((at[start], at[end], self.names[self.lib.type_info(kind).contents.name.decode()], score))

        looked = self.lib.tagger_tag(ctypes.c_void_p(self.t), ctypes.c_void_p(self.s), Span(raw, len(raw)), EMIT(emit), None)
        return out, looked


def wilson(k, n):
    if n == 0:
        return 0.0, 0.0
    z, p = 1.96, k / n
    mid, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, mid - half) / (1 + z * z / n), (mid + half) / (1 + z * z / n)


def rate(k, n):
    low, high = wilson(k, n)
    return "%.3f [%.3f-%.3f] n=%d" % (k / n if n else 0, low, high, n)


def overlap(a, b):
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def right(found, doc):
    return any(g[2] == found[2] and overlap(found, g) * 2 >= found[1] - found[0] for g in doc.spans)


def counted(found, doc):
    """A job title says nothing against the tagger where titles were not annotated; nor does an identifier that is the lexers' business."""
    if found[2] == "PROFESSION" and "PROFESSION" not in doc.annotated:
        return False
    return not any(overlap(found, o) for o in doc.others)


def isotonic(good, total, prior):
    """Non-decreasing precision by bucket: pool adjacent violators over smoothed counts."""
    blocks = [[g + prior * w, n + w, 1] for g, n, w in zip(good, total, [0.3] * len(good))]
    out = []
    for b in blocks:
        out.append(list(b))
        while len(out) > 1 and out[-2][0] / out[-2][1] > out[-1][0] / out[-1][1]:
            g, n, c = out.pop()
            out[-1] = [out[-1][0] + g, out[-1][1] + n, out[-1][2] + c]
    return [g / n for g, n, c in out for _ in range(c)]


def tune(tagger, docs, least):
    """Scores per class and bucket; a score under the class's threshold becomes 0: such a finding is not reported."""
    good = {c: [0] * 32 for c in classes.NAMES}
    total = {c: [0] * 32 for c in classes.NAMES}
    for d in docs:
        for f in tagger.tag(d.text)[0]:
            if counted(f, d):
                total[f[2]][f[3] - 1] += 1
                good[f[2]][f[3] - 1] += right(f, d)
    out = {}
    for c in classes.NAMES:
        n = sum(total[c])
        prior = sum(good[c]) / n if n else 0.0
        curve = isotonic(good[c], total[c], prior)
        need = least.get(c, least[""])
        scores = [min(99, int(round(100 * v))) if v >= need and n >= 5 else 0 for v in curve]
        out[c] = {"bias": 0, "scores": scores}
    return out


def score(tagger, docs):
    found_by, gold_by, good_by, all_by = (collections.Counter() for _ in range(4))
    lang_hit, lang_gold, lang_good, lang_all = (collections.Counter() for _ in range(4))
    tp = fp = fn = 0
    token_tp, token_all, token_gold = collections.Counter(), collections.Counter(), collections.Counter()
    alarms = collections.Counter()
    negatives = collections.Counter()
    looked = size = 0
    for d in docs:
        found, n = tagger.tag(d.text)
        looked += n
        size += len(d.text.encode("utf8", "surrogatepass"))
        if not d.spans and not d.others:
            kind = "system prompts" if d.ident.startswith("benign") else "negative prompts"
            negatives[kind] += 1
            alarms[kind] += bool(found)
            for f in {f[2] for f in found}:
                alarms[kind, f] += 1
        for g in d.spans:
            hit = sum(overlap(f, g) for f in found if f[2] == g[2]) * 2 >= g[1] - g[0]
            found_by[g[2]] += hit
            gold_by[g[2]] += 1
            touched = sum(overlap(f, g) for f in found) * 2 >= g[1] - g[0]
            found_by[g[2], "any"] += touched
            lang_hit[d.lang] += touched
            lang_gold[d.lang] += 1
        for f in found:
            if counted(f, d):
                all_by[f[2]] += 1
                good_by[f[2]] += right(f, d)
                lang_all[d.lang] += 1
                lang_good[d.lang] += any(overlap(f, g) * 2 >= f[1] - f[0] for g in d.spans)
        for a, b, _ in spec.tokens(d.text):
            t = (a, b)
            if any(overlap(t, o) for o in d.others):
                continue
            g = {x[2] for x in d.spans if overlap(t, x)}
            p = {x[2] for x in found if overlap(t, x)} - ({"PROFESSION"} - d.annotated)
            tp += bool(g and p)
            fp += bool(p and not g)
            fn += bool(g and not p)
            for c in p:
                token_all[c] += 1
                token_tp[c] += c in g
    rows = ["|class|recall, right class|recall, any class|precision|token precision|", "|---|---|---|---|---|"]
    for c in classes.NAMES:
        rows.append("|%s|%s|%s|%s|%s|" % (c, rate(found_by[c], gold_by[c]), rate(found_by[c, "any"], gold_by[c]), rate(good_by[c], all_by[c]),
                                          rate(token_tp[c], token_all[c])))
    names = classes.NAMES
    rows.append("|all|%s|%s|%s|%s|" % (rate(sum(found_by[c] for c in names), sum(gold_by.values())),
                                       rate(sum(found_by[c, "any"] for c in names), sum(gold_by.values())),
                                       rate(sum(good_by.values()), sum(all_by.values())), rate(sum(token_tp.values()), sum(token_all.values()))))
    rows += ["", "|language|recall, any class|precision, any class|", "|---|---|---|"]
    for l in sorted(lang_gold, key=lambda l: -lang_gold[l]):
        rows.append("|%s|%s|%s|" % (l, rate(lang_hit[l], lang_gold[l]), rate(lang_good[l], lang_all[l])))
    p, r = tp / max(1, tp + fp), tp / max(1, tp + fn)
    rows += ["", "Tokens, whatever the class: precision %s, recall %s, F2 %.3f." % (rate(tp, tp + fp), rate(tp, tp + fn), 5 * p * r / max(1e-9, 4 * p + r))]
    for kind in negatives:
        by = ", ".join("%s %d" % (k[1], v) for k, v in alarms.most_common() if isinstance(k, tuple) and k[0] == kind)
        rows.append("Prompts with a finding among %s: %s (%s)." % (kind, rate(alarms[kind], negatives[kind]), by))
    rows.append("Bytes the net looked at: %.1f %%." % (100 * looked / max(1, size)))
    return "\n".join(rows)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("tune", "score"))
    p.add_argument("--lib", type=pathlib.Path, required=True)
    p.add_argument("--model", type=pathlib.Path, required=True)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--part", default="test")
    p.add_argument("--precision", type=float, default=0.5, help="least precision at which a class reports")
    p.add_argument("--strict", type=float, default=0.6, help="the same for %s" % ", ".join(STRICT))
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    tagger = Tagger(a.lib, a.model)
    if a.what == "tune":
        docs = data.prompts("dev") + data.benign(a.data, "dev")
        a.out.write_text(json.dumps(tune(tagger, docs, {"": a.precision, **{c: a.strict for c in STRICT}})))
    else:
        print(score(tagger, data.prompts(a.part) + data.benign(a.data, a.part)))


if __name__ == "__main__":
    main()
