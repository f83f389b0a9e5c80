"""Deterministic text, ids and JSON shared by both API families. Every answer is a function of the request alone."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib

import zstandard

CREATED = 1_767_225_600  # 2026-01-01T00:00:00Z
MODELS = ("standin-large", "standin-small", "qwen3-32b", "claude-standin", "text-embedding-standin")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_BREAKS = re.compile("[\u0080-\u009f\u2028\u2029]")


class ApiError(Exception):
    """An error answer of the API: status, type word of the family, message and extra headers."""

    def __init__(
        self, status: int, message: str, *, headers: tuple[tuple[str, str], ...] = (), code: str | None = None
    ):
        super().__init__(message)
        self.status, self.message, self.headers, self.code = status, message, headers, code


def _escape(match: re.Match) -> str:
    return f"\\u{ord(match[0]):04x}"


def dump(value) -> bytes:
    """Compact JSON in UTF-8; lone surrogates, C1 controls and Unicode line breaks stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _LINE_BREAKS.sub(_escape, _SURROGATE.sub(_escape, text)).encode()


def identifier(prefix: str, seed) -> str:
    """A stable id for what the seed says."""
    data = seed if isinstance(seed, bytes) else json.dumps(seed, sort_keys=True, default=str).encode()
    return prefix + hashlib.sha256(data).hexdigest()[:24]


def decode_body(body: bytes, coding: str | None) -> bytes:
    """Takes off the content codings, last one first."""
    for name in reversed([part.strip().lower() for part in (coding or "").split(",") if part.strip()]):
        if name in ("gzip", "x-gzip"):
            body = gzip.decompress(body)
        elif name == "deflate":
            body = zlib.decompress(body)
        elif name == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        elif name != "identity":
            raise ApiError(415, f"unsupported content coding {name}")
    return body


def parse_body(body: bytes) -> dict:
    """The request as an object; ApiError 400 for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return value


def words(text: str) -> int:
    """The stand-in's measure of tokens."""
    return len(text.split())


def clip(text: str, limit) -> tuple[str, bool]:
    """The first `limit` words, and whether something was cut off."""
    parts = re.findall(r"\s*\S+", text)
    if not isinstance(limit, int) or len(parts) <= limit:
        return text, False
    return "".join(parts[:limit]), True


def pieces(text: str) -> list[str]:
    """The text cut in small uneven parts, as a model would stream it."""
    out, at = [], 0
    while at < len(text):
        size = 1 + (at * 7 + len(text)) % 7
        out.append(text[at : at + size])
        at += size
    return out


def example(schema) -> object:
    """A value that fits a JSON schema, the same each time."""
    if not isinstance(schema, dict):
        return "value"
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: example(part) for name, part in (schema.get("properties") or {}).items()}
    return {"integer": 7, "number": 1.5, "boolean": True, "null": None}.get(
        kind, [example(schema.get("items"))] if kind == "array" else 'Zürich "1"\n'
    )


def vector(text: str, dimensions: int) -> list[float]:
    """A small embedding whose numbers are exact in 32-bit floats."""
    seed = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return [(seed[index % 32] - 128 + index // 32) / 256 for index in range(dimensions)]
