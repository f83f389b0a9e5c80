#!/usr/bin/env python3
"""Runs the C tagger over held-out prompts.

evaluate.py tune  --lib tagger.so --model FILE --data DIR --out types.json [--price P] [--alarm A] [--bias N]   (dev part; FILE exported without --types)
evaluate.py sets --lib tagger.so --model FILE --data DIR                                     (strict F1 on the held-out external sets)
evaluate.py compare --lib tagger.so --model FILE --data DIR --net NET.npz [--part dev]       (FILE exported without --types: integer against float)

tagger.so is local_model/*.c and base/*.c as a shared library.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import json
import math
import pathlib

import numpy as np

import classes
import data
import net as nets
import spec
import train

EMIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint8)


BUCKETS = 32


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


def collect(tagger, docs):
    """Per finding: its class, bucket, whether right and whether any mention, its tokens and those of them in a mention; the document."""
    out = []
    for i, d in enumerate(docs):
        toks = [(a, b) for a, b, _ in spec.tokens(d.text)]
        for f in tagger.tag(d.text)[0]:
            if counted(f, d):
                inside = [t for t in toks if overlap(t, f)]
                good = sum(any(overlap(t, g) for g in d.spans) for t in inside)
                some = any(overlap(f, g) * 2 >= f[1] - f[0] for g in d.spans)
                out.append((f[2], f[3] - 1, right(f, d), some, len(inside), good, i))
    return out


def curves(rows, value):
    """Non-decreasing share of rows for which value holds, by class and bucket; few rows lean towards their class."""
    good, total = ({c: [0] * BUCKETS for c in classes.NAMES} for _ in range(2))
    for r in rows:
        total[r[0]][r[1]] += 1
        good[r[0]][r[1]] += value(r)
    return {c: isotonic(good[c], total[c], sum(good[c]) / max(1, sum(total[c]))) for c in classes.NAMES}


def threshold(rows, empty, price, alarm):
    """The bucket from which on a class reports: most tokens found, less price for each false one and alarm for each document without a mention
    that gets a finding."""
    best, at = 0.0, BUCKETS
    value, hit = 0.0, set()
    for k in reversed(range(BUCKETS)):
        for r in rows[k]:
            value += r[5] - price * (r[4] - r[5])
            if r[6] in empty and r[6] not in hit:
                hit.add(r[6])
                value -= alarm
        if value > best:
            best, at = value, k
    return at


COMPANY = 65  # as in tagger.c, as is what keeps nobody company
NUMERIC = {"ID", "PHONE", "BANK", "CARD", "VEHICLE", "DATE"}
FLOOR = 50    # of what is reported: the classifiers drop less by default


def scores_of(rows):
    """Scores per class and bucket: the share of findings in a mention of the class, and in any, half and half."""
    typed, some = curves(rows, lambda r: r[2]), curves(rows, lambda r: r[3])
    return {c: [max(1, min(99, int(round(50 * (v + w))))) for v, w in zip(typed[c], some[c])] for c in classes.NAMES}


def apart(rows, scores):
    """(findings beside another sure one of their document, the others)"""
    is_sure = lambda r: scores[r[0]][r[1]] >= COMPANY and r[0] not in NUMERIC
    sure = collections.Counter(r[6] for r in rows if is_sure(r))
    beside = lambda r: sure[r[6]] > is_sure(r)
    return [r for r in rows if beside(r)], [r for r in rows if not beside(r)]


def tune(rows, docs, bias, price, alarm):
    """Scores per class and bucket in company and alone; 0, which is not reported, below the threshold."""
    empty = {i for i, d in enumerate(docs) if not d.spans and not d.others}
    scores = scores_of(rows)
    out = {c: {"bias": bias} for c in classes.NAMES}
    for name, part in zip(("company", "alone"), apart(rows, scores)):
        by = {c: [[] for _ in range(BUCKETS)] for c in classes.NAMES}
        for r in part:
            by[r[0]][r[1]].append(r)
        for c in classes.NAMES:
            at = threshold(by[c], empty, price, alarm)
            out[c][name] = [max(v, FLOOR) if k >= at else 0 for k, v in enumerate(scores[c])]
    return out


def weigh(rows, tuned, docs):
    """(token precision, recall of tokens, share of documents without mentions that get a finding) with these scores."""
    sides = apart(rows, {c: tuned[c]["company"] for c in classes.NAMES})
    kept = [r for name, side in zip(("company", "alone"), sides) for r in side if tuned[r[0]][name][r[1]] > 0]
    gold = sum(any(overlap(t, g) for g in d.spans) for d in docs for t in ((a, b) for a, b, _ in spec.tokens(d.text)))
    empty = {i for i, d in enumerate(docs) if not d.spans and not d.others}
    return (sum(r[5] for r in kept) / max(1, sum(r[4] for r in kept)), sum(r[5] for r in kept) / max(1, gold),
            len({r[6] for r in kept} & empty) / max(1, len(empty)))


def strict(found, docs):
    """(precision, recall, F1, mentions) of exact spans in their class, over the classes that each document's source annotates; dates of birth
    count as dates. Spans of which the source does not say what they are count neither way."""
    one = lambda c: "DATE" if c == "DOB" else c
    tp = fp = gold = 0
    for d, spans in zip(docs, found):
        want = {(a, b, one(c)) for a, b, c in d.spans if c in d.annotated}
        vague = [g for g in d.spans if g[2] not in d.annotated] + d.others
        have = {(f[0], f[1], one(f[2])) for f in spans if f[2] in d.annotated and not any(overlap(f, g) for g in vague)}
        tp += len(want & have)
        fp += len(have - want)
        gold += len(want)
    p, r = tp / max(1, tp + fp), tp / max(1, gold)
    return p, r, 2 * p * r / max(1e-9, p + r), gold


def other_sets(root):
    """Held-out parts of the external sets: name, documents."""
    yield "MEDDOCAN dev", data.meddocan(root, "dev")
    yield "BC5CDR devel", data.conll(root / "bio_ner/BC5CDR/devel.tsv", {"Disease": "HEALTH", "Chemical": "MED"}, {"HEALTH", "MED"}, 1.0, sep="\t", group=2)


def compare(tagger, path, docs):
    """The float net and the integer one, each with every mention it decodes."""
    net = nets.load(path)
    flags = dict(zip(net.lists[0].tolist(), net.lists[1].tolist()))
    names = []
    for d in docs:
        c = train.corpus_of([d], flags, flags, 4000)
        net.corpus(c)
        toks = spec.tokens(d.text)
        out = []
        if len(c.length):
            logits = np.concatenate([net.run(np.array([i], np.int32))[0] for i in range(len(c.length))])
            out = [(toks[a][0], toks[b][1], classes.NAMES[k]) for a, b, k in best_path(logits[:, :net.labels], BIAS)]
        names.append(out)
    for name, found in (("float", names), ("integer", [tagger.tag(d.text)[0] for d in docs])):
        print("%s: precision %.4f, recall %.4f, strict F1 %.4f, n=%d" % (name, *strict(found, docs)))


BIAS = 1.5  # of a mention's begin, in logits


def best_path(logits, bias):
    """decode.c in floats: mentions as (first, last, class)."""
    n, kinds = len(logits), len(classes.NAMES)
    begin, inside, end, single = (logits[:, k::4] for k in (1, 2, 3, 4))
    outer, begun, within = 0.0, np.full(kinds, -1e9), np.full(kinds, -1e9)
    labels, deeper = np.zeros(n, int), np.zeros((n, kinds), bool)
    for t in range(n):
        deeper[t] = within > begun
        before = np.maximum(within, begun)
        scores = np.concatenate([[outer + logits[t, 0]], outer + bias + single[t], before + end[t]])
        k = int(scores.argmax())
        labels[t] = 0 if k == 0 else 4 * k if k <= kinds else 4 * (k - kinds) - 1
        begun, within, outer = outer + bias + begin[t], before + inside[t], scores[k]
    out, t = [], n - 1
    while t >= 0:
        if labels[t] == 0:
            t -= 1
            continue
        kind, last = (labels[t] - 1) // 4, t
        if labels[t] % 4 == 3:
            going = deeper[t][kind]
            t -= 1
            while going:
                going = deeper[t][kind]
                t -= 1
        out.append((t, last, kind))
        t -= 1
    return out[::-1]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("tune", "sets", "compare"))
    p.add_argument("--lib", type=pathlib.Path, required=True)
    p.add_argument("--model", type=pathlib.Path, required=True)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--part", default="test")
    p.add_argument("--price", type=float, default=1.0, help="of a false token, in tokens found")
    p.add_argument("--alarm", type=float, default=3.0, help="of a finding in a document without mentions, in tokens found")
    p.add_argument("--bias", type=int, default=96, help="with which FILE was exported")
    p.add_argument("--out", type=pathlib.Path)
    p.add_argument("--net", type=pathlib.Path)
    a = p.parse_args()
    tagger = Tagger(a.lib, a.model)
    if a.what == "tune":
        docs = data.prompts("dev") + data.benign(a.data, "dev")
        rows = collect(tagger, docs)
        for price in (0.15, 0.25, 0.4, 0.7, 1.0, 1.5):
            for alarm in (0, 3, 8, 15):
                print("price %.1f alarm %2d: token precision %.3f, recall %.3f, alarms %.3f" % (price, alarm, *weigh(rows, tune(rows, docs, a.bias, price, alarm), docs)))
        a.out.write_text(json.dumps(tune(rows, docs, a.bias, a.price, a.alarm)))
    elif a.what == "sets":
        for name, docs in other_sets(a.data):
            found = [tagger.tag(d.text)[0] for d in docs]
            gold = [(g, f) for d, f in zip(docs, found) for g in d.spans if g[2] in d.annotated]
            print("%s: precision %.3f, recall %.3f, strict F1 %.3f, n=%d; half covered by any finding %s" % (
                name, *strict(found, docs), rate(sum(sum(overlap(x, g) for x in f) * 2 >= g[1] - g[0] for g, f in gold), len(gold))))
    else:
        compare(tagger, a.net, data.prompts(a.part))


if __name__ == "__main__":
    main()
