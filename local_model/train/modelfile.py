"""Writes the model file that model.c reads; the layout is described in model.h."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

import spec

VERSION, PANEL, BUCKETS = 3, 32, 32


def padded(b: bytes) -> bytes:
    return b + bytes(-len(b) % 64)


def layer(weights, bias, multiplier, dilation, shift, following) -> bytes:
    """weights: int8 [outputs][inputs], inputs of a convolution tap by tap."""
    n, k = weights.shape
    assert n % PANEL == 0 and k % 4 == 0
    panels = weights.reshape(n // PANEL, PANEL, k // 4, 4).transpose(0, 2, 1, 3)
    head = struct.pack("<IIII", dilation, shift, following, 0) + bias.astype("<i4").tobytes() + multiplier.astype("<i2").tobytes()
    return padded(head) + padded(np.ascontiguousarray(panels).astype(np.int8).tobytes())


def write(types, tables, flags, layers, channels, margin_unit) -> bytes:
    """types: (dotted name, bias, 32 scores in company, 32 alone); tables: word, affix, gram, shape as int8 arrays; flags: {key: flags}."""
    body = b""
    rows = b"".join(name.encode().ljust(40, b"\0") + struct.pack("<i", bias) + bytes(company) + bytes(alone) + bytes(20)
                    for name, bias, company, alone in types)
    body += padded(rows)
    for t in tables:
        body += padded(t.astype(np.int8).tobytes())
    keys = np.array(sorted(flags), dtype="<u4")
    body += padded(keys.tobytes()) + padded(np.array([flags[int(k)] for k in keys], dtype="<u2").tobytes())
    body += b"".join(layers)
    bits = [int(t.shape[0]).bit_length() - 1 for t in tables]
    shape = struct.pack("<9I", channels, len(layers) - 2, len(types), *bits, len(keys), margin_unit) + bytes(128 - 48 - 36)
    size = 128 + len(body)
    return b"BWTAGGER" + struct.pack("<II", VERSION, size) + hashlib.sha256(shape + body).digest() + shape + body
