#!/usr/bin/env python3
"""Writes the small models that the fuzzer starts from and the unit tests use: tiny.py FOLDER"""

from __future__ import annotations

import hashlib
import pathlib
import struct
import sys

import numpy as np

import modelfile
import spec


def model(types=(("person.name", 0), ("place.city", 40)), channels=32, dilations=(1, 2), seed=7) -> bytes:
    r = np.random.default_rng(seed)
    tables = [r.integers(-60, 61, (16, d)) for d in (spec.DIM, spec.DIM, spec.DIM, spec.SHAPE_DIM)]
    layers = []
    for n, k, d in [(channels, spec.INPUTS, 0)] + [(channels, 3 * channels, d) for d in dilations] + [(-(-(1 + 4 * len(types)) // 32) * 32, channels, 0)]:
        layers.append(modelfile.layer(r.integers(-127, 128, (n, k)), r.integers(-5000, 5000, n), r.integers(0, 30000, n), d, 5, 3000))
    flags = {spec.word_hash(w): f for w, f in (("anna", spec.FLAG_FORENAME), ("paris", spec.FLAG_CITY), ("the", spec.FLAG_PLAIN), ("is", spec.FLAG_PLAIN))}
    scores = [min(100, 20 + 3 * i) for i in range(32)]
    return modelfile.write([(name, bias, scores, scores[::-1]) for name, bias in types], tables, flags, layers, channels, 50)


def resigned(blob: bytes) -> bytes:
    return blob[:16] + hashlib.sha256(blob[48:]).digest() + blob[48:]


def main():
    out = pathlib.Path(sys.argv[1])
    good = model()
    (out / "tiny").write_bytes(good)
    (out / "one-type").write_bytes(model(types=(("org.name", -30),), dilations=(1, 2, 4, 8, 1), seed=8))
    (out / "short").write_bytes(good[:1000])
    (out / "header-only").write_bytes(good[:128])
    (out / "version").write_bytes(good[:8] + struct.pack("<I", 2) + good[12:])
    (out / "channels").write_bytes(resigned(good[:48] + struct.pack("<I", 64) + good[52:]))
    (out / "type").write_bytes(resigned(good.replace(b"person.name\0", b"person.nome\0")))
    (out / "bytes").write_bytes(resigned(good[:3000] + bytes(range(256)) + good[3256:]))
    (out / "empty").write_bytes(b"")


if __name__ == "__main__":
    main()
