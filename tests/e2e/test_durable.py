"""Recorded before released: the system calls of the gateway, watched from outside."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

import trace
from gateway import ROOT, Gateway, cloud, onprem
from load import SENSITIVE

REQUESTS = 20
CALLS = "openat,pwrite64,pwritev,fdatasync,fsync,msync,sendto,sendmsg,write,writev,recvfrom,recvmsg,read"


@pytest.fixture(scope="module")
def traced(cloud_engine, local_engine, tmp_path_factory):
    """The calls of a gateway that served requests one after the other, and the ports."""
    for engine in (cloud_engine, local_engine):
        engine.mode("normal")
        engine.reset()
    output = tmp_path_factory.mktemp("trace") / "calls"
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # the leak checker traces too, and only one can
    try:
        wrapper = ("strace", "-f", "-ttt", "-T", "-yy", "-s", "400", "-e", f"trace={CALLS}", "-o", str(output))
        gateway = Gateway({"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}, wrapper=wrapper)
        with gateway:
            for number in range(REQUESTS):
                text = SENSITIVE if number % 3 == 0 else "A green hill."
                assert gateway.chat(text, user=f"tag-{number:03d}", stream=number % 2 == 0).status == 200
            audit = str(gateway.folder / "audit")
    finally:
        del os.environ["ASAN_OPTIONS"]
    return trace.read(output), audit, gateway.port, {cloud_engine.port, local_engine.port}


def _peer(call: trace.Call) -> int:
    """The remote port of a socket call, 0 if it has none."""
    descriptor = call.arguments.partition(",")[0]
    address = descriptor.rpartition("->")[2]
    digits = address.rpartition(":")[2].rstrip("]>")
    return int(digits) if "->" in descriptor and digits.isdigit() else 0


def _local(call: trace.Call) -> int:
    """The local port of a socket call, 0 if it has none."""
    descriptor = call.arguments.partition(",")[0].partition("->")[0]
    digits = descriptor.rpartition(":")[2]
    return int(digits) if "TCP" in descriptor and digits.isdigit() else 0


def _sends(calls: list[trace.Call], engines: set[int]) -> list[trace.Call]:
    """Calls that send something to an engine, health checks apart."""
    return [
        call
        for call in calls
        if call.name in ("sendto", "sendmsg", "write", "writev")
        and _peer(call) in engines
        and "/health" not in call.arguments
    ]


def released_early(calls: list[trace.Call], audit: str, port: int, engines: set[int]) -> list[str]:
    """Requests of which a byte went out before a commit that began after they came in, in words."""
    points, came, faults = trace.durable_points(calls, audit), {}, []
    for call in calls:
        if call.name in ("recvfrom", "recvmsg", "read") and _local(call) == port and "tag-" in call.arguments:
            came.setdefault(call.arguments.partition("tag-")[2][:3], call.ended)
    sends = sorted(_sends(calls, engines), key=lambda call: call.began)
    arrivals = sorted(came.items(), key=lambda item: item[1])
    for index, (number, received) in enumerate(arrivals):
        until = arrivals[index + 1][1] if index + 1 < len(arrivals) else float("inf")
        first = next((call.began for call in sends if received < call.began < until), None)
        if first is None:
            faults.append(f"request {number} was never sent")
        elif not any(received < point < first for point in points):
            faults.append(f"request {number} was sent before it was recorded")
    if arrivals and sends and sends[0].began < arrivals[0][1]:
        faults.append("something was sent before any request came")
    if len(arrivals) != REQUESTS:
        faults.append(f"{len(arrivals)} requests instead of {REQUESTS}")
    return faults


def test_the_record_is_durable_before_the_first_byte(traced):
    assert released_early(*traced) == []


PLANTED = """1 100.0 openat(AT_FDCWD</>, "/a/audit/segments/0.mdb", O_RDWR|O_DSYNC) = 9</a/audit/segments/0.mdb> <0.000010>
1 101.0 recvfrom(5<TCP:[127.0.0.1:80->127.0.0.1:999]>, "POST tag-000", 100, 0, NULL, NULL) = 12 <0.000010>
2 101.1 pwrite64(8</a/audit/segments/0.mdb>, "x", 1, 0) = 1 <0.000010>
2 101.2 fdatasync(8</a/audit/segments/0.mdb> <unfinished ...>
1 101.3 recvfrom(5<TCP:[127.0.0.1:80->127.0.0.1:999]>, 0x7ff, 100, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000010>
2 101.4 <... fdatasync resumed>) = 0 <0.200000>
2 101.5 pwrite64(9</a/audit/segments/0.mdb>, "m", 1, 0) = 1 <0.000010>
1 {sent} sendto(6<TCP:[127.0.0.1:1000->127.0.0.1:81]>, "POST /v1", 8, MSG_NOSIGNAL, NULL, 0) = 8 <0.000010>
"""


@pytest.mark.parametrize("sent,early", [("101.6", False), ("101.45", True), ("101.15", True)])
def test_an_early_byte_would_be_seen(sent, early, tmp_path, monkeypatch):
    """The check itself, on traces made by hand."""
    monkeypatch.setitem(globals(), "REQUESTS", 1)
    (tmp_path / "calls").write_text(PLANTED.format(sent=sent))
    faults = released_early(trace.read(tmp_path / "calls"), "/a/audit", 80, {81})
    assert faults == (["request 000 was sent before it was recorded"] if early else [])


def test_killed_at_any_moment(tmp_path):
    """A short run of the crash campaign."""
    script = ROOT / "tests/campaigns/crash.py"
    done = subprocess.run(
        [sys.executable, str(script), "--moments", "5", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert pathlib.Path(tmp_path / "audit").exists()
