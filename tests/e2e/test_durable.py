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
            for number in range(20):
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


def test_the_record_is_durable_before_the_first_byte(traced):
    calls, audit, port, engines = traced
    points = trace.durable_points(calls, audit)
    assert len(points) >= 20
    received = {}
    for call in calls:
        if call.name in ("recvfrom", "recvmsg", "read") and _local(call) == port and "tag-" in call.arguments:
            number = call.arguments.partition("tag-")[2][:3]
            received.setdefault(number, call.ended)
    sent = {}
    for call in calls:
        if call.name in ("sendto", "sendmsg", "write", "writev") and _peer(call) in engines and "POST " in call.arguments:
            sent.setdefault(call.began, call)
    assert len(received) == len(sent) == 20
    for (number, came), went in zip(sorted(received.items(), key=lambda item: item[1]), sorted(sent), strict=True):
        between = [point for point in points if came < point < went]
        assert between, f"request {number}: received {came:.6f}, sent {went:.6f}, no commit between"


def test_nothing_else_goes_to_an_engine_first(traced):
    """Connections may be opened early, but no byte of a request is on them before its record."""
    calls, audit, _, engines = traced
    points = trace.durable_points(calls, audit)
    first = min(call.began for call in calls if call.name in ("sendto", "sendmsg", "write", "writev") and _peer(call) in engines
                and "/health" not in call.arguments)
    assert points and points[0] < first


def test_killed_at_any_moment(tmp_path):
    """A short run of the crash campaign."""
    script = ROOT / "tests/campaigns/crash.py"
    done = subprocess.run([sys.executable, str(script), "--moments", "5", "--folder", str(tmp_path)], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert pathlib.Path(tmp_path / "audit").exists()
