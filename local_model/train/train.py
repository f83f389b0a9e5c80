#!/usr/bin/env python3
"""Trains the tagger: train.py --data DIR --out FILE.pt [--steps N] [--channels C] [--seed S]

DIR holds the external sets named in docs/model-card.md. The result is the float net with all that export.py needs.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import classes
import data
import lists
import spec
import synth

DILATIONS = (1, 2, 4, 8, 1)
CHUNK = 192  # tokens of one training piece


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
            w, p, s3, s4, shape, grams, case, word = spec.features(surface, before, after)
            self.rows.append([*w, *p, *s3, *s4, shape])
            self.grams.append(list(grams) + [1 << spec.GRAM_BITS] * (spec.GRAMS_MAX - len(grams)))
            self.bits.append(self.flags.get(word, 0) | case << 8)
        return at


def bit_rows(bits):
    return ((bits[:, None] >> np.arange(12)) & 1).astype(np.float32)


class Net(nn.Module):
    """The float twin of net.c: sums of table rows, clamped; a mixing layer; residual convolutions; a linear head."""

    def __init__(self, channels, layers=DILATIONS):
        super().__init__()
        self.word = nn.Embedding(1 << spec.WORD_BITS, spec.DIM)
        self.affix = nn.Embedding(1 << spec.AFFIX_BITS, spec.DIM)
        self.gram = nn.Embedding((1 << spec.GRAM_BITS) + 1, spec.DIM, padding_idx=1 << spec.GRAM_BITS)
        self.shape = nn.Embedding(1 << spec.SHAPE_BITS, spec.SHAPE_DIM)
        for e in (self.word, self.affix, self.gram, self.shape):
            nn.init.normal_(e.weight, 0, 0.3)
        with torch.no_grad():
            self.gram.weight[-1] = 0
        self.mixin = nn.Linear(spec.INPUTS, channels)
        self.norm0 = nn.BatchNorm1d(channels)
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, 3, padding=d, dilation=d) for d in layers)
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in layers)
        self.head = nn.Linear(channels, classes.N_LABELS)

    def inputs(self, rows, grams):
        """Distinct tokens' parts of the input, clamped as the integer net does."""
        pair = lambda table, a: table(rows[:, a]) + table(rows[:, a + 1])
        n = (grams < 1 << spec.GRAM_BITS).sum(1, keepdim=True).clamp(min=1)
        bag = self.gram(grams).sum(1) / n.sqrt()
        parts = [pair(self.word, 0), pair(self.affix, 2), pair(self.affix, 4), pair(self.affix, 6), bag, self.shape(rows[:, 8])]
        return torch.cat(parts, 1).clamp(-2, 63 / 32)

    def forward(self, rows, grams, bits, ids, gaps, mask, drop=0.0):
        u = torch.cat([self.inputs(rows, grams), bits], 1)
        x = u[ids]
        if drop:
            keep = torch.ones_like(x)
            shape = ids.shape + (1,)
            keep[..., :spec.DIM] *= (torch.rand(shape) > 0.3).float()
            keep[..., spec.DIM:4 * spec.DIM] *= (torch.rand(shape) > 0.1).float()
            keep[..., 4 * spec.DIM:5 * spec.DIM] *= (torch.rand(shape) > 0.1).float()
            keep[..., -12:-4] *= (torch.rand(shape) > 0.2).float()
            x = x * keep
        x = torch.cat([x, F.one_hot(gaps, 4).float()], -1)
        h = self.mixin(x).transpose(1, 2)
        m = mask[:, None, :]
        h = F.relu(self.norm0(h)) * m
        h = F.dropout(h, drop, self.training)
        for conv, norm in zip(self.convs, self.norms):
            y = F.relu(norm(conv(h))) * m
            h = h + F.dropout(y, drop, self.training)
        return self.head(h.transpose(1, 2))


def encode(doc, table):
    """(token ids, gaps, mask ids): the mask id names the set of labels that are right for a token."""
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
    rows = np.zeros((n + 1 + len(annotated_sets), n), np.float32)
    rows[:n] = np.eye(n)
    rows[n] = 1
    for k, s in enumerate(annotated_sets):
        rows[n + 1 + k, 0] = 1
        for c, name in enumerate(classes.NAMES):
            if name not in s:
                rows[n + 1 + k, 1 + 4 * c:5 + 4 * c] = 1
    return rows


def build(root, seed, scale):
    r = random.Random(seed)
    fore, sur = data.names(root)
    towns = data.cities(root)
    train = data.prompts("train")
    benign = data.benign(root, "train")
    external = data.external(root)
    flags = lists.build(fore, sur, towns, external, train, benign, True)
    maker = synth.Maker(seed, fore, sur, towns, train)
    docs = train * 2 + benign * 4
    docs += [maker.swapped(d) for d in train for _ in range(int(8 * scale)) if d.spans]
    docs += [maker.frame() for _ in range(int(7000 * scale))] + [maker.record() for _ in range(int(3500 * scale))]
    docs += [d for d in external if r.random() < 0.4]
    docs += [synth.noisy(d, r) for d in docs if r.random() < (0.35 if d.annotated >= data.NO_PROFESSION else 0.1)]
    return docs, flags


def pieces(docs, table):
    sets = sorted({d.annotated for d in docs}, key=sorted)
    index = {s: classes.N_LABELS + 1 + k for k, s in enumerate(sets)}
    out = []
    for d in docs:
        ids, gaps, marks = encode(d, table)
        masks = [index[d.annotated] if m is None else classes.N_LABELS if m < 0 else m for m in marks]
        for a in range(0, len(ids), CHUNK):
            out.append((np.array(ids[a:a + CHUNK], np.int32), np.array(gaps[a:a + CHUNK], np.int8), np.array(masks[a:a + CHUNK], np.int16), d.weight))
    return out, allowed_rows(sets)


def batches(items, tokens, r):
    """Endless batches of pieces of like length."""
    while True:
        order = list(range(len(items)))
        r.shuffle(order)
        for a in range(0, len(order), 4000):
            block = sorted(order[a:a + 4000], key=lambda i: len(items[i][0]))
            groups, group = [], []
            for i in block:
                if group and len(items[i][0]) * (len(group) + 1) > tokens:
                    groups.append(group)
                    group = []
                group.append(i)
            groups.append(group)
            r.shuffle(groups)
            for g in groups:
                yield [items[i] for i in g]


def pack(batch):
    width = max(len(b[0]) for b in batch)
    ids = np.zeros((len(batch), width), np.int64)
    gaps, labels, mask = np.zeros_like(ids), np.zeros_like(ids), np.zeros((len(batch), width), np.float32)
    weight = np.zeros_like(mask)
    for i, (a, g, m, w) in enumerate(batch):
        ids[i, :len(a)], gaps[i, :len(a)], labels[i, :len(a)], mask[i, :len(a)], weight[i, :len(a)] = a, g, m, 1, w
    return ids, gaps, labels, mask, weight


def fit(net, items, table, allowed, steps, seed, tokens=4096, rate=4e-3):
    rows, grams = np.array(table.rows, np.int64), np.array(table.grams, np.int64)
    bits = bit_rows(np.array(table.bits, np.int64))
    allow = torch.from_numpy(allowed)
    opt = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
    average = {k: v.clone().float() for k, v in net.state_dict().items()}
    stream = batches(items, tokens, random.Random(seed))
    start, total = time.time(), 0.0
    for step in range(steps):
        ids, gaps, labels, mask, weight = pack(next(stream))
        lr = rate * min(1, (step + 1) / 60) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        for g in opt.param_groups:
            g["lr"] = max(lr, rate * 0.01)
        distinct, local = np.unique(ids, return_inverse=True)
        out = net(torch.from_numpy(rows[distinct]), torch.from_numpy(grams[distinct]), torch.from_numpy(bits[distinct]),
                  torch.from_numpy(local.reshape(ids.shape)), torch.from_numpy(gaps), torch.from_numpy(mask), 0.22)
        logp = F.log_softmax(out, -1)
        ok = allow[torch.from_numpy(labels)]
        loss = -torch.logsumexp(logp + (ok - 1) * 1e4, -1) * torch.from_numpy(mask * weight)
        loss = loss.sum() / float((mask * weight).sum())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        total += loss.item()
        decay = min(0.995, (1 + step) / (10 + step))
        for k, v in net.state_dict().items():
            average[k].mul_(decay).add_(v.float(), alpha=1 - decay)
        if step % 50 == 49:
            print("step %d loss %.4f %.0f s" % (step + 1, total / 50, time.time() - start), flush=True)
            total = 0.0
    net.load_state_dict({k: v.to(net.state_dict()[k].dtype) for k, v in average.items()})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--steps", type=int, default=1400)
    p.add_argument("--channels", type=int, default=96)
    p.add_argument("--scale", type=float, default=1.0, help="amount of made-up text")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    docs, flags = build(a.data, a.seed, a.scale)
    table = Table(flags)
    items, allowed = pieces(docs, table)
    print("documents %d, pieces %d, tokens %d, distinct %d, listed %d" % (len(docs), len(items), sum(len(i[0]) for i in items), len(table.rows), len(flags)), flush=True)
    net = Net(a.channels)
    fit(net, items, table, allowed, a.steps, a.seed)
    torch.save({"state": net.state_dict(), "channels": a.channels, "seed": a.seed, "steps": a.steps}, a.out)


if __name__ == "__main__":
    main()
