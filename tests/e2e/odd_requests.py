"""The odd requests of tests/data, read as their head comments say."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
_ESCAPE = re.compile(rb"\\(?:([rnt0\\])|x([0-9A-Fa-f]{2})|\{(\d+):((?:[^\\}]|\\[^{])*)\})", re.S)
_SHORT = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


@dataclass(frozen=True)
class Refused:
    """A request that must be refused, and the name of the reason."""

    name: str
    clause: str
    wire: bytes


@dataclass(frozen=True)
class Accepted:
    """A request that is valid, and how it reads."""

    name: str
    method: str
    target: str
    framing: str
    body: bytes
    wire: bytes


def unescape(text: bytes) -> bytes:
    """The bytes that an escaped text stands for."""

    def plain(match: re.Match) -> bytes:
        short, code, count, repeated = match.groups()
        if short is not None:
            return _SHORT[short]
        return bytes.fromhex(code.decode()) if code is not None else unescape(repeated) * int(count)

    return _ESCAPE.sub(plain, text)


def _rows(name: str, parts: int) -> list[list[bytes]]:
    rows = []
    for line in (DATA / name).read_bytes().split(b"\n"):
        if line and not line.startswith(b"#"):
            row = line.split(b"\t", parts - 1)
            if len(row) != parts:
                raise ValueError(f"{name}: {line[:60]!r} has not {parts} parts")
            rows.append(row)
    return rows


def refused() -> list[Refused]:
    """The cases of h1_reject.txt."""
    return [Refused(name.decode(), clause.decode(), unescape(wire)) for name, clause, wire in _rows("h1_reject.txt", 3)]


def accepted() -> list[Accepted]:
    """The cases of h1_accept.txt."""
    return [
        Accepted(
            name.decode(),
            unescape(method).decode("latin-1"),
            unescape(target).decode("latin-1"),
            framing.decode(),
            unescape(body),
            unescape(wire),
        )
        for name, method, target, _, framing, body, wire in _rows("h1_accept.txt", 7)
    ]
