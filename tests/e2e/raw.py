"""A client that says exactly what bytes go out, and keeps exactly what bytes come back."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field


class Closed(Exception):
    """The server closed or reset the connection before the answer was whole."""


@dataclass
class Reply:
    """One answer as it came."""

    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    interim: list[int] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """First value of the header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def head(method: str, target: str, host: str, fields: Iterable[tuple[str, str]] = ()) -> bytes:
    """A request head."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *[f"{name}: {value}" for name, value in fields], "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunked(payload: bytes, sizes: Iterable[int], *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """The payload in chunks of the given sizes (the last one takes the rest), with an extension on each and trailers."""
    out, at = bytearray(), 0
    for size in sizes:
        part = payload[at : at + size]
        if not part:
            break
        out += b"%x%b\r\n%b\r\n" % (len(part), extension, part)
        at += size
    if at < len(payload):
        part = payload[at:]
        out += b"%x%b\r\n%b\r\n" % (len(part), extension, part)
    return bytes(out + b"0" + extension + b"\r\n" + trailers + b"\r\n")


class RawConnection:
    """One TCP or Unix connection."""

    def __init__(self, address, *, timeout: float = 120.0) -> None:
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def send(self, data: bytes, pieces: Iterable[int] = ()) -> None:
        """Sends the data, cut into writes of the given sizes and a last one with the rest."""
        at = 0
        for size in pieces:
            self.socket.sendall(data[at : at + size])
            at += size
        if at < len(data):
            self.socket.sendall(data[at:])

    def more(self) -> None:
        """Reads some bytes; Closed at the end."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Closed("reset") from error
        if not data:
            raise Closed("closed")
        self._buffer += data

    def until(self, mark: bytes) -> bytes:
        """Bytes up to and with the mark."""
        while (at := self._buffer.find(mark)) < 0:
            self.more()
        taken = bytes(self._buffer[: at + len(mark)])
        del self._buffer[: at + len(mark)]
        return taken

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._buffer) < count:
            self.more()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def rest(self) -> bytes:
        """Everything until the server closes in good order."""
        while True:
            try:
                self.more()
            except Closed as closed:
                if closed.args[0] == "reset":
                    raise
                taken, self._buffer = bytes(self._buffer), bytearray()
                return taken

    def reply_head(self) -> Reply:
        """The head of the final answer; interim answers are noted."""
        reply = Reply()
        while True:
            lines = self.until(b"\r\n\r\n")[:-4].decode("latin-1").split("\r\n")
            version, status, reply.reason = (lines[0] + " ").split(" ", 2)
            if not version.startswith("HTTP/1."):
                raise Closed(f"not HTTP: {lines[0]!r}")
            if 100 <= int(status) < 200 and int(status) != 101:
                reply.interim.append(int(status))
                continue
            reply.status = int(status)
            reply.headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
            return reply

    def reply(self, method: str = "POST") -> Reply:
        """A whole answer."""
        reply = self.reply_head()
        if method == "HEAD" or reply.status in (204, 304):
            return reply
        if (reply.header("transfer-encoding") or "").lower() == "chunked":
            body = bytearray()
            while size := int(self.until(b"\r\n").partition(b";")[0], 16):
                body += self.exactly(size)
                self.exactly(2)
            while (line := self.until(b"\r\n")) != b"\r\n":
                name, _, value = line[:-2].decode("latin-1").partition(":")
                reply.trailers.append((name, value.strip()))
            reply.body = bytes(body)
        elif (length := reply.header("content-length")) is not None:
            reply.body = self.exactly(int(length))
        else:
            reply.body = self.rest()
        return reply

    def close(self) -> None:
        """Closes in good order, which the server cannot tell from a client that only has no more to say."""
        self.socket.close()

    def reset(self) -> None:
        """Resets the connection: the client is gone."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_exc) -> None:
        self.close()


def fetch(
    address, method: str, target: str, *, fields: Iterable[tuple[str, str]] = (), body: bytes | None = None
) -> Reply:
    """One request on a connection of its own."""
    host = "localhost" if isinstance(address, str) else f"127.0.0.1:{address[1]}"
    length = [] if body is None else [("Content-Length", str(len(body)))]
    with RawConnection(address) as connection:
        connection.send(head(method, target, host, [*fields, *length]) + (body or b""))
        return connection.reply(method)
