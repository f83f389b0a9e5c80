"""What a verdict wants redacted is replaced inside its strings; every other byte of the body stays as it was."""

from __future__ import annotations

import gzip
import json

import pytest

from gateway import KEY, Gateway, cloud, onprem
from raw import Reply, fetch

CARD, CODE = "4539148803436467", "739"
RULES = """
regime pci "redaction on the way" version 2026-01-01 {
  applies always
  rule code "test" { when data has finance.card then place any, redact payment because "no model needs it" }
}
default { place any because "nothing" }
"""


@pytest.fixture(scope="module")
def gateway(cloud_engine, local_engine, tmp_path_factory):
    rules = tmp_path_factory.mktemp("rules") / "redact.rules"
    rules.write_text(RULES)
    with Gateway(
        {"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}, rules=(rules,)
    ) as running:
        yield running


def post(gateway: Gateway, body: bytes, *fields: tuple[str, str]) -> Reply:
    fields = [("Content-Type", "application/json"), ("Authorization", f"Bearer {KEY}"), *fields]
    return fetch(gateway.address, "POST", "/v1/chat/completions", fields=fields, body=body)


def sent(engine) -> bytes:
    (request,) = engine.requests()
    return request.body


def redacted(text: str) -> str:
    return text.replace(CARD, "[redacted:finance.card]")


def test_only_the_finding_is_replaced(gateway, cloud_engine):
    cloud_engine.reset()
    body = (
        '{"model":"gpt-5" , "seed":9007199254740993, "messages":[{"role":"user","content":'
        '"Caf\\u00e9 \\"quoted\\" card number ' + CARD + ', thanks \\ud83d\\ude00"}] }'
    )
    reply = post(gateway, body.encode())
    assert reply.status == 200
    assert sent(cloud_engine) == redacted(body).encode()


def test_tool_arguments_stay_json(gateway, cloud_engine):
    cloud_engine.reset()
    arguments = json.dumps({"card number": CARD, "note": 'say "hi"'})
    body = {
        "model": "gpt-5",
        "messages": [
            {"role": "user", "content": "go on"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "pay", "arguments": arguments}}],
            },
        ],
    }
    reply = post(gateway, json.dumps(body).encode())
    assert reply.status == 200
    inner = json.loads(json.loads(sent(cloud_engine))["messages"][1]["tool_calls"][0]["function"]["arguments"])
    assert inner == {"card number": "[redacted:finance.card]", "note": 'say "hi"'}


def test_a_compressed_body_goes_on_uncompressed_when_changed(gateway, cloud_engine):
    cloud_engine.reset()
    body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": f"card number {CARD}"}]})
    reply = post(gateway, gzip.compress(body.encode()), ("Content-Encoding", "gzip"))
    assert reply.status == 200
    (request,) = cloud_engine.requests()
    assert request.header("content-encoding") is None
    assert request.body == redacted(body).encode()


def test_what_cannot_be_replaced_is_not_sent(gateway, cloud_engine, local_engine):
    """A bare number has no string around it that could hold a label."""
    cloud_engine.reset()
    local_engine.reset()
    body = '{"model":"gpt-5","messages":[{"role":"user","content":"hi"}],"metadata":{"card number":' + CARD + "}}"
    reply = post(gateway, body.encode())
    assert reply.status == 403
    assert cloud_engine.requests() == [] and local_engine.requests() == []
