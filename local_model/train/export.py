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
    """Largest accumulations (before the ReLU), contributions and residuals over some training text."""
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
                seen["acc"][i] = max(seen["acc"][i], float((y * m).abs().max()))
                seen["res"][i].append(h[m.expand_as(h) > 0].numpy())
                if i < len(net.convs):
                    y = net.norms[i](net.convs[i](h))
                    h = h + F.relu(y) * m
            seen["out"] = max(seen["out"], float(net.head(h.transpose(1, 2)).abs().max()))
    return seen["acc"], [np.concatenate(r) for r in seen["res"]], seen["out"]


def quantise(w, b, s_in, offset, limit, s_res, s_next, dilation, unit=None):
    """A layer in integers; unit: the head's one output scale, in place of a scale per channel."""
    w, b = w.numpy().astype(np.float64), b.numpy().astype(np.float64)
    n = w.shape[0]
    w = w.transpose(0, 2, 1).reshape(n, -1) if w.ndim == 3 else w
    peak = np.abs(w).max(1)
    shift = 0
    if unit is not None:
        while unit / 2 ** shift / s_in < peak.max() / 127:
            shift += 1
            assert shift <= 15
        s_w = np.full(n, unit / 2 ** shift / s_in)
    else:
        s_w = np.maximum(peak / 127, 1e-8)
    q = np.clip(np.rint(w / s_w[:, None]), -127, 127)
    bias = np.rint(b / (s_in * s_w)) - offset * q.sum(1)
    if unit is None:
        while (1.3 * limit / (s_in * s_w) / 2 ** shift).max() > 32767 and shift < 15:
            shift += 1
    bias += (1 << shift) // 2
    multiplier = np.clip(np.rint(s_in * s_w * 2 ** shift / s_res * 32768), 0, 32767) if unit is None else np.zeros(n)
    pad = -n % modelfile.PANEL
    q, bias, multiplier = np.pad(q, ((0, pad), (0, 0))), np.pad(bias, (0, pad)), np.pad(multiplier, (0, pad))
    following = 0 if s_next is None else min(32767, int(round(s_res / s_next * 32768)))
    return modelfile.layer(q, np.clip(bias, -2 ** 30, 2 ** 30), multiplier, dilation, shift, following)


def layers_of(net, docs, table):
    acc, res, out = ranges(net, docs, table)
    s_res = 1.2 * max(float(r.max()) for r in res) / 32767
    s_x = [float(np.quantile(r[r > 0], 0.9999)) / 127 for r in res]
    w, b = fold(net.mixin.weight.detach(), net.mixin.bias.detach(), net.norm0)
    out_layers = [quantise(w.detach(), b.detach(), 1 / 32, 64, acc[0], s_res, s_x[0], 0)]
    for i, (conv, norm) in enumerate(zip(net.convs, net.norms)):
        w, b = fold(conv.weight.detach(), conv.bias.detach(), norm)
        out_layers.append(quantise(w.detach(), b.detach(), s_x[i], 0, acc[i + 1], s_res, s_x[i + 1], train.DILATIONS[i]))
    print("residual scale %.5f, inputs' %s, largest logit %.1f" % (s_res, ["%.4f" % s for s in s_x], out))
    out_layers.append(quantise(net.head.weight.detach(), net.head.bias.detach(), s_x[-1], 0, out, 1, None, 0, UNIT))
    return out_layers


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
