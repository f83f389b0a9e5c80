#!/usr/bin/env python3
"""Float net to model file: export.py --data DIR --net NET.npz --out FILE.bwm [--types FILE.json] [--bias N]

Batch norms are folded away, weights become int8 with a scale per output, activations 0..127, the residual stream 16 bits.
The ranges are measured on the training part. --types gives each class its bias and calibration (evaluate.py writes it).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random

import numpy as np

import classes
import data
import modelfile
import net as nets
import spec
import train

IDENTITY = list(range(1, modelfile.BUCKETS + 1))  # scores that tell evaluate.py the bucket
UNIT = 1 / 64  # of a logit
BUCKET = 24    # logit units of one calibration bucket, of a mention's mean margin a token


def fold(net, i):
    """A layer's weights and bias with its batch norm in them."""
    g = net.gamma[i] / np.sqrt(net.stats[i, 1] + 1e-5)
    return net.weight[i].astype(np.float64) * g, (net.beta[i] - net.stats[i, 0] * g).astype(np.float64)


def ranges(net, docs, flags):
    """Each layer's largest output by channel, its residuals, and the largest logit, over some training text."""
    c = train.corpus_of(docs, flags, flags)
    net.corpus(c)
    layers = len(net.dilations) + 1
    acc, res, out = [0.0] * layers, [[] for _ in range(layers)], 0.0
    for a in range(0, len(c.length), 20):
        pieces = np.arange(a, min(a + 20, len(c.length)), dtype=np.int32)
        out = max(out, max(float(np.abs(l).max()) for l in net.run(pieces)))
        for i in range(layers):
            y = np.concatenate(net.rows(net.lib.fit_normed(net.f, i), net.channels, pieces)) * net.gamma[i] + net.beta[i]
            acc[i] = np.maximum(acc[i], y.max(0))
            res[i].append(np.concatenate(net.rows(net.lib.fit_hidden(net.f, i), net.channels, pieces)))
    return acc, [np.concatenate(r) for r in res], out


def rows_of(w, inputs):
    """[taps][inputs][outputs] as [outputs][taps * inputs]."""
    return w[:, :inputs].reshape(-1, w.shape[-1]).T


def layer(q, bias, multiplier, dilation, shift, following):
    pad = -q.shape[0] % modelfile.PANEL
    q, bias, multiplier = np.pad(q, ((0, pad), (0, 0))), np.pad(bias, (0, pad)), np.pad(multiplier, (0, pad))
    return modelfile.layer(q, np.clip(bias, -2 ** 30, 2 ** 30), multiplier, dilation, shift, following)


def integer_layer(w, b, s_in, offset, peak, s_res, s_next, dilation):
    """A scale per output: as fine as its weights allow, but so coarse that its largest output fits 16 bits after the shift."""
    finest = np.maximum(np.abs(w).max(1) / 127, 1e-9)
    shift = int(np.clip(np.floor(np.log2(s_res / (s_in * finest.max()))), 0, 15))
    s_w = np.maximum(finest, 1.2 * peak / (s_in * 2 ** shift * 32767))
    q = np.clip(np.rint(w / s_w[:, None]), -127, 127)
    bias = np.rint(b / (s_in * s_w)) - offset * q.sum(1) + (1 << shift) // 2
    multiplier = np.rint(s_in * s_w * 2 ** shift / s_res * 32768)
    assert multiplier.max() <= 32768, "the residual's scale is too fine"
    return layer(q, bias, np.minimum(multiplier, 32767), dilation, shift, int(round(min(1, s_res / s_next) * 32767)))


def integer_head(w, b, s_in):
    """One scale for all outputs, so that logits compare."""
    shift = 0
    while UNIT / 2 ** shift / s_in < np.abs(w).max() / 127:
        shift -= 1
    while UNIT / 2 ** (shift + 1) / s_in >= np.abs(w).max() / 127:
        shift += 1
    assert 0 <= shift <= 15, "logits need a coarser unit"
    s_w = UNIT / 2 ** shift / s_in
    return layer(np.rint(w / s_w), np.rint(b / (s_in * s_w)) + (1 << shift) // 2, np.zeros(w.shape[0]), 0, shift, 0)


def layers_of(net, docs, flags):
    peaks, res, out = ranges(net, docs, flags)
    s_x = [float(np.quantile(r[r > 0], 0.9999)) / 127 for r in res]
    folded = []
    for i in range(len(net.dilations) + 1):
        w, b = fold(net, i)
        folded.append((rows_of(w, net.channels if i else spec.INPUTS), b))
    s_in = [1 / 32] + s_x[:-1]
    s_res = max([1.2 * max(float(r.max()) for r in res) / 32767] + [1.01 * s * np.abs(w).max() / 127 for s, (w, _) in zip(s_in, folded)]
                + [1.21 * p.max() / 32767 for p in peaks])
    dilations = (0,) + net.dilations
    out_layers = [integer_layer(w, b, s_in[i], 0 if i else 64, peaks[i], s_res, s_x[i], dilations[i]) for i, (w, b) in enumerate(folded)]
    print("residual scale %.5f, inputs' %s, largest logit %.1f" % (s_res, ["%.4f" % s for s in s_x], out))
    return out_layers + [integer_head(net.head.astype(np.float64).T, net.bias.astype(np.float64), s_x[-1])]


def table_bytes(weight):
    return np.clip(np.rint(weight * 32), -127, 127)


def export(net, docs, tuned, bias):
    flags = dict(zip(net.lists[0].tolist(), net.lists[1].tolist()))
    layers = layers_of(net, docs, flags)
    tables = [table_bytes(t) for t in (net.word, net.affix, net.gram, net.shape)]
    types = [(dotted, tuned.get(name, {}).get("bias", bias), *(tuned.get(name, {}).get(k, IDENTITY) for k in ("company", "alone"))) for name, dotted in classes.CLASSES]
    return modelfile.write(types, tables, flags, layers, net.channels, BUCKET)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--net", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--types", type=pathlib.Path)
    p.add_argument("--bias", type=int, default=96, help="of every class, in logit units, where --types does not say")
    a = p.parse_args()
    net = nets.load(a.net)
    docs = random.Random(5).sample(data.prompts("train"), 500) + data.benign(a.data, "train")[:60]
    tuned = json.loads(a.types.read_text()) if a.types else {}
    blob = export(net, docs, tuned, a.bias)
    a.out.write_bytes(blob)
    print(len(blob), "bytes")


if __name__ == "__main__":
    main()
