"""Sensitive stays: whatever happens to the on-prem engine, nothing goes to the cloud, and errors have the API's shape."""

from __future__ import annotations

import collections
import hashlib
import threading

import pytest

from gateway import Gateway, cloud, onprem, wait_for
from load import SENSITIVE, Crowd, anthropic, error_type, openai, send
from raw import RawConnection, head

CROWD = 200


def crowd(gateway, count: int = CROWD, **more) -> Crowd:
    """Sensitive requests in both APIs, half of them streamed."""
    make = (openai, anthropic)
    return Crowd(
        gateway.address,
        [make[number % 2](f"{SENSITIVE} Case {number}.", stream=number % 4 < 2, **more) for number in range(count)],
    )


@pytest.fixture
def fresh(cloud_engine, local_engine):
    """Makes gateways with a given engine setting; they end with the test."""
    running = []

    def make(settings: dict | None = None, **more) -> Gateway:
        cloud_engine.mode("normal")
        cloud_engine.reset()
        local_engine.mode("normal")
        local_engine.reset()
        gateway = Gateway(
            {"cloud": cloud(cloud_engine.url), "local": onprem(local_engine.url, **(settings or {}))}, **more
        ).start()
        running.append(gateway)
        return gateway

    yield make
    local_engine.mode("normal")
    for gateway in running:
        gateway.stop()
        gateway.remove()


def assert_refused(asks, statuses: set[int], *, retry_after: bool = True) -> None:
    """Every answer is an error in the API's own shape that clients may retry later."""
    for ask in asks:
        assert ask.failure is None, ask.failure
        assert ask.reply.status in statuses, (ask.reply.status, ask.reply.body[:200])
        assert error_type(ask)
        if retry_after:
            assert int(ask.reply.header("retry-after")) > 0


def test_dead(fresh, cloud_engine, local_engine):
    gateway = fresh({"connect_timeout": "1 s", "queue_wait": "2 s"})
    local_engine.mode("dead")
    assert_refused(crowd(gateway).start().join(), {503})
    assert cloud_engine.requests() == []
    local_engine.mode("normal")
    wait_for(lambda: send(gateway.address, openai(SENSITIVE)).reply.status == 200, "the engine to be used again")
    assert cloud_engine.requests() == []


def test_slow_engine_queues_and_everybody_is_served(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 4, "queue": 400, "queue_wait": "5 min"})
    local_engine.mode("hold")
    requests = crowd(gateway).start()
    local_engine.wait(lambda state: state["held"] == 4)
    most = 0
    while requests.done() < CROWD:
        state = local_engine.state()
        most = max(most, state["held"])
        if state["held"]:
            local_engine.release(1)
    assert most == 4
    assert [ask.reply.status for ask in requests.join()] == [200] * CROWD
    assert cloud_engine.requests() == []


def test_full_queue(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 2, "queue": 8, "queue_wait": "5 min"})
    local_engine.mode("hold")
    requests = crowd(gateway).start()
    wait_for(lambda: requests.done() == CROWD - 10, "all but ten to be refused")
    refused = [ask for ask in requests.asks if ask.reply is not None]
    assert_refused(refused, {503})
    local_engine.mode("normal")
    asks = requests.join()
    assert collections.Counter(ask.reply.status for ask in asks) == {503: CROWD - 10, 200: 10}
    assert cloud_engine.requests() == []


def test_waiting_too_long(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 1, "queue": 400, "queue_wait": "300 ms"})
    local_engine.mode("hold")
    requests = crowd(gateway).start()
    wait_for(lambda: requests.done() == CROWD - 1, "all but the one in the engine to be refused")
    assert_refused([ask for ask in requests.asks if ask.reply is not None], {503})
    local_engine.mode("normal")
    requests.join()
    assert cloud_engine.requests() == []


def test_silent_engine(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 50, "head_timeout": "500 ms", "queue_wait": "5 min"})
    local_engine.mode("deaf")
    assert_refused(crowd(gateway, 60).start().join(), {503, 504}, retry_after=False)
    assert cloud_engine.requests() == []


def test_busy_engine(fresh, cloud_engine, local_engine):
    gateway = fresh()
    local_engine.mode("busy")
    assert_refused(crowd(gateway).start().join(), {503}, retry_after=False)
    assert cloud_engine.requests() == []


def test_flapping_engine(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 16, "queue_wait": "5 min", "connect_timeout": "1 s"})
    stop = threading.Event()

    def flap() -> None:
        while not stop.is_set():
            for mode in ("dead", "normal", "busy", "normal"):
                local_engine.mode(mode)

    flapping = threading.Thread(target=flap)
    flapping.start()
    try:
        asks = crowd(gateway).start().join()
    finally:
        stop.set()
        flapping.join()
    for ask in asks:
        if ask.failure is None and ask.reply.status != 200:
            assert_refused([ask], {502, 503, 504}, retry_after=False)
    assert any(ask.reply is not None for ask in asks)
    assert cloud_engine.requests() == []


def test_applications_take_turns(fresh, cloud_engine, local_engine):
    """One application floods the engine; another one's single requests do not wait behind all of them."""
    keys = {"flood": "key-of-flood", "quiet": "key-of-quiet"}
    apps = [{"name": name, "key_hashes": [hashlib.sha256(key.encode()).hexdigest()]} for name, key in keys.items()]
    gateway = fresh({"concurrency": 1, "queue": 400, "queue_wait": "5 min"}, apps=apps)
    local_engine.mode("hold")
    flood = Crowd(
        gateway.address, [openai(f"{SENSITIVE} flood {number}", key=keys["flood"]) for number in range(20)]
    ).start()
    wait_for(lambda: waiting(gateway) == 19, "the flood to queue")
    quiet = Crowd(
        gateway.address, [openai(f"{SENSITIVE} quiet {number}", key=keys["quiet"]) for number in range(3)]
    ).start()
    wait_for(lambda: waiting(gateway) == 22, "the quiet application to queue")
    local_engine.mode("normal")
    assert {ask.reply.status for ask in flood.join() + quiet.join()} == {200}
    order = ["quiet" if b"quiet" in seen.body else "flood" for seen in local_engine.requests()]
    assert max(index for index, name in enumerate(order) if name == "quiet") <= 7, order
    assert cloud_engine.requests() == []


def waiting(gateway: Gateway) -> int:
    """Requests in the engine's queue, as the metrics say."""
    for line in gateway.metrics().splitlines():
        if line.startswith("bailiwick_engine_waiting"):
            return int(float(line.rsplit(" ", 1)[1]))
    return -1


def test_a_client_that_leaves_frees_its_place(fresh, cloud_engine, local_engine):
    gateway = fresh({"concurrency": 1, "queue": 400, "queue_wait": "5 min"})
    local_engine.mode("hold")
    first = Crowd(gateway.address, [openai(SENSITIVE)]).start()
    local_engine.wait(lambda state: state["held"] == 1)
    leaving = RawConnection(gateway.address)
    ask = openai(f"{SENSITIVE} leaving")
    leaving.send(
        head("POST", ask.target, "localhost", [*ask.fields, ("Content-Length", str(len(ask.body)))]) + ask.body
    )
    wait_for(lambda: waiting(gateway) == 1, "the request to queue")
    leaving.reset()
    wait_for(lambda: waiting(gateway) == 0, "the place to be free")
    local_engine.mode("normal")
    first.join()
    assert not any(b"leaving" in seen.body for seen in local_engine.requests())
    assert cloud_engine.requests() == []
