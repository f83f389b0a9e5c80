"""A small strict HTTP/1.1 server connection that keeps the raw bytes of what it reads.

It is a test's eye, so it does no repair: whatever is not plain RFC 9112 is recorded as malformed.
"""

from __future__ import annotations

import asyncio
import re

from .recorder import Recorder, Request, now

MAX_HEAD = 1 << 20
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/1\.([01])\Z")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\Z")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\Z")


class PeerGone(Exception):
    """The peer closed or reset the connection."""


class Malformed(Exception):
    """The peer sent something that is not HTTP/1.1."""


class Connection(asyncio.Protocol):
    """One accepted connection. `serve` is a coroutine function run once for each connection."""

    def __init__(self, recorder: Recorder, serve) -> None:
        self._recorder = recorder
        self._serve = serve
        self._buffer = bytearray()
        self._first_byte: tuple[int, int] | None = None
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.number = recorder.connection()
        self.transport: asyncio.Transport | None = None
        self.closed_at: tuple[int, int] | None = None
        self.request: Request | None = None
        self._task: asyncio.Task | None = None

    # asyncio.Protocol: each callback only notes what happened.

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve(self))

    def data_received(self, data: bytes) -> None:
        if self._first_byte is None:
            self._first_byte = now()
        self._buffer += data
        self._wake.set()

    def eof_received(self) -> bool:
        self._note_closed()
        return True  # half-closed: the answer can still be sent

    def connection_lost(self, exc) -> None:
        self._note_closed()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _note_closed(self) -> None:
        if self.closed_at is None:
            self.closed_at = now()
        if self.request is not None and not self.request.answered and self.request.peer_closed is None:
            self.request.peer_closed = self.closed_at
        self._wake.set()

    # Reading.

    async def _more(self) -> None:
        """Waits for bytes beyond those already buffered."""
        if self.closed_at is not None:
            raise PeerGone
        self._wake.clear()
        await self._wake.wait()

    async def _until(self, mark: bytes, limit: int) -> bytes:
        start = 0
        while (at := self._buffer.find(mark, start)) < 0:
            if len(self._buffer) > limit:
                raise Malformed("line or head too long")
            start = max(0, len(self._buffer) - len(mark))
            await self._more()
        taken = bytes(self._buffer[: at + len(mark)])
        del self._buffer[: at + len(mark)]
        return taken

    async def _exactly(self, count: int, sink: bytearray) -> None:
        while count:
            if not self._buffer:
                await self._more()
                continue
            part = self._buffer[:count]
            sink += part
            count -= len(part)
            del self._buffer[: len(part)]

    async def next_request(self, on_head) -> Request | None:
        """The next request, or None when the peer closed between requests.

        `on_head(request, peek)` may answer early: it gets the request when its head is known and a function that waits
        for some bytes of the body without taking them; if it returns true, the body is not read.
        """
        self.request = None
        self._first_byte = now() if self._buffer else None  # bytes of a pipelined request are here already
        if not self._buffer:
            try:
                await self._more()
            except PeerGone:
                return None
            if not self._buffer:
                return None
        request = self._recorder.begin(self.number, self._first_byte or now())
        self.request = request
        try:
            request.head = await self._until(b"\r\n\r\n", MAX_HEAD)
            self._parse_head(request)
            if await on_head(request, self.peek):
                return request
            await self._read_body(request)
        except (PeerGone, Malformed) as problem:
            request.state = "cut" if isinstance(problem, PeerGone) else "malformed"
            request.head = request.head or bytes(self._buffer)
            raise
        request.state = "complete"
        request.complete_at = now()
        return request

    async def peek(self, count: int) -> bytes:
        """Up to `count` bytes of what follows; fewer only if the peer closed."""
        while len(self._buffer) < count and self.closed_at is None:
            self._wake.clear()
            await self._wake.wait()
        return bytes(self._buffer[:count])

    @staticmethod
    def _parse_head(request: Request) -> None:
        lines = request.head[:-4].split(b"\r\n")
        line = _REQUEST_LINE.match(lines[0])
        if line is None:
            raise Malformed("request line")
        request.method, request.target = line[1].decode(), line[2].decode()
        for raw in lines[1:]:
            part = _FIELD.match(raw)
            if part is None:
                raise Malformed("field line")
            request.headers.append((part[1].decode("latin-1"), part[2].decode("latin-1")))

    async def _read_body(self, request: Request) -> None:
        length, coding = request.header("content-length"), request.header("transfer-encoding")
        if length is not None and coding is not None:
            raise Malformed("both Content-Length and Transfer-Encoding")
        if (length or coding) and (request.header("expect") or "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if coding is not None:
            if coding.lower() != "chunked":
                raise Malformed("transfer coding")
            await self._read_chunked(request)
        elif length is not None:
            if not re.fullmatch(r"[0-9]+", length):
                raise Malformed("Content-Length")
            await self._exactly(int(length), request.body)
            request.wire_body = request.body

    async def _read_chunked(self, request: Request) -> None:
        while True:
            line = await self._until(b"\r\n", 65536)
            request.wire_body += line
            size = _CHUNK_SIZE.match(line[:-2])
            if size is None:
                raise Malformed("chunk size")
            count = int(size[1], 16)
            if count == 0:
                break
            start = len(request.body)
            await self._exactly(count, request.body)
            request.wire_body += request.body[start:]
            end = await self._until(b"\r\n", 2)
            if end != b"\r\n":
                raise Malformed("chunk end")
            request.wire_body += end
        while (line := await self._until(b"\r\n", 65536)) != b"\r\n":
            request.wire_body += line
            part = _FIELD.match(line[:-2])
            if part is None:
                raise Malformed("trailer field")
            request.trailers.append((part[1].decode("latin-1"), part[2].decode("latin-1")))
        request.wire_body += line

    # Writing.

    async def write(self, data: bytes) -> None:
        """Sends bytes, waiting while the peer does not take them."""
        if self.transport is None or self.transport.is_closing():
            raise PeerGone
        self.transport.write(data)
        await self._writable.wait()
        if self.transport.is_closing():
            raise PeerGone

    def peer_is_gone(self) -> bool:
        """The peer has closed its side."""
        return self.closed_at is not None

    async def peer_gone(self) -> None:
        """Waits until the peer closes its side."""
        while self.closed_at is None:
            self._wake.clear()
            await self._wake.wait()

    def close(self) -> None:
        """Closes after what was written has been sent."""
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """Resets the connection at once."""
        if self.transport is not None:
            self.transport.abort()
