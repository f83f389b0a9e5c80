"""Untouched unless needed: allowed bodies reach the provider byte for byte, and heads keep what is end to end."""

from __future__ import annotations

import json

import pytest

from corpus import corpus, refused
from raw import Closed, RawConnection, head

CORPUS = corpus()
REFUSED = refused()


def test_corpus_is_large():
    assert len(CORPUS) >= 300
    assert len({case.name for case in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("group", sorted({case.name.rstrip("0123456789").rstrip("-") for case in CORPUS}))
def test_bytes_arrive_unchanged(group, gateway, cloud_engine, local_engine):
    cases = [case for case in CORPUS if case.name.rstrip("0123456789").rstrip("-") == group]
    with RawConnection(gateway.address) as connection:
        for case in cases:
            connection.send(
                head("POST", case.target, f"127.0.0.1:{gateway.port}", case.wire_fields) + case.wire_body, case.pieces
            )
            reply = connection.reply()
            assert reply.status == 200, (case.name, reply.body[:300])
    assert local_engine.requests() == []
    seen = cloud_engine.requests()
    assert len(seen) == len(cases)
    for case, one in zip(cases, seen, strict=True):
        assert one.body == case.payload, case.name
        assert one.state == "complete", case.name
        sent = {name.lower(): value for name, value in case.fields}
        for name in ("content-type", "content-encoding"):
            assert one.header(name) == sent.get(name), case.name


@pytest.mark.parametrize("case,statuses", REFUSED, ids=[case.name for case, _ in REFUSED])
def test_unreadable_bodies_go_nowhere(case, statuses, gateway, cloud_engine, local_engine):
    with RawConnection(gateway.address) as connection:
        try:
            connection.send(head("POST", case.target, f"127.0.0.1:{gateway.port}", case.wire_fields) + case.wire_body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused while the body was still on its way: the answer can be read all the same
        reply = connection.reply()
    assert reply.status in statuses, reply.body[:300]
    error = json.loads(reply.body)["error"]
    assert error["message"] and error["type"]
    assert reply.header("x-should-retry") == "false"
    assert cloud_engine.requests() == [] and local_engine.requests() == []


BODY = b'{"model":"standin-large","messages":[{"role":"user","content":"hello"}]}'


def _send(gateway, fields, target="/v1/chat/completions"):
    with RawConnection(gateway.address) as connection:
        connection.send(
            head("POST", target, f"127.0.0.1:{gateway.port}", [*fields, ("Content-Length", str(len(BODY)))]) + BODY
        )
        return connection.reply()


def test_end_to_end_headers_keep_their_order_and_repeats(gateway, cloud_engine):
    fields = [
        ("X-B", "2"),
        ("Authorization", "Bearer test-key"),
        ("x-a", "1"),
        ("X-B", "3"),
        ("anthropic-beta", "a,b"),
        ("User-Agent", "test/1"),
        ("Accept", "*/*"),
        ("x-stainless-retry-count", "0"),
        ("OpenAI-Organization", "org-1"),
        ("X-Empty", ""),
    ]
    assert _send(gateway, [*fields, ("Accept-Encoding", "gzip, br")]).status == 200
    (seen,) = cloud_engine.requests()
    assert [
        field
        for field in seen.headers
        if field[0].lower() not in ("host", "content-length", "connection", "accept-encoding")
    ] == fields
    assert seen.header("accept-encoding") == "identity"  # answers are read on their way back


def test_headers_that_tell_on_user_or_network_are_dropped(gateway, cloud_engine):
    private = [
        ("X-Forwarded-For", "10.1.2.3"),
        ("Forwarded", "for=10.1.2.3"),
        ("Cookie", "session=abc"),
        ("Referer", "http://intranet/page"),
        ("baggage", "user=jana"),
        ("Bailiwick-Decision", "7"),
        ("Bailiwick-Anything", "x"),
        ("X-Forwarded-Host", "intranet"),
        ("X-Real-IP", "10.1.2.3"),
        ("Via", "1.1 proxy.corp"),
    ]
    assert _send(gateway, [("Authorization", "Bearer test-key"), *private]).status == 200
    seen = {name.lower() for name, _ in cloud_engine.requests()[0].headers}
    assert not seen & {name.lower() for name, _ in private}


def test_hop_by_hop_headers_stop_here(gateway, cloud_engine):
    fields = [
        ("Authorization", "Bearer test-key"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "secret"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic abc"),
        ("Proxy-Connection", "keep-alive"),
    ]
    assert _send(gateway, fields).status == 200
    seen = {name.lower() for name, _ in cloud_engine.requests()[0].headers}
    assert not seen & {"x-hop", "keep-alive", "te", "proxy-authorization", "proxy-connection"}


def test_targets_keep_their_raw_form(gateway, cloud_engine):
    targets = [
        "/v1/chat/completions?a=%2Fb%3A&c=d:e",
        "/v1/chat/completions?x=1&x=2&empty=",
        "/v1/chat/completions?q=" + "a" * 4000,
    ]
    for target in targets:
        assert _send(gateway, [("Authorization", "Bearer test-key")], target).status == 200
    assert [one.target for one in cloud_engine.requests()] == targets


def test_pipelined_requests_are_not_mixed(gateway, cloud_engine):
    host, count = f"127.0.0.1:{gateway.port}", 20
    wire = bytearray()
    for number in range(count):
        body = json.dumps(
            {"model": "standin-large", "messages": [{"role": "user", "content": f"green hill number {number}"}]}
        ).encode()
        wire += (
            head(
                "POST",
                "/v1/chat/completions",
                host,
                [("Authorization", "Bearer test-key"), ("Content-Length", str(len(body)))],
            )
            + body
        )
    with RawConnection(gateway.address) as connection:
        connection.send(bytes(wire))
        said = [json.loads(connection.reply().body)["choices"][0]["message"]["content"] for _ in range(count)]
    assert said == [f"Echo: green hill number {number}" for number in range(count)]


def test_answers_arrive_unchanged(gateway, cloud_engine):
    """Status, headers and bytes of odd answers are those of the provider."""
    for model in (
        "gzip-answer",
        "blank-lines",
        "binary",
        "html-502",
        "error-429",
        "crlf-stream",
        "comment-stream",
        "split-stream",
        "chunked-answer",
    ):
        replies = []
        for address in (("127.0.0.1", cloud_engine.port), gateway.address):
            body = json.dumps(
                {"model": model, "stream": model.endswith("stream"), "messages": [{"role": "user", "content": "hello"}]}
            ).encode()
            with RawConnection(address) as connection:
                connection.send(
                    head(
                        "POST",
                        "/v1/chat/completions",
                        f"127.0.0.1:{address[1]}",
                        [("Authorization", "Bearer test-key"), ("Content-Length", str(len(body)))],
                    )
                    + body
                )
                reply = connection.reply()
            kept = [
                field
                for field in reply.headers
                if not field[0].lower().startswith("bailiwick-")
                and field[0].lower() not in ("content-length", "transfer-encoding", "connection")
            ]
            replies.append((reply.status, kept, reply.body))
        assert replies[0] == replies[1], model


@pytest.mark.parametrize("model", ["reset-mid-stream", "cut-mid-stream"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_answer_does_not_look_whole(model, stream, gateway, cloud_engine):
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]}).encode()
    with RawConnection(gateway.address) as connection:
        connection.send(
            head(
                "POST",
                "/v1/chat/completions",
                f"127.0.0.1:{gateway.port}",
                [("Authorization", "Bearer test-key"), ("Content-Length", str(len(body)))],
            )
            + body
        )
        with pytest.raises(Closed):
            connection.reply()


def test_early_413_reaches_the_client(gateway, cloud_engine):
    body = b'{"model":"early-413","messages":[{"role":"user","content":"' + b"hill " * 200_000 + b'"}]}'
    with RawConnection(gateway.address) as connection:
        connection.send(
            head(
                "POST",
                "/v1/chat/completions",
                f"127.0.0.1:{gateway.port}",
                [("Authorization", "Bearer test-key"), ("Content-Length", str(len(body)))],
            )
            + body
        )
        reply = connection.reply()
    assert reply.status == 413 and b"maximum size" in reply.body
