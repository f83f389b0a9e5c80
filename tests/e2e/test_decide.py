"""decide tells what serve would do with a request, for people and for programs, and sends nothing."""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest

from gateway import PROGRAM, Gateway, cloud, sequence

IBAN = "DE89370400440532013000"


def decide(config: pathlib.Path, body: object, *more: str) -> subprocess.CompletedProcess:
    """The program's answer for a body."""
    request = config.parent / "request.json"
    request.write_text(json.dumps(body))
    command = [str(PROGRAM), "decide", "-c", str(config), "--request", str(request), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def chat(content: object) -> dict:
    """A request with one message."""
    return {"model": "standin-large", "messages": [{"role": "user", "content": content}]}


@pytest.fixture
def config(gateway):
    """The file of a running gateway: the same decisions, read by another process."""
    return gateway.config


def test_json_agrees_with_what_the_gateway_does(gateway, config, cloud_engine, local_engine):
    """Type, destination and verdict of the dry run are those of the request when it is sent."""
    for text, kind in [("What is the capital of Peru?", None), (f"Transfer 100 EUR to {IBAN}.", "finance.iban")]:
        answer = decide(config, chat(text), "--json")
        assert answer.returncode == 0, answer.stderr
        told = json.loads(answer.stdout)
        assert [d["type"] for d in told["data"]] == ([kind] if kind else [])
        taken = [c["destination"] for c in told["candidates"] if c["taken"]]
        assert told["decision"] == "forward" and taken == [told["destination"]]
        assert all(c["met"] for c in told["candidates"] if c["taken"])
        reply = gateway.post("/v1/chat/completions", chat(text))
        assert reply.status == 200
        number = sequence(reply)
        attempts = [row for row in gateway.audit() if row["kind"] == "attempt" and row["decision"] == number]
        assert [row["destination"] for row in attempts] == [told["destination"]]


def test_nothing_is_sent_or_recorded(gateway, config, cloud_engine, local_engine):
    """Not even the tree grows."""
    before = len(gateway.audit())
    assert decide(config, chat(f"IBAN {IBAN}")).returncode == 0
    assert len(gateway.audit()) == before
    assert not cloud_engine.requests() and not local_engine.requests()


def test_a_refused_request_is_exit_code_one(tmp_path, cloud_engine):
    """Where the cloud is all there is, an IBAN has no destination; the JSON says so."""
    gateway = Gateway({"cloud": cloud(cloud_engine.url)}, folder=tmp_path / "alone")
    answer = decide(gateway.config, chat(f"Transfer 100 EUR to {IBAN}."), "--json")
    told = json.loads(answer.stdout)
    assert answer.returncode == 1 and told["decision"] == "refuse" and told["destination"] is None
    assert [c["taken"] for c in told["candidates"]] == [False]
    assert "refused" in answer.stderr


@pytest.mark.parametrize(
    ("body", "more", "needle"),
    [
        ("{", (), "JSON"),
        (json.dumps(chat("x")), ("--path", "/v2/unknown"), "endpoint"),
        (json.dumps(chat("x")), ("--app", "nobody"), "no application of that name"),
    ],
)
def test_what_cannot_be_decided_is_said(config, body, more, needle):
    """On stderr, with exit code 1."""
    request = config.parent / "odd.json"
    request.write_text(body)
    command = [str(PROGRAM), "decide", "-c", str(config), "--request", str(request), *more]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 1
    assert needle.lower() in answer.stderr.lower()
