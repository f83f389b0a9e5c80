"""The stand-in engine as a program: python3 -m standin.engine --port 0 --control 0 [--tls CERT KEY]

Prints one line of JSON with its ports when it listens. The control port answers
GET /state, GET /requests, POST /reset, POST /mode/{normal,hold,busy,dead,deaf}, POST /release/N, POST /stop.
hold keeps answers back until released; busy answers 503; dead closes the listener; deaf accepts and never reads.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys

from . import anthropic_api, openai_api, openai_responses
from .answer import Answer, Responder
from .behaviour import behaviour
from .http1 import Connection, Malformed, PeerGone
from .recorder import Recorder, Request
from .text import ApiError, decode_body, dump, parse_body

MODES = ("normal", "hold", "busy", "dead", "deaf")


class Engine:
    """State of one engine: what it received and how it behaves at the moment."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.recorder = Recorder()
        self.mode = "normal"
        self.held = 0
        self._permits = 0
        self._changed = asyncio.Condition()
        self._store = openai_responses.Store()
        self._attempts: dict[bytes, int] = {}
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self.port = 0

    async def listen(self, port: int) -> None:
        """Opens the listener; the port stays the same over dead and normal."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self.recorder, self._serve), "127.0.0.1", port, ssl=self._tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def set_mode(self, mode: str) -> None:
        """Changes the mode; dead also resets every open connection."""
        if mode == "dead" and self._server is not None:
            self._server.close()
            self._server = None
            for connection in list(self._open):
                connection.reset()
        if mode != "dead" and self._server is None:
            await self.listen(self.port)
        self.mode = mode
        async with self._changed:
            self._changed.notify_all()

    async def release(self, count: int) -> None:
        """Lets so many held answers go."""
        async with self._changed:
            self._permits += count
            self._changed.notify_all()

    def reset(self) -> None:
        """Forgets requests and counters."""
        self.recorder.reset()
        self._attempts.clear()
        self._permits = 0

    def state(self) -> dict:
        """A summary for polling."""
        return {
            "mode": self.mode,
            "held": self.held,
            "requests": len(self.recorder.requests),
            "complete": sum(request.state == "complete" for request in self.recorder.requests),
            "answered": sum(request.answered for request in self.recorder.requests),
            "health_checks": self.recorder.health_checks,
        }

    async def _hold(self, connection: Connection) -> None:
        """Waits for a permit, a change of mode, or the peer's leaving."""

        async def permitted() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: self.mode != "hold" or self._permits > 0)
                if self.mode == "hold":
                    self._permits -= 1

        self.held += 1
        waits = [asyncio.ensure_future(permitted()), asyncio.ensure_future(connection.peer_gone())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.held -= 1
            for wait in waits:
                wait.cancel()
        if connection.peer_is_gone():
            raise PeerGone

    async def _serve(self, connection: Connection) -> None:
        self._open.add(connection)
        try:
            while await self._exchange(connection):
                pass
        except PeerGone:
            pass
        except Malformed:
            connection.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        finally:
            self._open.discard(connection)
            connection.close()

    async def _exchange(self, connection: Connection) -> bool:
        """One request and its answer; false when the connection is to be closed."""
        early = Early(connection)
        request = await connection.next_request(early.on_head)
        if request is None or early.answered:
            return False
        if self.mode == "deaf":
            await connection.peer_gone()
            return False
        if request.target == "/health":
            self.recorder.health(request)
            await Responder(connection, request).send(
                Answer.json(503 if self.mode == "busy" else 200, {"status": "ok"})
            )
            return True
        if self.mode == "hold":
            await self._hold(connection)
        answer = self._answer(request)
        return await Responder(connection, request).send(answer)

    def _answer(self, request: Request) -> Answer:
        anthropic = request.header("anthropic-version") is not None
        family = anthropic_api if anthropic else openai_api
        try:
            if self.mode == "busy":
                raise ApiError(503, "The engine is busy.", headers=(("retry-after", "1"),))
            self._authorise(request)
            answer = self._anthropic(request) if anthropic else self._openai(request)
        except ApiError as error:
            answer = Answer.json(error.status, family.error_body(error), error.headers)
        answer.headers += [("request-id" if anthropic else "x-request-id", f"req_standin_{len(request.body)}")]
        return answer

    @staticmethod
    def _authorise(request: Request) -> None:
        bearer = (request.header("authorization") or "").removeprefix("Bearer ")
        key = bearer or request.header("x-api-key") or ""
        if key.startswith("bad-"):
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")

    def _body(self, request: Request) -> dict:
        return parse_body(decode_body(bytes(request.body), request.header("content-encoding")))

    def _misbehave(self, request: Request, model: object) -> None:
        """Raises the error that the model's name asks for."""
        odd = behaviour(model)
        if odd.kind == "flaky":
            tried = self._attempts[key] = self._attempts.get(key := bytes(request.body), 0) + 1
            if tried > odd.second:
                return
        if odd.kind in ("error", "flaky", "noretry"):
            headers = [("x-should-retry", "false")] if odd.kind == "noretry" else []
            if odd.first == 429:
                headers += [
                    ("retry-after-ms", "5"),
                    ("retry-after", "1"),
                    ("x-ratelimit-limit-requests", "100"),
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "6m0s"),
                ]
            raise ApiError(odd.first, f"The stand-in was asked for status {odd.first}.", headers=tuple(headers))

    def _openai(self, request: Request) -> Answer:
        path = request.target.partition("?")[0].removeprefix("/v1")
        if request.method in ("GET", "HEAD", "DELETE"):
            return self._openai_read(request.method, path)
        if request.method == "OPTIONS":
            return Answer(204, [("allow", "GET, HEAD, POST, OPTIONS")])
        body = self._body(request)
        model = body.get("model")
        self._misbehave(request, model)
        stream = body.get("stream") is True
        if path == "/chat/completions":
            return (
                Answer.stream(openai_api.chat_stream(body), model)
                if stream
                else Answer.model(openai_api.chat(body), model)
            )
        if path == "/completions":
            return (
                Answer.stream(openai_api.completions_stream(body), model)
                if stream
                else Answer.model(openai_api.completions(body), model)
            )
        if path == "/responses":
            return self._responses(body, stream)
        plain = {
            "/embeddings": openai_api.embeddings,
            "/moderations": openai_api.moderations,
            "/responses/input_tokens": openai_responses.input_tokens,
        }
        if path not in plain:
            raise ApiError(404, f"Invalid URL (POST {path})")
        return Answer.model(plain[path](body), model)

    def _responses(self, body: dict, stream: bool) -> Answer:
        self._store.check(body)
        whole, frames = openai_responses.response_stream(body)
        self._store.keep(body, whole)
        return Answer.stream(frames, body.get("model")) if stream else Answer.model(whole, body.get("model"))

    def _openai_read(self, method: str, path: str) -> Answer:
        parts = path.strip("/").split("/")
        if parts == ["models"]:
            return Answer.json(200, openai_api.models())
        if parts[0] == "models" and len(parts) == 2:
            return Answer.json(200, openai_api.model(parts[1]))
        if parts[0] == "responses" and len(parts) == 2:
            return Answer.json(200, self._store.delete(parts[1]) if method == "DELETE" else self._store.get(parts[1]))
        if parts[0] == "responses" and parts[2:] == ["input_items"]:
            return Answer.json(200, self._store.input_items(parts[1]))
        raise ApiError(404, f"Invalid URL ({method} {path})")

    def _anthropic(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        if request.method == "GET":
            if path == "/v1/models":
                return Answer.json(200, anthropic_api.models())
            if path.startswith("/v1/models/"):
                return Answer.json(200, anthropic_api.model(path[11:]))
            raise ApiError(404, "Not found")
        body = self._body(request)
        self._misbehave(request, body.get("model"))
        anthropic_api.check(body, request.header("anthropic-version") or "")
        if path == "/v1/messages":
            if body.get("stream") is True:
                return Answer.stream(anthropic_api.message_stream(body), body.get("model"))
            return Answer.model(anthropic_api.message(body), body.get("model"))
        if path == "/v1/messages/count_tokens":
            return Answer.json(200, {"input_tokens": anthropic_api.count(body)})
        raise ApiError(404, "Not found")


class Early:
    """Answers 413 before the body has come, when the first bytes of the body ask for it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.answered = False

    async def on_head(self, request: Request, peek) -> bool:
        """True if the answer was given."""
        length = int(request.header("content-length") or 0)
        if length < 4096 or b'"early-413"' not in await peek(256):
            return False
        error = ApiError(413, "Request exceeds the maximum size")
        family = anthropic_api if request.header("anthropic-version") else openai_api
        answer = Answer.json(413, family.error_body(error))
        answer.close = True
        await Responder(self._connection, request).send(answer)
        self.answered = True
        await self._connection.peer_gone()
        return True


class Control:
    """The control port: the test's hand on the engine."""

    def __init__(self, engine: Engine, stop: asyncio.Event) -> None:
        self._engine, self._stop = engine, stop
        self._recorder = Recorder()

    async def listen(self, port: int) -> int:
        """Opens the port and returns its number."""
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._recorder, self._serve), "127.0.0.1", port
        )
        return server.sockets[0].getsockname()[1]

    async def _serve(self, connection: Connection) -> None:
        async def whole(_request, _peek) -> bool:
            return False

        try:
            while (request := await connection.next_request(whole)) is not None:
                await Responder(connection, request).send(await self._handle(request))
                self._recorder.reset()
        except (PeerGone, Malformed):
            pass
        finally:
            connection.close()

    async def _handle(self, request: Request) -> Answer:
        engine, parts = self._engine, request.target.strip("/").split("/")
        if request.method == "GET" and parts == ["requests"]:
            return Answer.json(200, engine.recorder.export())
        if request.method == "POST" and parts == ["reset"]:
            engine.reset()
        elif request.method == "POST" and parts[0] == "mode" and parts[1] in MODES:
            await engine.set_mode(parts[1])
        elif request.method == "POST" and parts[0] == "release":
            await engine.release(int(parts[1]))
        elif request.method == "POST" and parts == ["stop"]:
            self._stop.set()
        elif parts != ["state"]:
            return Answer.json(404, {})
        return Answer.json(200, engine.state())


async def run(options: argparse.Namespace) -> None:
    """Serves until told to stop."""
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    engine = Engine(tls)
    await engine.listen(options.port)
    control = await Control(engine, stop).listen(options.control)
    sys.stdout.buffer.write(dump({"port": engine.port, "control": control}) + b"\n")
    sys.stdout.flush()
    await stop.wait()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--control", type=int, default=0, help="0: any free port")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="serve TLS with these PEM files")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
