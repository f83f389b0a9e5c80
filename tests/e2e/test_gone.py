"""Clients that go away at the worst moments: while a large prompt is being read on another thread, while the request waits
for an engine, while the answer comes. The sanitizers of the build watch; what was not released leaves nothing behind."""

from __future__ import annotations

import json
import socket

from gateway import KEY, wait_for
from load import SENSITIVE

HEAVY = "A green hill in the rain, and nothing else to see there. " * 20_000  # well above what a loop reads by itself


def request(text: str) -> bytes:
    body = json.dumps({"model": "standin-large", "messages": [{"role": "user", "content": text}]}).encode()
    head = (
        f"POST /v1/chat/completions?note=hill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        f"X-Note: a header of some length that is read as text\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def leave_at_once(address, data: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # close by reset
        connection.sendall(data)


def begun(gateway) -> int:
    for line in gateway.metrics().splitlines():
        if line.startswith("bailiwick_requests_total "):
            return int(line.split()[1])
    raise AssertionError("no such metric")


def test_gone_while_a_large_prompt_is_read(gateway, cloud_engine):
    before = begun(gateway)
    for _ in range(12):
        leave_at_once(gateway.address, request(HEAVY))
    wait_for(lambda: begun(gateway) >= before + 12, "all requests to begin")
    assert gateway.chat("A green hill.").status == 200


def test_gone_while_waiting_for_the_engine(gateway, cloud_engine, local_engine):
    local_engine.mode("hold")
    before = begun(gateway)
    try:
        for _ in range(12):
            leave_at_once(gateway.address, request(SENSITIVE))
        wait_for(lambda: begun(gateway) >= before + 12, "all requests to begin")
    finally:
        local_engine.mode("normal")
    assert gateway.chat(SENSITIVE).status == 200
    assert cloud_engine.requests() == []
