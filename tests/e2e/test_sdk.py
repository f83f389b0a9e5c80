"""The official SDKs cannot tell the gateway from the provider: every scenario runs directly and through the gateway."""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest

from clients import anthropic_sdk, openai_sdk

CLIENTS = pathlib.Path(__file__).resolve().parent.parent / "clients"
# Fields that belong to one hop, those that HTTP lets a gateway frame anew, and the one that a gateway which reads
# answers sets itself.
HOP = {
    "host",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
    "expect",
    "accept-encoding",
}


def end_to_end(seen) -> list[tuple]:
    """What the provider saw, without what belongs to the hop."""
    return [
        (one.method, one.target, [field for field in one.headers if field[0].lower() not in HOP], one.body)
        for one in seen
    ]


def compare(run, gateway, engine) -> None:
    """Runs something directly and through the gateway; answers and what the provider saw must be equal."""
    direct = run(engine.url)
    expected = end_to_end(engine.requests())
    engine.reset()
    answer = run(gateway.url)
    assert answer == direct
    assert end_to_end(engine.requests()) == expected


@pytest.mark.parametrize("name", openai_sdk.SCENARIOS)
def test_openai_python(name, gateway, cloud_engine, local_engine):
    compare(openai_sdk.SCENARIOS[name], gateway, cloud_engine)
    assert local_engine.state()["requests"] == 0


@pytest.mark.parametrize("name", anthropic_sdk.SCENARIOS)
def test_anthropic_python(name, gateway, cloud_engine, local_engine):
    compare(anthropic_sdk.SCENARIOS[name], gateway, cloud_engine)
    assert local_engine.state()["requests"] == 0


def _node(script: str, url: str) -> dict:
    done = subprocess.run(
        ["node", str(CLIENTS / script), url], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("script", ["openai.mjs", "anthropic.mjs"])
def test_node(script, gateway, cloud_engine, local_engine):
    direct = _node(script, cloud_engine.url)
    expected = end_to_end(cloud_engine.requests())
    cloud_engine.reset()
    answers = _node(script, gateway.url)
    assert answers.keys() == direct.keys() and len(answers) > 20
    for name, answer in answers.items():
        assert answer == direct[name], name
    assert end_to_end(cloud_engine.requests()) == expected
    assert local_engine.state()["requests"] == 0


CURL = {
    "plain": ["-d", '{"model":"standin-large","messages":[{"role":"user","content":"hello"}]}', "/v1/chat/completions"],
    "stream": [
        "-N",
        "-d",
        '{"model":"standin-large","stream":true,"messages":[{"role":"user","content":"hello"}]}',
        "/v1/chat/completions",
    ],
    "anthropic": [
        "-H",
        "anthropic-version: 2023-06-01",
        "-H",
        "x-api-key: k",
        "-d",
        '{"model":"claude-standin","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}',
        "/v1/messages",
    ],
    "models": ["/v1/models"],
    "head": ["-I", "/v1/models"],
    "not-found": ["/v1/models/no-such-model"],
    "http-1.0": ["--http1.0", "/v1/models"],
    "compressed": [
        "--compressed",
        "-d",
        '{"model":"gzip-answer","messages":[{"role":"user","content":"hello"}]}',
        "/v1/chat/completions",
    ],
    "html": ["-d", '{"model":"html-502","messages":[{"role":"user","content":"hello"}]}', "/v1/chat/completions"],
    "rate-limit": [
        "-d",
        '{"model":"error-429","messages":[{"role":"user","content":"hello"}]}',
        "/v1/chat/completions",
    ],
    "binary": ["-d", '{"model":"binary","messages":[{"role":"user","content":"hello"}]}', "/v1/chat/completions"],
    "chunked-upload": [
        "-H",
        "Transfer-Encoding: chunked",
        "-d",
        '{"model":"standin-large","messages":[{"role":"user","content":"hello"}]}',
        "/v1/chat/completions",
    ],
    "query": ["-g", "/v1/models?limit=5&after=a%2Fb"],
}


def _curl(url: str, arguments: list[str]) -> tuple[int, str, list[str], bytes]:
    """Exit status, status code, end-to-end headers and body."""
    command = [
        "curl",
        "-s",
        "-S",
        "-i",
        "-H",
        "Content-Type: application/json",
        "-H",
        "Authorization: Bearer test-key",
        *arguments[:-1],
        url + arguments[-1],
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    ours = HOP | {"bailiwick-decision", "bailiwick-receipt"}
    return (
        done.returncode,
        lines[0].split(" ")[1],
        sorted(line for line in lines[1:] if line.partition(":")[0].lower() not in ours),
        body,
    )


@pytest.mark.parametrize("name", CURL)
def test_curl(name, gateway, cloud_engine):
    compare(lambda url: _curl(url, CURL[name]), gateway, cloud_engine)


def test_curl_waits_for_100_continue(gateway, cloud_engine, tmp_path):
    body = tmp_path / "large.json"
    body.write_text(
        json.dumps({"model": "standin-large", "messages": [{"role": "user", "content": "green hill " * 150_000}]})
    )
    answer = _curl(gateway.url, ["-H", "Expect: 100-continue", "--data-binary", f"@{body}", "/v1/chat/completions"])
    assert answer[:2] == (0, "200")
    assert [one.body for one in cloud_engine.requests()] == [body.read_bytes()]


def test_receipt_headers(gateway, cloud_engine):
    reply = gateway.chat("A green hill.")
    assert reply.status == 200
    number, _, leaf = reply.header("Bailiwick-Receipt").partition(":")
    assert number == reply.header("Bailiwick-Decision") and len(leaf) == 64 and int(leaf, 16) >= 0
    assert int(number) in gateway.decisions()
