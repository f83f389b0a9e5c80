"""The stand-in is the yardstick of the end-to-end tests, so it is tested itself: formats with the SDKs, bytes with sockets."""

from __future__ import annotations

import datetime
import json
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients import anthropic_sdk, openai_sdk
from gateway import wait_for
from raw import Closed, RawConnection, chunked, head
from standin.behaviour import Behaviour, behaviour
from standin.client import Standin

ODD = ("error", "wrong_key", "invalid", "noretry", "html", "cut", "reset")


@pytest.fixture(scope="module")
def engine():
    with Standin() as running:
        yield running


@pytest.fixture(autouse=True)
def clean(engine):
    engine.mode("normal")
    engine.reset()


def chat(text: str, **more) -> bytes:
    return json.dumps({"model": "standin-large", "messages": [{"role": "user", "content": text}], **more}).encode()


@pytest.mark.parametrize("sdk", [openai_sdk, anthropic_sdk], ids=["openai", "anthropic"])
def test_every_plain_scenario_succeeds_and_repeats(sdk, engine):
    for name, run in sdk.SCENARIOS.items():
        if any(word in name for word in ODD):
            continue
        first = run(engine.url)
        if name not in ("models", "responses_state"):  # which ask for something that is not there
            assert '"error": "' not in json.dumps(first), (name, first)
        assert run(engine.url) == first, name


@pytest.mark.parametrize(
    "status,error",
    [(400, "BadRequestError"), (404, "NotFoundError"), (429, "RateLimitError"), (500, "InternalServerError")],
)
def test_errors_have_the_apis_shape(status, error, engine):
    for sdk in (openai_sdk, anthropic_sdk):
        engine.reset()
        result = sdk.SCENARIOS[f"error_{status}"](engine.url)
        assert (result["error"], result["status"]) == (error, status)
        assert engine.state()["requests"] == (3 if status in (429, 500) else 1)


def test_bytes_are_kept_exactly(engine):
    payload = b'{"model" :"standin-large",\t"messages":[{"role":"user","content":"caf\\u00e9 \xf0\x9f\x98\x80"}]} \r\n'
    framed = chunked(payload, [1, 2, 3, 50], extension=b";a=b", trailers=b"X-T: 1\r\n")
    sent = head(
        "POST", "/v1/chat/completions?x=%2F", "h", [("X-B", "2"), ("x-a", "1"), ("Transfer-Encoding", "chunked")]
    )
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        connection.send(sent + framed, [1] * 40)
        assert connection.reply().status == 200
    (seen,) = engine.requests()
    assert (seen.head, seen.wire_body, seen.body, seen.trailers, seen.state) == (
        sent,
        framed,
        payload,
        [("X-T", "1")],
        "complete",
    )
    assert seen.first_byte[0] < seen.complete_at[0]


def test_a_cut_request_is_recorded(engine):
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        connection.send(head("POST", "/v1/chat/completions", "h", [("Content-Length", "100")]) + b"only this")
    engine.wait(lambda state: state["requests"] == 1)
    seen = wait_for(
        lambda: next((one for one in engine.requests() if one.state != "reading"), None), "the end of the request"
    )
    assert (seen.state, seen.body) == ("cut", b"only this")


@pytest.mark.parametrize(
    "wire",
    [
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        b"G@T / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_recorded_as_malformed(wire, engine):
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        connection.send(wire)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.rest()
    assert [one.state for one in engine.requests()] in (["malformed"], ["cut"])


def test_modes(engine):
    engine.mode("hold")
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        body = chat("held")
        connection.send(head("POST", "/v1/chat/completions", "h", [("Content-Length", str(len(body)))]) + body)
        engine.wait(lambda state: state["held"] == 1)
        engine.release(1)
        assert connection.reply().status == 200
    engine.mode("busy")
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        connection.send(head("GET", "/v1/models", "h"))
        assert connection.reply().status == 503
    engine.mode("dead")
    with pytest.raises(OSError):
        RawConnection(("127.0.0.1", engine.port))
    engine.mode("normal")
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        connection.send(head("GET", "/health", "h"))
        assert connection.reply().status == 200
    assert engine.state()["health_checks"] == 1


def test_a_client_that_leaves_is_noticed(engine):
    connection = RawConnection(("127.0.0.1", engine.port))
    body = chat("a long story " * 50, model="drip-20", stream=True)
    connection.send(head("POST", "/v1/chat/completions", "h", [("Content-Length", str(len(body)))]) + body)
    connection.until(b"data: ")
    connection.close()
    seen = wait_for(
        lambda: next((one for one in engine.requests() if one.peer_closed is not None), None), "the engine to notice"
    )
    assert not seen.answered


def test_broken_answers_are_broken(engine):
    for model in ("reset-mid-stream", "cut-mid-stream"):
        for stream in (True, False):
            with RawConnection(("127.0.0.1", engine.port)) as connection:
                body = chat("hello", model=model, stream=stream)
                connection.send(head("POST", "/v1/chat/completions", "h", [("Content-Length", str(len(body)))]) + body)
                with pytest.raises(Closed):
                    connection.reply()


def test_behaviour_names():
    assert behaviour("error-429") == Behaviour("error", 429)
    assert behaviour("flaky-503-2") == Behaviour("flaky", 503, 2)
    assert behaviour("reset-mid-stream").kind == "reset-mid-stream"
    for plain in ("standin-large", "gpt-4o-mini-2024", "error", "hang-5", 7, None, "qwen3-32b"):
        assert behaviour(plain) == Behaviour()


def test_tls(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with Standin(tls=(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))) as engine:
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with (
            socket.create_connection(("127.0.0.1", engine.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(head("GET", "/v1/models", "localhost", [("Connection", "close")]))
            assert secure.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        assert len(engine.requests()) == 1
