"""Logs forged byte by byte, by a program that shares no line with the one under test."""

import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERIFIER = os.path.join(ROOT, "audit", "verifier", "bailiwick-verify")
ORIGIN = "bailiwick.test/log"
DECISION, ATTEMPT, OUTCOME = 1, 2, 3


class Signer:
    """A key of the attacker's own, or of the log."""

    def __init__(self, name=ORIGIN):
        self.name = name
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.blob = b"\x01" + public
        self.id = hashlib.sha256(name.encode() + b"\n" + self.blob).digest()[:4]

    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.blob).decode()}"

    def sign(self, text):
        signature = base64.b64encode(self.id + self.key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.name} {signature}\n".encode()


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(hashes):
    """By the book: RFC 6962, section 2.1."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + root_of(hashes[:k]) + root_of(hashes[k:]))


def body_of(kind, sequence):
    """A decision says nothing here; an outcome names the leaf before it."""
    return bytes([0xA2, 1, sequence - 1, 2, 0x60]) if kind == OUTCOME else b"\xa0"


class Log:
    """A log of at most 256 leaves whose every byte a test can choose. write() puts it on disk as an export."""

    def __init__(self, kinds, signer=None):
        self.signer = signer or Signer()
        self.salted = [bytes([i]) * 32 + body_of(kind, i) for i, kind in enumerate(kinds)]
        self.leaves = [self.leaf(i, kind) for i, kind in enumerate(kinds)]
        self.size = None  # what the checkpoint says, if it is to lie
        self.root = None

    def leaf(self, sequence, kind, digest=None):
        return struct.pack(">BBHQQ32s", 1, kind, 0, sequence, 1_700_000_000_000_000_000 + sequence,
                           digest or sha256(self.salted[sequence]))

    def hashes(self):
        return [sha256(b"\0" + leaf) for leaf in self.leaves]

    def checkpoint(self):
        size = len(self.leaves) if self.size is None else self.size
        root = base64.b64encode(self.root or root_of(self.hashes())).decode()
        return self.signer.sign(f"{self.signer.name}\n{size}\n{root}\n")

    def write(self, folder):
        width = len(self.leaves)
        name = f"000.p/{width}"
        files = {
            f"tile/0/{name}": b"".join(self.hashes()),
            f"tile/entries/{name}": b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in self.leaves),
            f"body/{name}": b"".join(struct.pack(">I", len(body)) + body for body in self.salted),
            "checkpoint": self.checkpoint(),
        }
        for path, content in files.items():
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as f:
                f.write(content)
        return folder
