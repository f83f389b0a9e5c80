"""One test or more for each promise of the design that tries to break it; the larger ones have files of their own:
test_durable (1), test_noleak (2), test_overload (3), test_passthrough (4)."""

from __future__ import annotations

import json
import pathlib
import shutil
import signal
import subprocess
import sys

import anthropic
import openai
import pytest

from clients import anthropic_sdk, openai_sdk
from gateway import ROOT, Gateway, cloud, found, onprem, sequence, wait_for
from load import SENSITIVE, Crowd, error_type
from load import openai as ask_openai
from raw import Closed, RawConnection, fetch, head

MARKER = "zanzibarquokka"  # a word that no program has by itself


@pytest.fixture
def own(cloud_engine, local_engine):
    """Makes gateways for one test; they end with it."""
    made = []

    def make(**more) -> Gateway:
        for engine in (cloud_engine, local_engine):
            engine.mode("normal")
            engine.reset()
        gateway = Gateway({"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url)}, **more).start()
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.stop()
        gateway.remove()


# 1. Recorded before released.


def test_each_request_has_decision_attempt_and_outcome(own, cloud_engine):
    gateway = own()
    plain, held_back = sequence(gateway.chat("A green hill.")), sequence(gateway.chat(SENSITIVE))
    rows = wait_for(
        lambda: rows_when(gateway, lambda rows: sum(row["kind"] == "outcome" for row in rows) == 2), "both outcomes"
    )
    for number, destination in ((plain, "cloud"), (held_back, "local")):
        attempts = [row for row in rows if row["kind"] == "attempt" and row["decision"] == number]
        outcomes = [row for row in rows if row["kind"] == "outcome" and row["decision"] == number]
        assert [row["destination"] for row in attempts] == [destination]
        assert [(row["result"], row["status"]) for row in outcomes] == [("sent", 200)]
        assert number < attempts[0]["sequence"] < outcomes[0]["sequence"]
    assert [row["sequence"] for row in rows] == sorted({row["sequence"] for row in rows})


def rows_when(gateway: Gateway, condition) -> list[dict] | None:
    """The log, if it fulfils the condition."""
    rows = gateway.audit()
    return rows if condition(rows) else None


def send_until_refused(gateway: Gateway, most: int) -> int:
    """How many plain requests were answered before the first 503."""
    for sent in range(most):
        reply = gateway.chat("A green hill.")
        if reply.status != 200:
            assert reply.status == 503 and json.loads(reply.body)["error"]["message"], (reply.status, reply.body)
            return sent
    raise AssertionError(f"{most} requests and the store is not full")


def test_nothing_is_released_when_the_store_is_full(own, cloud_engine):
    gateway = own(audit={"map_size": "1 MiB"})
    sent = send_until_refused(gateway, 20_000)
    assert [gateway.chat("A green hill.").status for _ in range(20)] == [503] * 20
    assert len(cloud_engine.requests()) == sent
    assert not gateway.ready()
    assert gateway.stop() == 0
    assert gateway.run("audit", "verify", "-c", str(gateway.config)).returncode == 0


def test_nothing_is_released_while_the_disk_refuses_to_write(own, cloud_engine):
    """Every write of the store fails for a while; afterwards the gateway goes on by itself."""
    gateway = own(wrapper=("bash", "-c", "trap '' XFSZ; exec \"$@\"", "bash"))
    assert gateway.chat("A green hill.").status == 200
    limit_file_size(gateway, "1")
    assert [gateway.chat("A green hill.").status for _ in range(20)] == [503] * 20
    assert len(cloud_engine.requests()) == 1
    wait_for(lambda: not gateway.ready(), "readiness to turn red")
    limit_file_size(gateway, "unlimited")
    wait_for(lambda: gateway.chat("A green hill.").status == 200, "the gateway to recover")
    assert len(cloud_engine.requests()) == 2
    assert gateway.stop() == 0
    assert gateway.run("audit", "verify", "-c", str(gateway.config)).returncode == 0


def limit_file_size(gateway: Gateway, size: str) -> None:
    """Sets the largest size of a file that the gateway's processes may write."""
    for pid in gateway.pids():
        subprocess.run(["prlimit", f"--fsize={size}:unlimited", "--pid", str(pid)], check=True)


# 2. Scanned or refused.


@pytest.mark.parametrize(
    "target",
    [
        "/v1/unheard-of",
        "/v1/files",
        "/v1/chat/completion",
        "/V1/chat/completions",
        "/v1/chat/completions/../../v1/models",
        "/",
        "/v2/chat/completions",
    ],
)
def test_unknown_endpoints_are_refused(target, gateway, cloud_engine, local_engine):
    reply = gateway.post(target, {"model": "standin-large", "messages": [{"role": "user", "content": "hello"}]})
    assert reply.status in (400, 404, 405) and json.loads(reply.body)["error"]["message"]
    assert cloud_engine.requests() == [] and local_engine.requests() == []


def test_text_outside_the_body_is_scanned(gateway, cloud_engine):
    body = {"model": "standin-large", "messages": [{"role": "user", "content": "hello"}]}
    gateway.post("/v1/chat/completions?note=jana.novakova@example.org", body)
    gateway.post("/v1/chat/completions?note=jana%2Enovakova%40example%2Eorg", body)
    fetch(gateway.address, "GET", "/v1/models/jana.novakova@example.org")
    fetch(gateway.address, "GET", "/v1/models?after=DE89370400440532013000")
    assert cloud_engine.requests() == []


def test_text_in_headers_is_scanned(gateway, cloud_engine):
    gateway.post(
        "/v1/chat/completions",
        {"model": "standin-large", "messages": [{"role": "user", "content": "hello"}]},
        ("X-Note", "IBAN DE89370400440532013000"),
    )
    assert cloud_engine.requests() == []


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "hello"}], "x": {"card": 4539148803436467}},
        {"messages": [{"role": "user", "content": "hello"}], "x": {"jana.novakova@example.org": 1}},
        {
            "messages": [{"role": "user", "content": "hello"}],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "parameters": {"type": "object", "properties": {"a": {"enum": ["jana.novakova@example.org"]}}},
                    },
                }
            ],
        },
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "c",
                            "type": "function",
                            "function": {"name": "f", "arguments": '{"to":"jana.novakova\\u0040example.org"}'},
                        }
                    ],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "to jana.novakova@"},
                        {"type": "text", "text": "example.org please"},
                    ],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "http://intranet.example/plan.png"}}],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}],
                }
            ]
        },
    ],
    ids=["number", "key", "enum", "arguments", "seam", "image", "remote-image", "audio"],
)
def test_every_corner_of_a_body_counts(body, gateway, cloud_engine):
    reply = gateway.post("/v1/chat/completions", {"model": "standin-large", **body})
    assert reply.status < 500
    assert cloud_engine.requests() == []


@pytest.mark.parametrize("value", [[[9906, 1917]], [9906, 1917]])
def test_token_ids_are_not_passed_unread(value, gateway, cloud_engine):
    gateway.post("/v1/embeddings", {"model": "text-embedding-standin", "input": value})
    gateway.post("/v1/completions", {"model": "standin-small", "prompt": value})
    assert cloud_engine.requests() == []


# 3. Sensitive stays.


def test_a_conversation_that_became_sensitive_stays(gateway, cloud_engine, local_engine):
    first = {"role": "user", "content": f"{SENSITIVE} What comes first?"}
    answer = json.loads(gateway.post("/v1/chat/completions", {"model": "standin-large", "messages": [first]}).body)[
        "choices"
    ][0]["message"]["content"]
    assert len(local_engine.requests()) == 1
    later = [
        [first, {"role": "assistant", "content": answer}, {"role": "user", "content": "And then?"}],
        [{"role": "user", "content": "Go on."}, first],
    ]
    for messages in later:
        assert gateway.post("/v1/chat/completions", {"model": "standin-large", "messages": messages}).status == 200
    assert cloud_engine.requests() == []


def test_an_answer_of_a_sensitive_turn_stays_without_its_question(gateway, cloud_engine, local_engine):
    """The client drops the sensitive question and keeps the answer, which quotes nothing that a detector knows."""
    text = "Our green hill project will be built in spring. Signed, jana.novakova@example.org"
    body = {"model": "standin-large", "messages": [{"role": "user", "content": text}], "max_completion_tokens": 7}
    answer = json.loads(gateway.post("/v1/chat/completions", body).body)["choices"][0]["message"]["content"]
    assert "@" not in answer and len(local_engine.requests()) == 1
    gateway.post(
        "/v1/chat/completions",
        {
            "model": "standin-large",
            "messages": [{"role": "assistant", "content": answer}, {"role": "user", "content": "Go on."}],
        },
    )
    assert cloud_engine.requests() == []


def test_server_side_state_keeps_its_place(gateway, cloud_engine, local_engine):
    kept = json.loads(
        gateway.post("/v1/responses", {"model": "standin-large", "input": SENSITIVE, "store": True}).body
    )["id"]
    assert len(local_engine.requests()) == 1
    gateway.post("/v1/responses", {"model": "standin-large", "input": "And then?", "previous_response_id": kept})
    fetch(gateway.address, "GET", f"/v1/responses/{kept}")
    assert cloud_engine.requests() == []


def test_unknown_state_is_refused(gateway, cloud_engine, local_engine):
    reply = gateway.post(
        "/v1/responses",
        {"model": "standin-large", "input": "And then?", "previous_response_id": "resp_of_somebody_else_0123456789"},
    )
    assert reply.status == 403 and reply.header("x-should-retry") == "false"
    assert cloud_engine.requests() == [] and local_engine.requests() == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_final_for_the_sdks(stream, gateway, cloud_engine, local_engine):
    """Plain JSON with 403 even for a stream; each SDK raises its typed error after one attempt."""
    before = gateway.metrics()
    with pytest.raises(openai.PermissionDeniedError) as refusal:
        openai_sdk.client(gateway.url).responses.create(
            model="standin-large",
            input="And then?",
            previous_response_id="resp_unknown_0123456789abcdef",
            stream=stream,
        )
    assert refusal.value.response.headers["content-type"].startswith("application/json")
    with pytest.raises(anthropic.PermissionDeniedError):
        anthropic_sdk.client(gateway.url).messages.create(
            model="claude-standin",
            max_tokens=9,
            messages=[{"role": "user", "content": "hello"}],
            extra_body={"container": "container_unknown_0123456789"},
            stream=stream,
        )
    assert (
        counter(gateway.metrics(), "bailiwick_requests_refused_total")
        - counter(before, "bailiwick_requests_refused_total")
        == 2
    )
    assert cloud_engine.requests() == [] and local_engine.requests() == []


def counter(metrics: str, name: str) -> float:
    """One value of the metrics."""
    return next(
        float(line.rsplit(" ", 1)[1])
        for line in metrics.splitlines()
        if line.partition(" ")[0].partition("{")[0] == name
    )


# 5. Evidence stands alone.


def test_the_log_verifies_and_tampering_shows(own, tmp_path):
    gateway = own()
    receipts = [gateway.chat("A green hill.").header("Bailiwick-Receipt") for _ in range(5)]
    assert len(set(receipts)) == 5
    entries = next(export(gateway, tmp_path / "export", 3).glob("tile/entries/**/000*")).parent
    bundle = next(path for path in sorted(entries.rglob("*")) if path.is_file()).read_bytes()
    digest = bundle[2 + 20 : 2 + 52]  # of the first leaf: 16-bit length, then version, kind, sequence, time, digest
    assert gateway.stop() == 0
    assert gateway.run("audit", "verify", "-c", str(gateway.config)).returncode == 0
    (segment,) = (gateway.folder / "audit/segments").glob("*.mdb")
    data = segment.read_bytes()
    assert digest in data
    segment.write_bytes(data.replace(digest, bytes([digest[0] ^ 1]) + digest[1:]))
    assert gateway.run("audit", "verify", "-c", str(gateway.config), check=False).returncode != 0


VERIFIER = ROOT / "audit/verifier/bailiwick-verify"
CONVENIENCE = ("log.vkey", "policy")  # the key and a policy made from it; auditors bring their own


def verify_export(folder: pathlib.Path, key: pathlib.Path, *arguments: str) -> int:
    """Exit status of the independent verifier."""
    return subprocess.run(
        [sys.executable, str(VERIFIER), "--vkey", str(key), *arguments, str(folder)],
        capture_output=True,
        timeout=120,
        check=False,
    ).returncode


def export(gateway: Gateway, folder: pathlib.Path, size: int) -> pathlib.Path:
    """An export of the log, once its checkpoint covers so many leaves."""

    def covered() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        gateway.run("audit", "export", "-c", str(gateway.config), str(folder), check=False)
        checkpoint = folder / "checkpoint"
        return checkpoint.exists() and int(checkpoint.read_text().splitlines()[1]) >= size

    wait_for(covered, "a checkpoint over what was written")
    return folder


def test_the_export_verifies_without_us(own, tmp_path):
    """Forging, truncating and rolling back are seen by whoever holds the key and a receipt or checkpoint."""
    gateway = own()
    early = gateway.chat("A green hill.").header("Bailiwick-Receipt")
    old = export(gateway, tmp_path / "old", int(early.partition(":")[0]) + 1)
    late = [gateway.chat(text).header("Bailiwick-Receipt") for text in ("A hill.", SENSITIVE, "Rain.")][-1]
    new = export(gateway, tmp_path / "new", int(late.partition(":")[0]) + 1)
    assert (
        verify_export(new, gateway.log_key, "--receipt", early, "--receipt", late, "--old", str(old / "checkpoint"))
        == 0
    )
    assert verify_export(old, gateway.log_key, "--receipt", early) == 0
    assert verify_export(old, gateway.log_key, "--receipt", late) == 1  # rolled back
    assert verify_export(old, gateway.log_key, "--old", str(new / "checkpoint")) == 1  # truncated
    number, _, leaf = late.partition(":")
    assert verify_export(new, gateway.log_key, "--receipt", f"{number}:{'0' * 64}") == 1  # another leaf in its place
    for path in sorted(new.rglob("*")):
        if not path.is_file() or path.stat().st_size == 0 or path.name in CONVENIENCE:
            continue
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
        assert verify_export(new, gateway.log_key) == 1, path
        path.write_bytes(data)
    assert verify_export(new, gateway.log_key) == 0 and len(leaf) == 64


# 6. No content at rest.


def test_no_content_in_files_logs_metrics_or_errors(own, cloud_engine):
    gateway = own(server={"log_level": "debug"})
    said = [gateway.chat(f"A green hill named {MARKER}."), gateway.chat(f"{SENSITIVE} {MARKER}")]
    said += [
        gateway.post("/v1/chat/completions", {"model": MARKER, "messages": [{"role": "user", "content": "hello"}]}),
        gateway.post(f"/v1/{MARKER}", {}),
        fetch(gateway.address, "GET", f"/v1/models/{MARKER}"),
        gateway.post("/v1/chat/completions", {MARKER: "x", "model": "m", "Model": MARKER}),
    ]
    broken = RawConnection(gateway.address)
    broken.send(
        head("POST", "/v1/chat/completions", "localhost", [("Content-Length", "60"), ("X-Note", MARKER)])
        + b'{"messages":"'
        + MARKER.encode() * 4
    )
    broken.close()
    errors = [reply.body for reply in said if reply.status >= 400 and not reply.header("server")]
    assert errors and not any(MARKER.encode() in body for body in errors)
    assert MARKER not in gateway.metrics()
    listed = json.dumps(gateway.audit())
    assert MARKER not in listed and "jana.novakova" not in listed
    assert gateway.stop() == 0
    for path in pathlib.Path(gateway.folder).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert MARKER.encode() not in data and b"jana.novakova" not in data and b"DE89" not in data, path


def test_no_core_dumps(gateway):
    for pid in gateway.pids():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4] == "0", core


# 7. Decisions repeat.


def test_a_decision_can_be_made_again(gateway, tmp_path):
    record = gateway.decision(gateway.chat(SENSITIVE))
    again = gateway.decision(gateway.chat(SENSITIVE))
    for field in ("data", "chosen", "candidates", "rules_hash", "tables_hash", "detector_hash"):
        assert again[field] == record[field], field
    assert "finance.iban" in found(record)


def test_a_change_of_rules_is_recorded_and_pinned(own, tmp_path):
    rules = tmp_path / "house.rules"
    rules.write_text((pathlib.Path(__file__).parent / "house.rules").read_text())
    gateway = own(rules=(rules,))
    before = gateway.decision(gateway.chat("A green hill."))["rules_hash"]
    rules.write_text(rules.read_text().replace("rule found-stays", "rule found-remains"))
    gateway.signal(signal.SIGHUP)
    wait_for(lambda: sum(row["kind"] == "policy-change" for row in gateway.audit()) >= 2, "the change to be recorded")
    assert wait_for(
        lambda: (now := gateway.decision(gateway.chat("A green hill."))["rules_hash"]) != before and now,
        "the new rules",
    )


def test_a_bad_reload_changes_nothing(own, tmp_path):
    rules = tmp_path / "house.rules"
    rules.write_text((pathlib.Path(__file__).parent / "house.rules").read_text())
    gateway = own(rules=(rules,))
    before = gateway.decision(gateway.chat("A green hill."))["rules_hash"]
    rules.write_text("regime broken {")
    gateway.signal(signal.SIGHUP)
    wait_for(lambda: counter(gateway.metrics(), "bailiwick_reloads_failed_total") == 1, "the reload to be refused")
    assert gateway.decision(gateway.chat("A green hill."))["rules_hash"] == before


# When things go wrong.


def test_a_client_that_leaves_cancels_the_provider(gateway, cloud_engine):
    ask = ask_openai("green hill " * 100, model="drip-50", stream=True)
    connection = RawConnection(gateway.address)
    connection.send(
        head("POST", ask.target, "localhost", [*ask.fields, ("Content-Length", str(len(ask.body)))]) + ask.body
    )
    reply = connection.reply_head()
    connection.until(b"data: ")
    connection.close()
    seen = wait_for(
        lambda: next((one for one in cloud_engine.requests() if one.peer_closed), None), "the provider to notice"
    )
    assert not seen.answered
    number = int(reply.header("Bailiwick-Decision"))
    outcome = wait_for(
        lambda: next((row for row in gateway.audit() if row["kind"] == "outcome" and row["decision"] == number), None),
        "the outcome",
    )
    assert outcome["result"] == "client-gone"


def test_foreign_hosts_and_origins_are_refused(gateway, cloud_engine):
    body = b'{"model":"standin-large","messages":[{"role":"user","content":"hello"}]}'
    for host, fields, status in (("evil.example", [], 421), ("localhost", [("Origin", "https://evil.example")], 403)):
        with RawConnection(gateway.address) as connection:
            connection.send(
                head("POST", "/v1/chat/completions", host, [*fields, ("Content-Length", str(len(body)))]) + body
            )
            assert connection.reply().status == status
    assert cloud_engine.requests() == []


def test_a_websocket_upgrade_is_answered_with_426(gateway, cloud_engine):
    with RawConnection(gateway.address) as connection:
        connection.send(
            head(
                "GET",
                "/v1/responses",
                "localhost",
                [
                    ("Connection", "Upgrade"),
                    ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ],
            )
        )
        assert connection.reply("GET").status == 426
    assert cloud_engine.requests() == []


def test_slow_senders_do_not_hold_up_others(own, cloud_engine):
    gateway = own(limits={"head_timeout": "1 s", "body_timeout": "1 s"})
    slow = [RawConnection(gateway.address) for _ in range(50)]
    for connection in slow[:25]:
        connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: loc")
    for connection in slow[25:]:
        connection.send(head("POST", "/v1/chat/completions", "localhost", [("Content-Length", "100")]) + b"{")
    asks = Crowd(gateway.address, [ask_openai(f"A green hill {number}.") for number in range(50)]).start().join()
    assert {ask.reply.status for ask in asks} == {200}
    for connection in slow:
        try:
            assert connection.reply().status == 408
        except Closed:
            pass
        connection.close()
    assert len(cloud_engine.requests()) == 50


def test_missing_cloud_is_an_error_in_the_apis_shape(own, cloud_engine, local_engine):
    gateway = own()
    cloud_engine.mode("dead")
    ask = Crowd(gateway.address, [ask_openai("A green hill.")]).start().join()[0]
    assert ask.reply.status in (200, 502)
    if ask.reply.status == 502:
        assert error_type(ask)
    else:
        assert len(local_engine.requests()) == 1  # the next candidate took it


def test_a_redirect_is_neither_followed_nor_passed_on(gateway, cloud_engine, local_engine):
    """It would send the client, with its prompt, to a place that nobody decided on."""
    reply = gateway.chat("A green hill.", model="redirect-307")
    assert reply.status == 502 and reply.header("location") is None
    assert len(cloud_engine.requests()) == 1 and local_engine.requests() == []


def test_many_connections_do_not_mix(gateway, cloud_engine):
    texts = [f"green hill number {number:04d}" for number in range(200)]
    asks = Crowd(gateway.address, [ask_openai(text) for text in texts]).start().join()
    for text, ask in zip(texts, asks, strict=True):
        assert json.loads(ask.reply.body)["choices"][0]["message"]["content"] == f"Echo: {text}"
