#!/usr/bin/env python3
"""Float net to model file: export.py --data DIR --net FILE.pt --out FILE.bwm [--types FILE.json]

Batch norms are folded away, weights become int8 with a scale per output, activations 0..127, the residual stream 16 bits.
The ranges are measured on the training part. --types gives each class its bias and calibration (evaluate.py writes it).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random

import numpy as np
import torch
from torch.nn import functional as F

import classes
import data
import lists
import modelfile
import spec
import train

IDENTITY = list(range(1, 33))  # scores that tell evaluate.py the bucket
UNIT = 1 / 64  # of a logit
BUCKET = 16    # logit units of one calibration bucket: a quarter of a unit of log-odds


def fold(weight, bias, norm):
    g = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return weight * g.reshape(-1, *[1] * (weight.dim() - 1)), (bias - norm.running_mean) * g + norm.bias


def ranges(net, docs, table):
    """Each layer's largest output by channel, its residuals, and the largest logit, over some training text."""
    net.eval()
    seen = {"acc": [0.0] * (len(net.convs) + 1), "res": [[] for _ in range(len(net.convs) + 1)], "out": 0.0}
    items, _ = train.pieces(docs, table)
    rows, grams = np.array(table.rows, np.int64), np.array(table.grams, np.int64)
    bits = train.bit_rows(np.array(table.bits, np.int64))
    with torch.no_grad():
        for a in range(0, len(items), 32):
            ids, gaps, _, mask, _ = train.pack(items[a:a + 32])
            distinct, local = np.unique(ids, return_inverse=True)
            u = torch.cat([net.inputs(torch.from_numpy(rows[distinct]), torch.from_numpy(grams[distinct])), torch.from_numpy(bits[distinct])], 1)
            x = torch.cat([u[torch.from_numpy(local.reshape(ids.shape))], F.one_hot(torch.from_numpy(gaps), 4).float()], -1)
            m = torch.from_numpy(mask)[:, None, :]
            y = net.norm0(net.mixin(x).transpose(1, 2))
            h = F.relu(y) * m
            for i in range(len(net.convs) + 1):
                seen["acc"][i] = np.maximum(seen["acc"][i], (y * m).amax((0, 2)).numpy())
                seen["res"][i].append(h[m.expand_as(h) > 0].numpy())
                if i < len(net.convs):
                    y = net.norms[i](net.convs[i](h))
                    h = h + F.relu(y) * m
            seen["out"] = max(seen["out"], float(net.head(h.transpose(1, 2)).abs().max()))
    return seen["acc"], [np.concatenate(r) for r in seen["res"]], seen["out"]


def rows_of(w):
    """Weights as float64 [outputs][inputs], the taps of a convolution one after the other."""
    w = w.detach().numpy().astype(np.float64)
    return w.transpose(0, 2, 1).reshape(w.shape[0], -1) if w.ndim == 3 else w


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


def layers_of(net, docs, table):
    peaks, res, out = ranges(net, docs, table)
    s_x = [float(np.quantile(r[r > 0], 0.9999)) / 127 for r in res]
    folded = [fold(net.mixin.weight, net.mixin.bias, net.norm0)] + [fold(c.weight, c.bias, n) for c, n in zip(net.convs, net.norms)]
    folded = [(rows_of(w), b.detach().numpy().astype(np.float64)) for w, b in folded]
    s_in = [1 / 32] + s_x[:-1]
    s_res = max([1.2 * max(float(r.max()) for r in res) / 32767] + [1.01 * s * np.abs(w).max() / 127 for s, (w, _) in zip(s_in, folded)]
                + [1.21 * p.max() / 32767 for p in peaks])
    dilations = (0,) + train.DILATIONS
    out_layers = [integer_layer(w, b, s_in[i], 0 if i else 64, peaks[i], s_res, s_x[i], dilations[i]) for i, (w, b) in enumerate(folded)]
    print("residual scale %.5f, inputs' %s, largest logit %.1f" % (s_res, ["%.4f" % s for s in s_x], out))
    return out_layers + [integer_head(rows_of(net.head.weight), net.head.bias.detach().numpy().astype(np.float64), s_x[-1])]


def table_bytes(weight, rows):
    return np.clip(np.rint(weight.detach().numpy()[:rows] * 32), -127, 127)


def load(path):
    saved = torch.load(path)
    net = train.Net(saved["channels"])
    net.load_state_dict(saved["state"])
    net.eval()
    return net, saved["channels"]


def full_lists(root):
    fore, sur = data.names(root)
    return lists.build(fore, sur, data.cities(root), data.external(root), data.prompts("train"), data.benign(root, "train"), False)


def export(net, channels, flags, docs, tuned):
    layers = layers_of(net, docs, train.Table(flags))
    tables = [table_bytes(t.weight, 1 << b) for t, b in ((net.word, spec.WORD_BITS), (net.affix, spec.AFFIX_BITS), (net.gram, spec.GRAM_BITS),
                                                         (net.shape, spec.SHAPE_BITS))]
    types = [(dotted, tuned.get(name, {}).get("bias", 0), tuned.get(name, {}).get("scores", IDENTITY)) for name, dotted in classes.CLASSES]
    return modelfile.write(types, tables, flags, layers, channels, BUCKET)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--net", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--types", type=pathlib.Path)
    a = p.parse_args()
    torch.set_num_threads(1)
    net, channels = load(a.net)
    docs = random.Random(5).sample(data.prompts("train"), 500) + data.benign(a.data, "train")[:60]
    tuned = json.loads(a.types.read_text()) if a.types else {}
    blob = export(net, channels, full_lists(a.data), docs, tuned)
    a.out.write_bytes(blob)
    print(len(blob), "bytes")


if __name__ == "__main__":
    main()
