"""Allowed request bodies in every odd but legal form, from a fixed seed. What goes in must come out, byte for byte."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from dataclasses import dataclass, field

import zstandard

from raw import chunked

SEED = 20260101
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "rain",
    "falls",
    "on",
    "green",
    "hills",
    "and",
    "sheep",
    "graze",
)
CHAT = ("/v1/chat/completions", (("Authorization", "Bearer test-key"),))
RESPONSES = ("/v1/responses", (("Authorization", "Bearer test-key"),))
MESSAGES = ("/v1/messages", (("x-api-key", "test-key"), ("anthropic-version", "2023-06-01")))
EMBEDDINGS = ("/v1/embeddings", (("Authorization", "Bearer test-key"),))
JSON_TYPE = (("Content-Type", "application/json"),)


@dataclass(frozen=True)
class Case:
    """One request: the payload that the destination must see, and how it is put on the wire."""

    name: str
    target: str
    fields: tuple[tuple[str, str], ...]
    payload: bytes
    framed: bytes | None = None  # the chunked form; None: sent with Content-Length
    pieces: tuple[int, ...] = field(default=())  # sizes of the client's writes

    @property
    def wire_fields(self) -> list[tuple[str, str]]:
        """Header fields with the framing."""
        framing = (
            ("Transfer-Encoding", "chunked") if self.framed is not None else ("Content-Length", str(len(self.payload)))
        )
        return [*self.fields, framing]

    @property
    def wire_body(self) -> bytes:
        """The body as it goes out."""
        return self.payload if self.framed is None else self.framed


def _sentence(rng: random.Random, words: int = 12) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def _chat(content: str) -> dict:
    return {
        "model": "standin-large",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}],
    }


def _messages(content: str) -> dict:
    return {"model": "claude-standin", "max_tokens": 50, "messages": [{"role": "user", "content": content}]}


def _plain(api, name: str, payload: bytes | dict) -> Case:
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    return Case(name, api[0], (*api[1], *JSON_TYPE), payload)


def _apis(rng: random.Random) -> list[Case]:
    """Each endpoint in plain form, streamed or not, with tools and parts."""
    text, tools = (
        _sentence(rng),
        [
            {
                "type": "function",
                "function": {
                    "name": "look_up",
                    "description": _sentence(rng),
                    "parameters": {"type": "object", "properties": {"topic": {"type": "string"}}},
                },
            }
        ],
    )
    bodies = [
        (CHAT, _chat(text)),
        (CHAT, {**_chat(text), "stream": True, "stream_options": {"include_usage": True}}),
        (CHAT, {**_chat(text), "tools": tools, "parallel_tool_calls": True}),
        (CHAT, {**_chat(text), "n": 2, "stop": ["\n\n"], "seed": 5}),
        (
            CHAT,
            {
                "model": "standin-small",
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": text}, {"type": "text", "text": "and more"}]}
                ],
            },
        ),
        (RESPONSES, {"model": "standin-large", "input": text, "instructions": "Be brief.", "store": False}),
        (
            RESPONSES,
            {
                "model": "standin-large",
                "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}],
                "stream": True,
                "store": False,
            },
        ),
        (MESSAGES, _messages(text)),
        (
            MESSAGES,
            {
                **_messages(text),
                "stream": True,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            },
        ),
        (EMBEDDINGS, {"model": "text-embedding-standin", "input": [text, _sentence(rng)], "encoding_format": "base64"}),
        (("/v1/completions", CHAT[1]), {"model": "standin-small", "prompt": text, "max_tokens": 5}),
        (
            ("/v1/messages/count_tokens", MESSAGES[1]),
            {"model": "claude-standin", "messages": [{"role": "user", "content": text}]},
        ),
    ]
    return [_plain(api, f"api-{index}", body) for index, (api, body) in enumerate(bodies)]


def _whitespace(rng: random.Random, value) -> str:
    """The value as JSON with random legal white space between tokens."""

    def gap() -> str:
        return "".join(rng.choice(" \t\n\r") for _ in range(rng.randint(0, 3)))

    if isinstance(value, dict):
        items = [f"{gap()}{json.dumps(name)}{gap()}:{_whitespace(rng, inner)}" for name, inner in value.items()]
        return f"{gap()}{{{','.join(items)}{gap()}}}{gap()}"
    if isinstance(value, list):
        return f"{gap()}[{','.join(_whitespace(rng, inner) for inner in value)}{gap()}]{gap()}"
    return gap() + json.dumps(value) + gap()


def _layout(rng: random.Random) -> list[Case]:
    """White space, key order and line ends."""
    cases = []
    for index in range(40):
        body = list(
            {**_chat(_sentence(rng)), "temperature": 0.25, "user": "team-a", "metadata": {"b": "2", "a": "1"}}.items()
        )
        rng.shuffle(body)
        cases.append(_plain(CHAT, f"whitespace-{index}", _whitespace(rng, dict(body)).encode()))
    cases.append(_plain(CHAT, "pretty", json.dumps(_chat("hello"), indent=4).encode() + b"\n"))
    cases.append(
        _plain(
            CHAT, "pretty-crlf", json.dumps(_chat("hello"), indent="\t").replace("\n", "\r\n").encode() + b"\r\n\r\n"
        )
    )
    return cases


def _unknown(rng: random.Random) -> list[Case]:
    """Fields that nobody knows, at the top and inside, with every kind of value."""
    cases = []
    for index in range(40):
        body = _chat(_sentence(rng))
        value = rng.choice(
            (None, True, 1.5, [], {}, "words only", [[["deep"]]], {"a": {"b": {"c": ["d", None, False]}}})
        )
        place = rng.choice((body, body["messages"][0], body["messages"][1]))
        place[f"x_{rng.choice(WORDS)}_{index}"] = value
        cases.append(_plain(rng.choice((CHAT, MESSAGES)), f"unknown-{index}", {**body, "max_tokens": 9}))
    cases.append(
        _plain(
            CHAT,
            "duplicate-other-key",
            b'{"model":"standin-large","note":"a","note":"b","messages":[{"role":"user","content":"hello"}]}',
        )
    )
    cases.append(
        _plain(CHAT, "empty-key", b'{"model":"standin-large","":"a","messages":[{"role":"user","content":"hello"}]}')
    )
    return cases


def _escape(rng: random.Random, text: str) -> str:
    """The text as a JSON string in which random characters are escaped in random ways."""
    out = []
    for char in text:
        units = char.encode("utf-16-be", "surrogatepass")
        escaped = "".join(
            f"\\u{rng.choice(('{:04x}', '{:04X}')).format(int.from_bytes(units[at : at + 2], 'big'))}"
            for at in range(0, len(units), 2)
        )
        short = {
            '"': '\\"',
            "\\": "\\\\",
            "/": "\\/",
            "\b": "\\b",
            "\f": "\\f",
            "\n": "\\n",
            "\r": "\\r",
            "\t": "\\t",
        }.get(char)
        must = char in '"\\' or ord(char) < 32 or 0xD800 <= ord(char) < 0xE000
        if short and (must or rng.random() < 0.5):
            out.append(rng.choice((short, escaped)))
        else:
            out.append(escaped if must or rng.random() < 0.3 else char)
    return "".join(out)


ODD_TEXTS = (
    "café/naïve 😀 done",
    "\u0000\u0001\u001f control",
    "tab\tnew\nline\r\b\f",
    'quote " and \\ slash /',
    "中文 한국어 日本語 ไทย",
    "e\u0301 combining",
    "\u2028 and \u2029",
    "\ufeff inside",
    "\U0010ffff last",
    "שלום עולם",
    "👩‍👩‍👧 family",
    "\u200bzero\u200bwidth",
    "ﬁ ligature",
    "\x7f del",
    "fullwidth ＡＢＣ",
)


def _escapes(rng: random.Random) -> list[Case]:
    """Escapes, control characters, Unicode, lone surrogates and numbers that no double can hold."""
    cases = []
    for index in range(60):
        text = rng.choice(ODD_TEXTS) + " " + _sentence(rng, 4)
        raw = f'{{"model":"standin-large","messages":[{{"role":"user","content":"{_escape(rng, text)}"}}]}}'
        cases.append(_plain(CHAT, f"escape-{index}", raw.encode()))
    for index, lone in enumerate(("\\ud800", "\\uDFFF", "\\udc00\\ud800", "a\\ud83d b", "\\uD83D\\u0041")):
        cases.append(
            _plain(
                CHAT,
                f"surrogate-{index}",
                f'{{"model":"standin-large","messages":[{{"role":"user","content":"word {lone} word"}}]}}'.encode(),
            )
        )
    for index, number in enumerate(
        ("9007199254740993", "1e400", "-0.0", "1.10", "1E+2", "-0", "0.1e-7", "123456.000000000000000000001", "5e-324")
    ):
        cases.append(
            _plain(
                CHAT,
                f"number-{index}",
                f'{{"model":"standin-large","seed":{number},"messages":[{{"role":"user","content":"hello"}}]}}'.encode(),
            )
        )
    for index, key in enumerate(('"\\u0063ontent"', '"content"')):
        cases.append(
            _plain(
                CHAT,
                f"escaped-key-{index}",
                f'{{"model":"standin-large","messages":[{{"role":"user",{key}:"hello"}}]}}'.encode(),
            )
        )
    return cases


def _arguments(rng: random.Random) -> list[Case]:
    """JSON inside a string, as tool calls carry it."""
    cases = []
    for index in range(20):
        inner = json.dumps(
            {"q": _sentence(rng, 3), "opts": [1, None, {"k": rng.choice(ODD_TEXTS)}]}, ensure_ascii=index % 2 == 0
        )
        call = {"id": f"call_{index}", "type": "function", "function": {"name": "look_up", "arguments": inner}}
        body = {
            "model": "standin-large",
            "messages": [
                {"role": "user", "content": "hello"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": f"call_{index}", "content": inner},
            ],
        }
        cases.append(_plain(CHAT, f"arguments-{index}", body))
    return cases


def _types(rng: random.Random) -> list[Case]:
    """Content types that do not say JSON, or nothing at all."""
    body = json.dumps(_chat(_sentence(rng))).encode()
    types = (
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain",
        "APPLICATION/JSON",
        "application/vnd.api+json",
        None,
    )
    return [
        Case(f"type-{index}", CHAT[0], (*CHAT[1], *((("Content-Type", kind),) if kind else ())), body)
        for index, kind in enumerate(types)
    ]


def _compress(coding: str, data: bytes) -> bytes:
    return {
        "gzip": lambda: gzip.compress(data, mtime=0),
        "deflate": lambda: zlib.compress(data),
        "zstd": lambda: zstandard.compress(data),
    }[coding]()


def _codings(rng: random.Random) -> list[Case]:
    """Compressed bodies, once and twice, in one frame or several."""
    cases = []
    for index in range(24):
        codings = rng.choice((("gzip",), ("zstd",), ("deflate",), ("gzip", "zstd"), ("deflate", "gzip")))
        api, body = rng.choice(((CHAT, _chat(_sentence(rng, 200))), (MESSAGES, _messages(_sentence(rng, 50)))))
        payload = json.dumps(body).encode()
        for coding in codings:
            payload = _compress(coding, payload)
        cases.append(
            Case(f"coding-{index}", api[0], (*api[1], *JSON_TYPE, ("Content-Encoding", ", ".join(codings))), payload)
        )
    halves = json.dumps(_chat("two gzip members")).encode()
    cases.append(
        Case(
            "gzip-members",
            CHAT[0],
            (*CHAT[1], *JSON_TYPE, ("Content-Encoding", "gzip")),
            gzip.compress(halves[:20], mtime=0) + gzip.compress(halves[20:], mtime=0),
        )
    )
    cases.append(Case("identity", CHAT[0], (*CHAT[1], *JSON_TYPE, ("Content-Encoding", "identity")), halves))
    return cases


def _framings(rng: random.Random) -> list[Case]:
    """Chunks of all sizes with extensions and trailers, and bodies that arrive in small writes."""
    cases = []
    for index in range(50):
        payload = json.dumps(_chat(_sentence(rng, rng.randint(1, 80))), ensure_ascii=False).encode()
        sizes = [rng.choice((1, 2, 3, 7, 16, 100, 1000)) for _ in range(rng.randint(1, 40))]
        extension = rng.choice((b"", b";a", b";a=b", b';name="quoted; value"'))
        trailers = rng.choice((b"", b"X-Checksum: abc\r\n", b"A: 1\r\nB: 2\r\n"))
        framed = chunked(payload, sizes, extension=extension, trailers=trailers)
        cases.append(
            Case(
                f"chunked-{index}",
                CHAT[0],
                (*CHAT[1], *JSON_TYPE),
                payload,
                framed,
                tuple(rng.randint(1, 60) for _ in range(rng.randint(0, 30))),
            )
        )
    for index in range(20):
        payload = json.dumps(_chat(_sentence(rng, 30))).encode()
        cases.append(
            Case(
                f"writes-{index}",
                CHAT[0],
                (*CHAT[1], *JSON_TYPE),
                payload,
                None,
                tuple(rng.randint(1, 9) for _ in range(40)),
            )
        )
    return cases


def _large(rng: random.Random) -> list[Case]:
    """Long prompts, long histories, and an empty one."""
    cases = []
    for index, size in enumerate((100_000, 400_000, 1_000_000)):
        cases.append(_plain(CHAT, f"large-{index}", _chat(_sentence(rng, size // 5))))
    history = [{"role": ("user", "assistant")[index % 2], "content": _sentence(rng, 20)} for index in range(401)]
    cases.append(_plain(CHAT, "history", {"model": "standin-large", "messages": history}))
    cases.append(_plain(CHAT, "array", {**_chat("hello"), "x_list": list(range(20_000))}))
    payload = json.dumps(_chat(_sentence(rng, 150_000))).encode()
    cases.append(Case("large-chunked", CHAT[0], (*CHAT[1], *JSON_TYPE), payload, chunked(payload, [8192] * 80)))
    cases.append(
        Case(
            "large-gzip", CHAT[0], (*CHAT[1], *JSON_TYPE, ("Content-Encoding", "gzip")), gzip.compress(payload, mtime=0)
        )
    )
    return cases


def _depth() -> list[Case]:
    """Nesting that is deep but within limits."""
    return [
        _plain(
            CHAT,
            f"depth-{depth}",
            b'{"model":"standin-large","messages":[{"role":"user","content":"hello"}],"x":'
            + b"[" * depth
            + b"]" * depth
            + b"}",
        )
        for depth in (10, 30, 50)
    ]


def corpus() -> list[Case]:
    """The whole corpus, the same on every run."""
    rng = random.Random(SEED)
    return [
        case
        for part in (_apis, _layout, _unknown, _escapes, _arguments, _types, _codings, _framings, _large)
        for case in part(rng)
    ] + _depth()


def _refuse(name: str, payload: bytes, status: set[int], *more: tuple[str, str]) -> tuple[Case, set[int]]:
    return Case(name, CHAT[0], (*CHAT[1], *JSON_TYPE, *more), payload), status


def refused() -> list[tuple[Case, set[int]]]:
    """Bodies that must not be forwarded, with the statuses they may be refused with."""
    good = json.dumps(_chat("hello")).encode()
    bomb = (
        gzip.compress(good[:-1] + b',"x":"', mtime=0)
        + gzip.compress(b"a" * 1_000_000, mtime=0) * 400
        + gzip.compress(b'"}', mtime=0)
    )
    return [
        _refuse("duplicate-model", b'{"model":"a","model":"b","messages":[]}', {400}),
        _refuse("duplicate-stream", b'{"model":"standin-large","stream":false,"messages":[],"stream":true}', {400}),
        _refuse("model-case", b'{"Model":"standin-large","messages":[{"role":"user","content":"hello"}]}', {400}),
        _refuse("model-escaped-twice", b'{"model":"a","\\u006dodel":"b","messages":[]}', {400}),
        _refuse("depth", b'{"model":"standin-large","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", {400}),
        _refuse("million-elements", b'{"model":"standin-large","x":[' + b"1," * 1_200_000 + b"1]}", {400}),
        _refuse("truncated", good[:-5], {400}),
        _refuse("trailing", good + b"x", {400}),
        _refuse("two-values", good + good, {400}),
        _refuse("bom", b"\xef\xbb\xbf" + good, {400}),
        _refuse("utf-16", good.decode().encode("utf-16"), {400}),
        _refuse("invalid-utf-8", good.replace(b"hello", b"\xff\xfe"), {400}),
        _refuse("overlong", good.replace(b"hello", b"\xc0\xaf"), {400}),
        _refuse("surrogate-bytes", good.replace(b"hello", b"\xed\xa0\x80"), {400}),
        _refuse("raw-control", good.replace(b"hello", b"a\x01b"), {400}),
        _refuse("raw-newline", good.replace(b"hello", b"a\nb"), {400}),
        _refuse("single-quotes", good.replace(b'"', b"'"), {400}),
        _refuse("nan", good.replace(b'"hello"', b"NaN"), {400}),
        _refuse("leading-zero", good.replace(b'"hello"', b"01"), {400}),
        _refuse("comment", b"/* x */" + good, {400}),
        _refuse("empty", b"", {400}),
        _refuse("unknown-coding", good, {415}, ("Content-Encoding", "rot13")),
        _refuse("not-gzip", good, {400, 415}, ("Content-Encoding", "gzip")),
        _refuse("cut-gzip", gzip.compress(good, mtime=0)[:-9], {400, 415}, ("Content-Encoding", "gzip")),
        _refuse("gzip-trailing", gzip.compress(good, mtime=0) + b"junk", {400, 415}, ("Content-Encoding", "gzip")),
        _refuse("bomb", bomb, {413}, ("Content-Encoding", "gzip")),
    ]
