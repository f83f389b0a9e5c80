"""What a stand-in engine received: every connection and request, byte for byte, with monotonic and wall-clock times."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field


def now() -> tuple[int, int]:
    """Monotonic and wall-clock time in nanoseconds."""
    return time.monotonic_ns(), time.time_ns()


@dataclass
class Request:
    """One request as it came in. `state` is reading, complete, cut (the peer left before its end) or malformed."""

    number: int
    connection: int
    first_byte: tuple[int, int]
    head: bytes = b""
    method: str = ""
    target: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    wire_body: bytearray = field(default_factory=bytearray)  # as framed on the wire
    body: bytearray = field(default_factory=bytearray)  # payload without framing
    trailers: list[tuple[str, str]] = field(default_factory=list)
    state: str = "reading"
    complete_at: tuple[int, int] | None = None
    status: int | None = None
    answered: bool = False  # the whole answer was handed to the socket
    peer_closed: tuple[int, int] | None = None  # the peer closed or reset before `answered`

    def header(self, name: str) -> str | None:
        """First value of the header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def export(self) -> dict:
        """The record as JSON for the control API."""
        return {
            "number": self.number,
            "connection": self.connection,
            "first_byte": self.first_byte,
            "head": base64.b64encode(self.head).decode(),
            "method": self.method,
            "target": self.target,
            "headers": self.headers,
            "wire_body": base64.b64encode(self.wire_body).decode(),
            "body": base64.b64encode(self.body).decode(),
            "trailers": self.trailers,
            "state": self.state,
            "complete_at": self.complete_at,
            "status": self.status,
            "answered": self.answered,
            "peer_closed": self.peer_closed,
        }


class Recorder:
    """All requests of one engine since the last reset. Health checks are counted, not kept."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.health_checks = 0

    def reset(self) -> None:
        """Forget everything received so far."""
        self.requests.clear()
        self.health_checks = 0

    def connection(self) -> int:
        """Number of a new connection."""
        self.connections += 1
        return self.connections

    def begin(self, connection: int, first_byte: tuple[int, int]) -> Request:
        """A request whose first byte has just arrived."""
        request = Request(number=len(self.requests), connection=connection, first_byte=first_byte)
        self.requests.append(request)
        return request

    def health(self, request: Request) -> None:
        """Take a health check out of the list."""
        self.requests.remove(request)
        self.health_checks += 1

    def export(self) -> dict:
        """Everything as JSON."""
        return {
            "requests": [request.export() for request in self.requests],
            "connections": self.connections,
            "health_checks": self.health_checks,
        }
