"""Sensitive values in every place of every request type that the vendors' SDKs know: none may reach the cloud."""

from __future__ import annotations

import gzip
import json
import queue
import random
import threading
import zlib
from dataclasses import dataclass

import pytest
import zstandard

from gateway import found
from positions import Position, positions
from raw import Closed, RawConnection, Reply, chunked, head
from values import KINDS, Sample, sample

SEED = 20260102
QUICK = 300
WORKERS = 8
KNOWN = {
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/responses/input_tokens",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
}
ENCODE = {"gzip": lambda data: gzip.compress(data, mtime=0), "deflate": zlib.compress, "zstd": zstandard.compress}


@dataclass
class Probe:
    """One request with one sensitive value, and what came of it."""

    position: Position
    sample: Sample
    fields: list[tuple[str, str]]
    body: bytes
    pieces: list[int]
    reply: Reply | None = None

    def __str__(self) -> str:
        return f"{self.position.endpoint.path} {self.position.label} with {self.sample.kind.name}"


def _escaped(rng: random.Random, text: str) -> str:
    """The value with some characters written as \\uXXXX."""
    return "".join(
        f"\\u{ord(char):04x}"
        if ord(char) < 0x10000 and rng.random() < 0.3
        else json.dumps(char, ensure_ascii=False)[1:-1]
        for char in text
    )


def probe(rng: random.Random, position: Position) -> Probe:
    """A request with a value of a random type, streamed or not, compressed or not, chunked or not."""
    hidden = sample(rng)
    marker = "\ue000MARK\ue000"
    body = position.body(marker)
    if position.endpoint.streams and rng.random() < 0.5:
        body["stream"] = True
    if position.endpoint.path == "/v1/responses":
        body["store"] = False
    text = json.dumps(body, ensure_ascii=False)
    value = (
        _escaped(rng, hidden.text)
        if rng.random() < 0.3
        else json.dumps(hidden.text, ensure_ascii=rng.random() < 0.5)[1:-1]
    )
    data = text.replace(marker, value).encode()
    fields = [("Content-Type", "application/json"), *position.endpoint.headers]
    fields += (
        [("anthropic-version", rng.choice(("2023-06-01", "2026-10-21"))), ("x-api-key", "test-key")]
        if position.endpoint.family == "anthropic"
        else [("Authorization", "Bearer test-key")]
    )
    if rng.random() < 0.25:
        coding = rng.choice(list(ENCODE))
        data = ENCODE[coding](data)
        fields.append(("Content-Encoding", coding))
    if rng.random() < 0.4:
        data = chunked(data, [rng.choice((1, 5, 17, 64, 300)) for _ in range(rng.randint(1, 30))])
        fields.append(("Transfer-Encoding", "chunked"))
    else:
        fields.append(("Content-Length", str(len(data))))
    pieces = [rng.randint(1, 200) for _ in range(rng.randint(0, 6))]
    return Probe(position, hidden, fields, data, pieces)


def _ask(connection: RawConnection, host: str, one: Probe) -> bool:
    """Sends one probe; false if the connection cannot be used again."""
    connection.send(head("POST", one.position.endpoint.path, host, one.fields) + one.body, one.pieces)
    one.reply = connection.reply()
    return (one.reply.header("connection") or "").lower() != "close"


def _worker(address, work: queue.SimpleQueue, failures: list) -> None:
    connection = None
    while True:
        try:
            one = work.get_nowait()
        except queue.Empty:
            break
        try:
            connection = connection or RawConnection(address)
            if not _ask(connection, f"127.0.0.1:{address[1]}", one):
                connection.close()
                connection = None
        except (OSError, Closed) as error:
            failures.append((str(one), repr(error)))
            connection = None
    if connection is not None:
        connection.close()


def run_probes(address, probes: list[Probe]) -> list:
    """Sends all probes over several connections; returns those that got no answer."""
    work, failures = queue.SimpleQueue(), []
    for one in probes:
        work.put(one)
    threads = [threading.Thread(target=_worker, args=(address, work, failures)) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def chosen(full: bool) -> list[Position]:
    """Every position, or a sample in which each endpoint has its share."""
    everything = positions()
    if full:
        return everything
    rng, by_path = random.Random(SEED), {}
    for one in everything:
        by_path.setdefault(one.endpoint.path, []).append(one)
    share = QUICK // len(by_path) + 1
    picked = [one for places in by_path.values() for one in rng.sample(places, min(share, len(places)))]
    rest = [one for one in everything if one not in picked]
    return picked + rng.sample(rest, max(0, QUICK - len(picked)))


@pytest.fixture(scope="module")
def campaign(request, shared_gateway, cloud_engine, local_engine):
    """All probes, sent."""
    cloud_engine.mode("normal")
    local_engine.mode("normal")
    cloud_engine.reset()
    local_engine.reset()
    rng = random.Random(SEED + 1)
    probes = [probe(rng, position) for position in chosen(request.config.getoption("--full"))]
    failures = run_probes(shared_gateway.address, probes)
    return probes, failures, cloud_engine.requests(), local_engine.requests(), shared_gateway.decisions()


def test_the_schemas_are_covered():
    everything = positions()
    assert len(everything) >= 3000
    labels = {(one.endpoint.path, one.label) for one in everything}
    for wanted in (
        ("/v1/chat/completions", "messages[][user].content"),
        ("/v1/chat/completions", "messages[][assistant].tool_calls[][function].function.arguments"),
        ("/v1/responses", "instructions"),
        ("/v1/messages", "system"),
        ("/v1/messages", "messages[][user].content[][tool_result].content[][text].text"),
        ("/v1/embeddings", "input[]"),
    ):
        assert wanted in labels


def test_every_request_was_answered(campaign):
    probes, failures, _, _, _ = campaign
    assert failures == []
    assert len(probes) >= QUICK
    assert [str(one) for one in probes if one.reply.status >= 500] == []


def test_nothing_reached_the_cloud(campaign):
    probes, _, cloud, local, _ = campaign
    values = {one.sample.value: str(one) for one in probes}
    leaked = [
        next((where for value, where in values.items() if value.encode() in seen.bytes()), seen.target)
        for seen in cloud
    ]
    assert leaked == []
    assert len(local) > 0


def test_each_has_one_record_that_names_what_was_found(campaign):
    probes, _, _, _, decisions = campaign
    numbers, wrong = [], []
    for one in probes:
        number = one.reply.header("Bailiwick-Decision")
        if one.position.endpoint.path not in KNOWN:
            assert one.reply.status in (403, 404), str(one)
            continue
        if number is None or int(number) not in decisions:
            wrong.append(f"{one}: no record, status {one.reply.status}: {one.reply.body[:200]!r}")
            continue
        numbers.append(number)
        if not one.position.opaque and one.sample.kind.name not in found(decisions[int(number)]):
            wrong.append(f"{one}: record {number} does not name it")
    assert wrong == []
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_each_type_in_a_plain_message(kind, gateway, cloud_engine):
    rng = random.Random(SEED + 2)
    for _ in range(3):
        hidden = sample(rng, kind)
        reply = gateway.chat(hidden.text)
        number = int(reply.header("Bailiwick-Decision"))
        assert cloud_engine.requests() == [], hidden.kind.name
        assert kind.name in found(gateway.decisions()[number])
