#!/usr/bin/env python3
"""Trains the tagger.

train.py build --data DIR --out CORPUS.npz [--seed S] [--scale X] [--share F]   the training text, tokenised
train.py build --data DIR --out DEV.npz --part dev
train.py fit --corpus CORPUS.npz --out NET.npz [--dev DEV.npz] [--steps N] [--channels C] [--seed S] [--from NET.npz]

DIR holds the external sets named in docs/model-card.md. Runs on one core with AVX-512 or what the compiler finds (fit.c).
"""

from __future__ import annotations

import argparse
import math
import pathlib
import random
import time

import numpy as np

import classes
import data
import lists
import net as nets
import spec
import synth

CHUNK = 192  # tokens of one training piece
RARE = {"RELIGION", "POLITICS", "UNION", "ETHNICITY", "ORIENTATION", "GENETIC", "BIOMETRIC", "OFFENCE"}
RARE_WEIGHT = 1.7


class Table:
    """Feature rows of every distinct token seen."""

    def __init__(self, flags):
        self.flags = flags
        self.ids, self.rows, self.grams, self.bits = {}, [], [], []

    def of(self, surface, before, after):
        key = (surface, before, after)
        at = self.ids.get(key)
        if at is None:
            at = self.ids[key] = len(self.rows)
            w, p, s3, s4, shape, grams, looks, word = spec.features(surface, before, after)
            self.rows.append([*w, *p, *s3, *s4, shape])
            self.grams.append(grams)
            self.bits.append(self.flags.get(word, 0) | looks << spec.N_FLAGS)
        return at


class Corpus:
    """Arrays as fit.c reads them, and the word lists in full. Piece i: length[i] tokens from start[i] on, met rate[i] times an epoch."""

    NAMES = "rows grams n_grams bits ids gaps marks weights start length rate allowed keys flags".split()

    def __init__(self, **arrays):
        self.__dict__.update(arrays)

    @classmethod
    def read(cls, path):
        with np.load(path) as z:
            return cls(**{n: np.ascontiguousarray(z[n]) for n in cls.NAMES})

    def write(self, path):
        np.savez(path, **{n: getattr(self, n) for n in self.NAMES})


def encode(doc, table):
    """(token ids, gaps, marks): the mark names the set of labels that are right for a token; None: outside; -1: any."""
    toks = spec.tokens(doc.text)
    ids = [table.of(doc.text[a:b], *spec.neighbours(doc.text, toks, i)) for i, (a, b, _) in enumerate(toks)]
    marks = [None] * len(toks)
    at = 0
    for s, e, c in doc.spans:
        inside = []
        while at < len(toks) and toks[at][1] <= s:
            at += 1
        k = at
        while k < len(toks) and toks[k][0] < e:
            inside.append(k)
            k += 1
        for j, i in enumerate(inside):
            if c == data.ANY:
                marks[i] = -1
            else:
                part = "S" if len(inside) == 1 else "B" if j == 0 else "E" if j == len(inside) - 1 else "I"
                marks[i] = classes.label(classes.INDEX[c], part)
    return ids, [t[2] for t in toks], marks


def allowed_rows(annotated_sets):
    """Row per label (that label alone), one for anything, one per set of annotated classes (nothing, or a class not annotated)."""
    n = classes.N_LABELS
    rows = np.zeros((n + 1 + len(annotated_sets), n), np.uint8)
    rows[:n] = np.eye(n)
    rows[n] = 1
    for k, s in enumerate(annotated_sets):
        rows[n + 1 + k, 0] = 1
        for c, name in enumerate(classes.NAMES):
            if name not in s:
                rows[n + 1 + k, 1 + 4 * c:5 + 4 * c] = 1
    return rows


def build(root, seed, scale, share=1.0):
    """(training documents, flags with words withheld, flags in full); share: of the annotated prompts, for learning curves."""
    r = random.Random(seed)
    fore, sur = data.names(root)
    towns = data.cities(root)
    train = [d for d in data.prompts("train") if data.fraction_of(d.ident) < share]
    benign = data.benign(root, "train")
    external = data.external(root)
    withheld, full = (lists.build(fore, sur, towns, external, train, benign, t) for t in (True, False))
    maker = synth.Maker(seed, fore, sur, towns, train)
    for d in train + benign:
        d.rate = 1.5 if d.spans else 4.0
    docs = train + benign + data.own_code()
    docs += [maker.swapped(d) for d in train for _ in range(int(6 * scale)) if d.spans]
    if maker.terms.frames:
        docs += [maker.terms.document() for _ in range(int(30000 * scale))]
    docs += [maker.frame() for _ in range(int(4000 * scale))] + [maker.record() for _ in range(int(4000 * scale))]
    for d in external:
        d.rate = 1.0 if d.weight >= 0.5 else 0.6
    docs += external
    docs += [synth.noisy(d, r) for d in docs if r.random() < (0.35 if d.annotated >= data.NO_PROFESSION else 0.1)]
    return docs, withheld, full


def corpus_of(docs, flags, full, chunk=CHUNK):
    table = Table(flags)
    sets = sorted({d.annotated for d in docs}, key=sorted)
    index = {s: classes.N_LABELS + 1 + k for k, s in enumerate(sets)}
    rare = [m == 0 or classes.NAMES[(m - 1) // 4] in RARE for m in range(classes.N_LABELS)]
    rare[0] = False
    ids, gaps, marks, weights, start, length, rate = [], [], [], [], [], [], []
    for d in docs:
        i, g, m = encode(d, table)
        for a in range(0, len(i), chunk):
            start.append(len(ids) + a)
            length.append(min(chunk, len(i) - a))
            rate.append(d.rate)
        ids += i
        gaps += g
        marks += [index[d.annotated] if x is None else classes.N_LABELS if x < 0 else x for x in m]
        weights += [d.weight * (RARE_WEIGHT if x is not None and x >= 0 and rare[x] else 1.0) for x in m]
    grams = np.zeros((len(table.rows), spec.GRAMS_MAX), np.int32)
    for k, g in enumerate(table.grams):
        grams[k, :len(g)] = g
    return Corpus(rows=np.array(table.rows, np.int32), grams=grams, n_grams=np.array([len(g) for g in table.grams], np.uint8),
                  bits=np.array(table.bits, np.uint32), ids=np.array(ids, np.int32), gaps=np.array(gaps, np.uint8), marks=np.array(marks, np.int16),
                  weights=np.array(weights, np.float32), start=np.array(start, np.int64), length=np.array(length, np.int32),
                  rate=np.array(rate, np.float32), allowed=allowed_rows(sets), keys=np.array(sorted(full), np.uint32),
                  flags=np.array([full[k] for k in sorted(full)], np.uint16))


def batches(c, tokens, seed):
    """Endless batches of pieces, about the given number of rows each, every piece met at its rate."""
    r = np.random.default_rng(seed)
    while True:
        times = np.floor(c.rate + r.random(len(c.rate))).astype(np.int64)
        order = np.repeat(np.arange(len(c.rate), dtype=np.int32), times)
        r.shuffle(order)
        at = 0
        while at < len(order):
            rows, first = 0, at
            while at < len(order) and rows + c.length[order[at]] + nets.GAP_ROWS <= tokens:
                rows += c.length[order[at]] + nets.GAP_ROWS
                at += 1
            if at < len(order):
                yield np.ascontiguousarray(order[first:at])
            else:
                break


def held_out(root, part):
    """Documents of a part that is not trained on, and the word lists in full, as the model file has them."""
    fore, sur = data.names(root)
    flags = lists.build(fore, sur, data.cities(root), data.external(root), data.prompts("train"), data.benign(root, "train"), False)
    return data.prompts(part) + data.benign(root, part), flags, flags


def judge(net, c):
    """(loss, recall of the mentions' tokens at the threshold that gives a precision of 0.87), by the probability of any mention."""
    net.corpus(c)
    outside, loss, weight = [], 0.0, 0.0
    pieces, rows, batch = [], 0, []
    for i in range(len(c.length)):
        if rows + c.length[i] + nets.GAP_ROWS > net.cap - 2 * nets.TILE - nets.GAP_ROWS:
            batch.append(pieces)
            pieces, rows = [], 0
        pieces.append(i)
        rows += c.length[i] + nets.GAP_ROWS
    for b in batch + [pieces]:
        for i, logits in zip(b, net.run(np.array(b, np.int32))):
            at = slice(c.start[i], c.start[i] + c.length[i])
            p = np.exp(logits[:, :net.labels] - logits[:, :net.labels].max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            good = (p * c.allowed[c.marks[at]]).sum(1)
            loss -= float((np.log(np.maximum(good, 1e-9)) * c.weights[at]).sum())
            weight += float(c.weights[at].sum())
            outside.append(np.stack([p[:, 0], (c.marks[at] > 0) & (c.marks[at] < net.labels)], 1))
    rows = np.concatenate(outside)
    hits = rows[np.argsort(rows[:, 0], kind="stable"), 1]
    precise = np.cumsum(hits) / np.arange(1, len(hits) + 1) >= 0.87
    last = np.flatnonzero(precise)
    return loss / weight, float(hits[:last[-1] + 1].sum() / hits.sum()) if len(last) else 0.0


def fit(net, c, steps, seed, rate, drop, keep=None, dev=None, tokens=4600):
    """Cosine to nothing; keep(net) is called now and then."""
    net.corpus(c)
    stream = batches(c, tokens, seed)
    begin, total, first = time.time(), 0.0, net.steps
    while net.steps < steps:
        k = net.steps
        lr = rate * min(1, (k + 1) / 100) * max(0.005, 0.5 + 0.5 * math.cos(math.pi * k / steps))
        total += net.step(next(stream), lr, 0.01, drop, seed)
        if net.steps % 200 == 0:
            print("step %d loss %.4f %.0f s, %.3f s a step" % (net.steps, total / 200, time.time() - begin, (time.time() - begin) / (net.steps - first)), flush=True)
            total = 0.0
        if net.steps % 1000 == 0 or net.steps == steps:
            keep(net)
            if dev is not None:
                print("held out: loss %.4f, recall at a precision of 0.87 %.4f" % judge(net, dev), flush=True)
                net.corpus(c)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("build", "fit"))
    p.add_argument("--data", type=pathlib.Path)
    p.add_argument("--corpus", type=pathlib.Path)
    p.add_argument("--dev", type=pathlib.Path)
    p.add_argument("--part", default="train")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--from", dest="origin", type=pathlib.Path, help="a net to go on from")
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--channels", type=int, default=128)
    p.add_argument("--rate", type=float, default=4e-3)
    p.add_argument("--drop", type=float, default=0.22)
    p.add_argument("--scale", type=float, default=1.0, help="amount of made-up text")
    p.add_argument("--share", type=float, default=1.0, help="of the annotated prompts")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    if a.what == "build":
        docs, flags, full = build(a.data, a.seed, a.scale, a.share) if a.part == "train" else held_out(a.data, a.part)
        c = corpus_of(docs, flags, full)
        print("documents %d, pieces %d, tokens %d, distinct %d, listed %d" % (len(docs), len(c.length), len(c.ids), len(c.rows), len(flags)))
        c.write(a.out)
        return
    net = nets.load(a.origin) if a.origin else nets.Net(a.channels)
    if not a.origin:
        net.start(a.seed)
    c = Corpus.read(a.corpus)
    net.lists = (c.keys, c.flags)
    fit(net, c, a.steps, a.seed, a.rate, a.drop, lambda n: n.save(a.out), Corpus.read(a.dev) if a.dev else None)
    net.save(a.out)


if __name__ == "__main__":
    main()
