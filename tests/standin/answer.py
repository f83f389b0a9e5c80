"""Answers and how they are put on the wire."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass, field

from .behaviour import Behaviour, behaviour
from .http1 import Connection, PeerGone
from .recorder import Request
from .text import dump

REASONS = {
    200: "OK",
    204: "No Content",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    529: "Overloaded",
}
JSON_TYPE = "application/json"
BINARY = bytes(range(256)) * 16


@dataclass
class Answer:
    """Status, headers, and either one body or the events of a stream."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    events: list[bytes] | None = None
    odd: Behaviour = Behaviour()
    close: bool = False

    @classmethod
    def json(cls, status: int, value: dict, headers=()) -> Answer:
        """A JSON answer."""
        return cls(status, [("content-type", JSON_TYPE), *headers], dump(value))

    @classmethod
    def model(cls, value: dict, model: object) -> Answer:
        """A model's JSON answer, with the behaviour that the model's name asks for."""
        answer = cls.json(200, value)
        answer.odd = behaviour(model)
        return answer

    @classmethod
    def stream(cls, events: list[bytes], model: object) -> Answer:
        """A model's streamed answer."""
        return cls(
            200,
            [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")],
            events=events,
            odd=behaviour(model),
        )


def _odd_answer(answer: Answer) -> Answer:
    """The answer as the behaviour changes it, as far as that is not a matter of framing."""
    kind = answer.odd.kind
    if kind == "html":
        return Answer(
            answer.odd.first,
            [("content-type", "text/html; charset=utf-8")],
            b"<html><body><h1>502 Bad Gateway</h1></body></html>\n",
        )
    if kind == "redirect":
        return Answer(
            answer.odd.first, [("location", "http://127.0.0.1:9/elsewhere"), ("content-type", JSON_TYPE)], b"{}"
        )
    if kind == "binary":
        return Answer(200, [("content-type", "audio/mpeg")], BINARY)
    if kind == "blank-lines" and answer.events is None:
        answer.body = b"\n\n\n\n" + answer.body
    if kind == "gzip-answer":
        answer.body = gzip.compress(b"".join(answer.events) if answer.events is not None else answer.body, mtime=0)
        answer.events = None
        answer.headers.append(("content-encoding", "gzip"))
    if answer.events is not None and kind == "crlf-stream":
        answer.events = [event.replace(b"\n", b"\r\n") for event in answer.events]
    if answer.events is not None and kind == "comment-stream":
        answer.events = [
            b": keep-alive\n\n",
            b"retry: 3000\n",
            *[b"id: %d\n%b" % item for item in enumerate(answer.events)],
        ]
    if answer.events is not None and kind == "split-stream":
        whole = b"".join(answer.events)
        answer.events = [whole[at : at + 3] for at in range(0, len(whole), 3)]
    return answer


def _error_event(request: Request) -> bytes:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    if request.header("anthropic-version") is not None:
        return b"event: error\ndata: " + dump({"type": "error", "error": error}) + b"\n\n"
    if request.target.endswith("/responses"):
        return (
            b"event: error\ndata: "
            + dump(
                {"type": "error", "code": "server_error", "message": "Overloaded", "param": None, "sequence_number": 99}
            )
            + b"\n\n"
        )
    return b"data: " + dump({"error": {**error, "code": None, "param": None}}) + b"\n\n"


class Responder:
    """Writes the answer to one request."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self._connection, self._request = connection, request

    async def send(self, answer: Answer) -> bool:
        """Sends the answer; false when the connection is to be closed afterwards."""
        odd = answer.odd
        self._request.status = answer.status
        if odd.kind == "hang":
            await self._connection.peer_gone()
            return False
        if odd.kind == "slow":
            await self._pause(odd.first)
        if odd.kind == "early-hints":
            hints = b"link: </style.css>; rel=preload\r\nbailiwick-decision: 7\r\n"
            await self._connection.write(b"HTTP/1.1 103 Early Hints\r\n" + hints + b"\r\n")
        answer = _odd_answer(answer)
        self._request.status = answer.status
        if answer.events is not None:
            return await self._send_stream(answer)
        return await self._send_body(answer)

    async def _pause(self, milliseconds: int) -> None:
        """Waits, but no longer than the peer stays."""
        try:
            await asyncio.wait_for(self._connection.peer_gone(), milliseconds / 1000)
        except TimeoutError:
            return
        raise PeerGone

    def _head(self, answer: Answer, framing: list[tuple[str, str]]) -> bytes:
        fields = [*answer.headers, *framing, ("date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("server", "standin")]
        if answer.close:
            fields.append(("connection", "close"))
        lines = [
            f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Error')}",
            *[f"{name}: {value}" for name, value in fields],
            "",
            "",
        ]
        return "\r\n".join(lines).encode("latin-1")

    async def _send_body(self, answer: Answer) -> bool:
        kind, write = answer.odd.kind, self._connection.write
        keep = not answer.close and kind not in ("until-close", "reset-mid-stream", "cut-mid-stream")
        answer.close = not keep
        if kind in ("chunked-answer", "trailers"):
            trailer = [("trailer", "x-checksum")] if kind == "trailers" else []
            await write(self._head(answer, [("transfer-encoding", "chunked"), *trailer]))
            await write(b"%x;part=1\r\n%b\r\n" % (len(answer.body), answer.body))
            await write(b"0\r\n" + (b"x-checksum: abc\r\n" if kind == "trailers" else b"") + b"\r\n")
        elif kind == "until-close":
            await write(self._head(answer, []) + answer.body)
        else:
            length = [] if answer.status == 204 else [("content-length", str(len(answer.body)))]
            body = b"" if self._request.method == "HEAD" else answer.body
            if kind in ("reset-mid-stream", "cut-mid-stream"):
                await write(self._head(answer, length) + body[: len(body) // 2])
                return self._break(kind)
            await write(self._head(answer, length) + body)
        self._request.answered = True
        return keep

    async def _send_stream(self, answer: Answer) -> bool:
        kind, write = answer.odd.kind, self._connection.write
        events = answer.events or []
        breaks_at = min(4, len(events) - 1) if kind.endswith("-mid-stream") else len(events)
        await write(self._head(answer, [("transfer-encoding", "chunked")]))
        for event in events[:breaks_at]:
            await write(b"%x\r\n%b\r\n" % (len(event), event))
            if kind == "drip":
                await self._pause(answer.odd.first)
        if kind in ("reset-mid-stream", "cut-mid-stream"):
            return self._break(kind)
        if kind == "error-mid-stream":
            event = _error_event(self._request)
            await write(b"%x\r\n%b\r\n" % (len(event), event))
        await write(b"0\r\n\r\n")
        self._request.answered = True
        return not answer.close

    def _break(self, kind: str) -> bool:
        if kind == "reset-mid-stream":
            self._connection.reset()
        else:
            self._connection.close()
        self._request.answered = True
        return False
