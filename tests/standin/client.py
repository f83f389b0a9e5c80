"""A test's handle on a stand-in engine that runs as a process of its own."""

from __future__ import annotations

import base64
import http.client
import json
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass

TESTS = pathlib.Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Seen:
    """One request as the engine received it; times are (monotonic, wall clock) in nanoseconds."""

    number: int
    connection: int
    first_byte: tuple[int, int]
    head: bytes
    method: str
    target: str
    headers: list[tuple[str, str]]
    wire_body: bytes
    body: bytes
    trailers: list[tuple[str, str]]
    state: str
    complete_at: tuple[int, int] | None
    status: int | None
    answered: bool
    peer_closed: tuple[int, int] | None

    def header(self, name: str) -> str | None:
        """First value of the header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def bytes(self) -> bytes:
        """Everything that arrived for this request."""
        return self.head + self.wire_body


class Standin:
    """Starts an engine and talks to its control port."""

    def __init__(self, *, tls: tuple[str, str] | None = None, port: int = 0) -> None:
        command = [sys.executable, "-m", "standin.engine", "--port", str(port)]
        if tls:
            command += ["--tls", *tls]
        self._process = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        ports = json.loads(self._process.stdout.readline())
        self.port, self._control = ports["port"], ports["control"]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def _call(self, method: str, path: str) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self._control, timeout=60)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"control {path}: {answer.status}")
            return json.loads(answer.read())
        finally:
            connection.close()

    def state(self) -> dict:
        """Counts: requests, complete, answered, held, health_checks; and the mode."""
        return self._call("GET", "/state")

    def requests(self) -> list[Seen]:
        """Everything received since the last reset, in order of first bytes."""
        seen = []
        for row in self._call("GET", "/requests")["requests"]:
            for name in ("head", "wire_body", "body"):
                row[name] = base64.b64decode(row[name])
            for name in ("headers", "trailers"):
                row[name] = [tuple(item) for item in row[name]]
            seen.append(Seen(**row))
        return seen

    def reset(self) -> None:
        """Forgets what was received."""
        self._call("POST", "/reset")

    def mode(self, mode: str) -> None:
        """normal, hold, busy, dead or deaf."""
        self._call("POST", f"/mode/{mode}")

    def release(self, count: int) -> None:
        """Lets held answers go."""
        self._call("POST", f"/release/{count}")

    def wait(self, what, *, seconds: float = 60.0) -> dict:
        """Waits until what(state) is true."""
        deadline = time.monotonic() + seconds
        while not what(state := self.state()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the engine did not get there: {state}")
            time.sleep(0.01)
        return state

    def close(self) -> None:
        """Stops the engine."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)
        self._process.stdout.close()

    def __enter__(self) -> Standin:
        return self

    def __exit__(self, *_exc) -> None:
        self.close()
