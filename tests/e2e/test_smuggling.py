"""Malformed requests go nowhere, and what we accept is read the same way by everybody else."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import subprocess
import sys

import pytest

from gateway import Gateway, cloud, free_port, onprem, wait_for
from odd_requests import accepted, refused
from raw import Closed, RawConnection
from standin.client import Standin

HERE = pathlib.Path(__file__).resolve().parent
REFUSED, ACCEPTED = refused(), accepted()


def real(wire: bytes) -> bytes:
    """The same oddity at an endpoint that exists."""
    for made_up, path in (
        (b"GET / HTTP/", b"GET /v1/models HTTP/"),
        (b"POST /v1/x HTTP/", b"POST /v1/chat/completions HTTP/"),
        (b"POST / HTTP/", b"POST /v1/chat/completions HTTP/"),
    ):
        if wire.startswith(made_up):
            return path + wire[len(made_up) :]
    return wire


def talk(address, wire: bytes) -> bytes:
    """Everything the server says to these bytes, after which the client closes its side."""
    said = bytearray()
    with RawConnection(address, timeout=60) as connection:
        with contextlib.suppress(OSError):
            connection.socket.sendall(wire)
            connection.socket.shutdown(socket.SHUT_WR)
        try:
            while data := connection.socket.recv(65536):
                said += data
        except ConnectionResetError:
            pass
    return bytes(said)


@pytest.fixture(scope="module")
def open_gateway(cloud_engine, local_engine):
    """A gateway that serves the host names of the corpus, so that nothing but the oddity is in the way."""
    cloud_engine.mode("normal")
    local_engine.mode("normal")
    with Gateway(
        {"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}, hosts=("a.example", "192.0.2.1")
    ) as gateway:
        yield gateway


def test_the_corpus_is_there():
    assert len(REFUSED) >= 300 and len(ACCEPTED) >= 60


@pytest.mark.parametrize("clause", sorted({case.clause for case in REFUSED}))
def test_malformed_requests_go_nowhere(clause, open_gateway, cloud_engine, local_engine):
    cloud_engine.reset()
    local_engine.reset()
    for case in REFUSED:
        if case.clause != clause:
            continue
        said = talk(open_gateway.address, real(case.wire))
        assert said == b"" or said.split(b" ", 2)[1][:1] in (b"4", b"5"), (case.name, said[:100])
        assert said.count(b"HTTP/1.1 ") <= 1, (case.name, said)
        assert cloud_engine.requests() == [] and local_engine.requests() == [], case.name
    assert talk(
        open_gateway.address, b"GET /v1/models HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    ).startswith(b"HTTP/1.1 200 ")


def test_a_refused_request_takes_its_followers_with_it(open_gateway, cloud_engine):
    """Whatever stands behind a malformed request is never read as a request."""
    cloud_engine.reset()
    follower = b"GET /v1/models HTTP/1.1\r\nHost: a.example\r\n\r\n"
    for case in REFUSED:
        if case.clause not in ("BODY_CUT", "INCOMPLETE"):
            said = talk(open_gateway.address, real(case.wire) + follower)
            assert b"HTTP/1.1 200" not in said, case.name
    assert cloud_engine.requests() == []


@pytest.mark.parametrize(
    "case",
    [case for case in ACCEPTED if (case.method, case.target, case.framing) == ("GET", "/", "none")],
    ids=lambda case: case.name,
)
def test_odd_requests_are_forwarded_as_they_read(case, open_gateway, cloud_engine, local_engine):
    """To the cloud, or on-prem if a part of the head cannot be read as text."""
    cloud_engine.reset()
    local_engine.reset()
    said = talk(open_gateway.address, real(case.wire))
    status = int(said.split(b" ", 2)[1])
    assert said.count(b"HTTP/1.1 ") == 1
    seen = [(one.method, one.target, one.body, one.state) for one in cloud_engine.requests() + local_engine.requests()]
    assert seen == ([("GET", "/v1/models", b"", "complete")] if status == 200 else []), status
    assert status in (200, 413, 421, 426), said[:200]


# Readers: programs that others put behind or in front of us. Each is given the same bytes.


class Proxy:
    """HAProxy or nginx in front of a stand-in, which tells how they read a request."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.engine, port = Standin(), free_port()
        self.address = ("127.0.0.1", port)
        config = folder / f"{name}.cfg"
        config.write_text(
            (HERE / "readers" / f"{name}.cfg")
            .read_text()
            .replace("@PORT@", str(port))
            .replace("@ENGINE@", str(self.engine.port))
            .replace("@FOLDER@", str(folder))
        )
        command = {
            "haproxy": ["haproxy", "-db", "-f", str(config)],
            "nginx": ["nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")],
        }[name]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._listens, f"{name} to listen")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def read(self, wire: bytes) -> tuple[str, str, bytes] | None:
        """Method, target and body as the program passed them on, or None if it refused."""
        self.engine.reset()
        talk(self.address, wire)
        seen = [one for one in self.engine.requests() if one.state == "complete"]
        assert len(seen) <= 1
        return (seen[0].method, seen[0].target, seen[0].body) if seen else None

    def close(self) -> None:
        """Stops the program and its engine."""
        self.process.terminate()
        self.process.wait(timeout=60)
        self.engine.close()


class Server:
    """A server that answers with how it read the request."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.address = ("127.0.0.1", int(self.process.stdout.readline()))

    def read(self, wire: bytes) -> tuple[str, str, bytes] | None:
        """Method, target and body as the server read them, or None if it refused."""
        with RawConnection(self.address, timeout=60) as connection:
            connection.send(wire)
            try:
                reply = connection.reply()
            except Closed:
                return None
        if reply.status != 200:
            return None
        row = json.loads(reply.body)
        return row["method"], row["target"], bytes.fromhex(row["body"])

    def close(self) -> None:
        """Stops the server."""
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()


@pytest.fixture(scope="module", params=["haproxy", "nginx", "python", "node"])
def reader(request, tmp_path_factory):
    """One program that reads HTTP."""
    if request.param in ("haproxy", "nginx"):
        program = Proxy(request.param, tmp_path_factory.mktemp(request.param))
    else:
        program = Server(
            {
                "python": [sys.executable, str(HERE / "readers/server.py")],
                "node": ["node", str(HERE / "readers/server.mjs")],
            }[request.param]
        )
    yield request.param, program
    program.close()


# Where a program is known to change what it passes on, and why that is no smuggling.
KNOWN = {
    ("python", "double-slash"): "http.server folds leading slashes into one",
}


def path_of(target: str) -> str:
    """The path and query of a target in absolute form."""
    scheme, mark, rest = target.partition("://")
    if not mark or not scheme.isalpha():
        return target
    at = min((rest.find(char) for char in "/?" if char in rest), default=len(rest))
    return rest[at:] if rest[at:].startswith("/") else "/" + rest[at:]


def test_others_read_the_same(reader):
    name, program = reader
    read, refusals = 0, []
    for case in ACCEPTED:
        if case.method in ("CONNECT", "HEAD") or case.name == "connection-list":
            continue  # a tunnel, no body to look at, and an upgrade
        got = None if (name, case.name) in KNOWN else program.read(case.wire)
        if got is None:
            refusals.append(case.name)
            continue
        method, target, body = got
        assert (method, path_of(target)) == (case.method, path_of(case.target)), case.name
        if not (name == "python" and case.framing == "chunked"):  # http.server leaves chunks to its handler
            assert body == case.body, case.name
        read += 1
    assert read >= 40, refusals
