"""How requests and answers end other than well: clients that close in good order, bodies that break off, heads with too many
fields; and what stands behind the end of an answer, or inside a compressed one."""

from __future__ import annotations

import gzip
import json
import socket

import pytest
import yaml

from gateway import Gateway, cloud, onprem, wait_for
from load import SENSITIVE, Crowd
from load import openai as ask_openai
from raw import RawConnection, head

KEY_FIELD = ("Authorization", "Bearer test-key")


def chat(model: str, text: str = "A green hill.", **more) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()


def send(connection: RawConnection, gateway, body: bytes, target: str = "/v1/chat/completions", fields=()) -> None:
    host = f"127.0.0.1:{gateway.port}"
    connection.send(head("POST", target, host, [KEY_FIELD, *fields, ("Content-Length", str(len(body)))]) + body)


def outcomes(gateway) -> list[dict]:
    return [row for row in gateway.audit() if row["kind"] == "outcome"]


@pytest.fixture
def narrow(cloud_engine, local_engine):
    """A gateway whose engine serves one request at a time, and whose patience with bodies is short."""
    for engine in (cloud_engine, local_engine):
        engine.mode("normal")
        engine.reset()
    destinations = {"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url, concurrency=1)}
    with Gateway(destinations, limits={"body_timeout": "1 s"}) as gateway:
        yield gateway


# Clients that close.


def test_a_client_that_closes_while_the_destination_is_silent(narrow, cloud_engine):
    with RawConnection(narrow.address) as connection:
        send(connection, narrow, chat("hang"))
        cloud_engine.wait(lambda state: state["complete"] == 1)
    wait_for(lambda: cloud_engine.requests()[0].peer_closed, "the destination to be let go")
    (outcome,) = wait_for(lambda: outcomes(narrow), "the outcome")
    assert outcome["result"] == "client-gone"


def test_a_client_that_closes_while_its_request_is_queued(narrow, local_engine):
    local_engine.mode("hold")
    first = Crowd(narrow.address, [ask_openai(SENSITIVE)]).start()
    local_engine.wait(lambda state: state["held"] == 1)
    with RawConnection(narrow.address) as connection:
        send(connection, narrow, chat("standin-large", SENSITIVE))
        wait_for(lambda: waiting(narrow) == 1, "the second request to be queued")
    wait_for(lambda: waiting(narrow) == 0, "the queue to be empty again")
    local_engine.mode("normal")
    assert [ask.reply.status for ask in first.join()] == [200]
    assert len(local_engine.requests()) == 1


def waiting(gateway) -> int:
    rows = [line for line in gateway.metrics().splitlines() if line.startswith("bailiwick_engine_waiting{")]
    return sum(int(row.rpartition(" ")[2]) for row in rows)


def test_a_client_that_only_has_no_more_to_say(narrow, cloud_engine):
    """Half-closed: interim answers ask whether it is still there, and the answer comes."""
    with RawConnection(narrow.address) as connection:
        send(connection, narrow, chat("slow-2500"))
        connection.socket.shutdown(socket.SHUT_WR)
        reply = connection.reply()
    assert (reply.status, set(reply.interim)) == (200, {100})
    assert json.loads(reply.body)["choices"]
    assert wait_for(lambda: [row["result"] for row in outcomes(narrow)], "the outcome") == ["sent"]


# Bodies that break off.


def test_a_broken_chunk_is_refused_in_the_shape_of_the_api(gateway, cloud_engine, local_engine):
    chunks = b"5\r\n{\"mod\r\nX"
    for target, version in (("/v1/chat/completions", []), ("/v1/messages", [("anthropic-version", "2023-06-01")])):
        with RawConnection(gateway.address) as connection:
            fields = [KEY_FIELD, *version, ("Transfer-Encoding", "chunked")]
            connection.send(head("POST", target, f"127.0.0.1:{gateway.port}", fields) + chunks)
            reply = connection.reply()
        assert reply.status == 400 and reply.header("connection") == "close"
        value = json.loads(reply.body)
        assert value["error"]["message"] and (value.get("type") == "error") == bool(version)
        assert gateway.decision(reply)["refusal"] == "framing"
    assert cloud_engine.requests() == [] and local_engine.requests() == []


def test_a_body_that_stops_coming_is_refused_in_the_shape_of_the_api(narrow, cloud_engine):
    with RawConnection(narrow.address) as connection:
        fields = [KEY_FIELD, ("Content-Length", "1000")]
        connection.send(head("POST", "/v1/chat/completions", f"127.0.0.1:{narrow.port}", fields) + b'{"model":')
        reply = connection.reply()
    assert reply.status == 408 and json.loads(reply.body)["error"]["message"]
    assert narrow.decision(reply)["refusal"] == "timeout"
    assert cloud_engine.requests() == []


# Heads.


def test_as_many_fields_as_are_allowed(gateway, cloud_engine):
    fields = [(f"X-Number-{i}", "1") for i in range(125)]  # with Host, Authorization and Content-Length: 128
    with RawConnection(gateway.address) as connection:
        send(connection, gateway, chat("standin-large"), fields=fields)
        assert connection.reply().status == 200
    assert [field for field in cloud_engine.requests()[0].headers if field[0].startswith("X-Number-")] == fields
    with RawConnection(gateway.address) as connection:
        send(connection, gateway, chat("standin-large"), fields=[*fields, ("X-Number-125", "1")])
        reply = connection.reply()
    assert reply.status == 431 and "128 fields" in json.loads(reply.body)["error"]["message"]


# Answers.


def test_early_hints_come_along_without_what_looks_like_ours(gateway):
    with RawConnection(gateway.address) as connection:
        send(connection, gateway, chat("early-hints"))
        early = connection.until(b"\r\n\r\n").lower()
        assert early.startswith(b"http/1.1 103 ") and b"link: </style.css>" in early
        assert b"bailiwick" not in early
        assert connection.reply().status == 200


def test_trailers_come_along(gateway, cloud_engine):
    with RawConnection(gateway.address) as connection:
        for _ in range(2):  # and the connection stays in order
            send(connection, gateway, chat("trailers"))
            reply = connection.reply()
            assert reply.status == 200 and reply.trailers == [("x-checksum", "abc")]


def responses(gateway, model: str, **more) -> dict:
    reply = gateway.post("/v1/responses", {"model": model, "store": True, **more})
    assert reply.status == 200, reply.body
    return reply


@pytest.mark.parametrize("stream", [False, True])
def test_items_of_an_answer_are_known_when_they_come_back(stream, gateway, cloud_engine, local_engine):
    reply = responses(gateway, "standin-large", input=SENSITIVE + f" Stream: {stream}.", stream=stream)
    item = next(word for word in reply.body.decode().split('"') if word.startswith("msg_"))
    reference = [{"type": "item_reference", "id": item}, {"role": "user", "content": "And then?"}]
    # At once: it was known before the answer had ended.
    assert gateway.post("/v1/responses", {"model": "standin-large", "input": reference}).status == 200
    assert cloud_engine.requests() == []
    reference[0]["id"] = "msg_" + "0123456789abcdef" * 2
    assert gateway.post("/v1/responses", {"model": "standin-large", "input": reference}).status == 403


def test_compressed_answers_are_learnt_from(gateway, cloud_engine, local_engine):
    reply = responses(gateway, "gzip-answer", input=SENSITIVE + " In short, please.")
    assert reply.header("content-encoding") == "gzip"
    kept = json.loads(gzip.decompress(reply.body))["id"]
    more = {"model": "standin-large", "input": "And then?", "previous_response_id": kept}
    assert gateway.post("/v1/responses", more).status == 200
    assert cloud_engine.requests() == []


# What is not there yet is refused, not passed over.


def test_a_forward_proxy_is_refused_by_the_configuration(shared_gateway, tmp_path):
    config = yaml.safe_load(shared_gateway.config.read_text())
    config["listeners"].append({"address": "127.0.0.1:3128", "mode": "forward-proxy"})
    path = tmp_path / "bailiwick.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "forward-proxy" in text)
    for command in ("check", "serve"):
        done = shared_gateway.run(command, "-c", str(path), check=False)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode != 0
        assert f"bailiwick.yaml:{line}" in said and "base-url" in said, said
