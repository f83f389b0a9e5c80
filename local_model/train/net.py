"""The float net: a wrapper around fit.c, which it compiles on first use. Parameters are views into the library's memory."""

from __future__ import annotations

import ctypes
import hashlib
import os
import pathlib
import subprocess
import tempfile

import numpy as np

import classes
import spec

SOURCE = pathlib.Path(__file__).resolve().parent / "fit.c"
FLAGS = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
DILATIONS = (1, 2, 4, 8, 1)
GAP_ROWS, TILE = 16, 12


class Shape(ctypes.Structure):
    _fields_ = [(n, ctypes.c_int32) for n in ("word", "affix", "gram", "shape", "bits", "flags", "channels", "convs", "labels")] + [
        ("dilation", ctypes.c_int32 * 8)]


def library():
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    path = pathlib.Path(tempfile.gettempdir()) / ("tagger-fit-%s-%d.so" % (name, os.getuid()))
    if not path.exists():
        part = path.with_suffix(".%d" % os.getpid())
        subprocess.run(["gcc", *FLAGS, "-o", str(part), str(SOURCE), "-lm"], check=True)
        part.rename(path)
    lib = ctypes.CDLL(str(path))
    for f in ("theta", "moments", "stats", "logits", "hidden", "normed"):
        getattr(lib, "fit_" + f).restype = ctypes.POINTER(ctypes.c_float)
    lib.fit_new.restype = ctypes.c_void_p
    lib.fit_places.restype = lib.fit_run.restype = ctypes.c_int64
    lib.fit_step.restype = lib.fit_gradient.restype = ctypes.c_double
    return lib


def pointer(a):
    return a.ctypes.data_as(ctypes.c_void_p)


class Net:
    def __init__(self, channels, dilations=DILATIONS, cap=5200):
        self.lib, self.channels, self.dilations, self.cap = library(), channels, tuple(dilations), cap
        self.labels, self.outs = classes.N_LABELS, -(-classes.N_LABELS // 32) * 32
        bits = spec.N_FLAGS + spec.N_LOOKS
        self.width = -(-(spec.PARTS + bits + spec.N_GAPS) // 32) * 32
        shape = Shape(1 << spec.WORD_BITS, 1 << spec.AFFIX_BITS, 1 << spec.GRAM_BITS, 1 << spec.SHAPE_BITS, bits, spec.N_FLAGS, channels,
                      len(dilations), self.labels, (ctypes.c_int32 * 8)(*dilations))
        self.f = ctypes.c_void_p(self.lib.fit_new(ctypes.byref(shape), ctypes.c_int64(cap)))
        places = (ctypes.c_int64 * 64)()
        size = self.lib.fit_places(self.f, places)
        self.theta = np.ctypeslib.as_array(self.lib.fit_theta(self.f), (size,))
        self.moments = [np.ctypeslib.as_array(self.lib.fit_moments(self.f, i), (size,)) for i in (0, 1)]
        self.stats = np.ctypeslib.as_array(self.lib.fit_stats(self.f), (len(dilations) + 1, 2, channels))
        view = lambda at, *dims: self.theta[at:at + int(np.prod(dims))].reshape(dims)
        p = list(places)
        self.word, self.affix = view(p[0], shape.word, spec.DIM), view(p[1], shape.affix, spec.DIM)
        self.gram, self.shape = view(p[2], shape.gram, spec.DIM), view(p[3], shape.shape, spec.SHAPE_DIM)
        self.weight, self.gamma, self.beta = [], [], []
        for i in range(len(dilations) + 1):
            w, g, b = p[4 + 3 * i:7 + 3 * i]
            self.weight.append(view(w, 3, channels, channels) if i else view(w, 1, self.width, channels))
            self.gamma.append(view(g, channels))
            self.beta.append(view(b, channels))
        at = 4 + 3 * (len(dilations) + 1)
        self.head, self.bias = view(p[at], channels, self.outs), view(p[at + 1], self.outs)
        self.steps = 0
        self.lists = (np.zeros(0, np.uint32), np.zeros(0, np.uint16))  # keys and flags of the words that the net was trained with

    def start(self, seed):
        r = np.random.default_rng(seed)
        for t in (self.word, self.affix, self.gram, self.shape):
            t[:] = r.normal(0, 0.3, t.shape)
        for w in self.weight + [self.head]:
            fan = w.shape[-2] * (3 if w.ndim == 3 and w.shape[0] == 3 else 1)
            w[:] = r.uniform(-1, 1, w.shape) / np.sqrt(fan)
        for g in self.gamma:
            g[:] = 1
        self.stats[:, 1] = 1

    def corpus(self, c):
        """c: a data set as train.Corpus lays it out; it must outlive its use."""
        self.c = c
        self.lib.fit_tokens(self.f, pointer(c.rows), pointer(c.grams), pointer(c.n_grams), pointer(c.bits))
        self.lib.fit_corpus(self.f, pointer(c.ids), pointer(c.gaps), pointer(c.marks), pointer(c.weights), pointer(c.start), pointer(c.length),
                            pointer(c.allowed))

    def step(self, pieces, rate, decay, drop, seed):
        self.steps += 1
        return self.lib.fit_step(self.f, pointer(pieces), ctypes.c_int64(len(pieces)), ctypes.c_int64(self.steps), ctypes.c_float(rate),
                                 ctypes.c_float(decay), ctypes.c_float(drop), ctypes.c_uint32(seed))

    def run(self, pieces):
        """Logits of the pieces, one array each."""
        self.lib.fit_run(self.f, pointer(pieces), ctypes.c_int64(len(pieces)))
        return self.rows(self.lib.fit_logits(self.f), self.outs, pieces)

    def rows(self, p, width, pieces):
        all_rows = np.ctypeslib.as_array(p, (self.cap, width))
        out, at = [], 0
        for i in pieces:
            n = int(self.c.length[i])
            out.append(all_rows[at:at + n].copy())
            at += n + GAP_ROWS
        return out

    def save(self, path):
        np.savez(path, keys=self.lists[0], flags=self.lists[1], theta=self.theta, m=self.moments[0], v=self.moments[1], stats=self.stats, steps=self.steps, channels=self.channels,
                 dilations=self.dilations)


def load(path):
    with np.load(path) as z:
        net = Net(int(z["channels"]), tuple(int(d) for d in z["dilations"]))
        net.theta[:], net.stats[:], net.steps = z["theta"], z["stats"], int(z["steps"])
        net.moments[0][:], net.moments[1][:] = z["m"], z["v"]
        net.lists = (z["keys"], z["flags"])
    return net
