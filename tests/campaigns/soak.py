#!/usr/bin/env python3
"""Mixed load for a long time: no leak to the cloud, no growth of memory or descriptors, a log that verifies.

    build/venv/bin/python tests/campaigns/soak.py [--minutes 60]

Sensitive and plain requests, streamed or not, clients that leave, engines that fail. Memory is RssAnon over all
processes of the gateway, taken once a tenth of the time; the last value may not exceed the third by more than a quarter.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import re
import sys
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e")]

from gateway import Gateway, cloud, onprem
from load import SENSITIVE, anthropic, openai, send
from raw import Closed, RawConnection, head
from standin.client import Standin

WORKERS = 8
MODELS = ("standin-large",) * 8 + ("drip-5", "error-500", "reset-mid-stream", "gzip-answer", "chunked-answer")


def leave(gateway: Gateway, ask) -> None:
    """A client that goes away after the head of its answer."""
    try:
        with RawConnection(gateway.address) as connection:
            connection.send(
                head("POST", ask.target, "localhost", [*ask.fields, ("Content-Length", str(len(ask.body)))]) + ask.body
            )
            connection.reply_head()
    except (OSError, Closed):
        pass  # an engine that resets


def load(gateway: Gateway, stop: threading.Event, seed: int, counts: list[int]) -> None:
    """One worker."""
    rng = random.Random(seed)
    while not stop.is_set():
        text = SENSITIVE if rng.random() < 0.4 else "A green hill. " * rng.choice((1, 10, 1000))
        ask = rng.choice((openai, anthropic))(text, model=rng.choice(MODELS), stream=rng.random() < 0.5)
        if rng.random() < 0.05:
            leave(gateway, ask)
        else:
            send(gateway.address, ask)
        counts[seed] += 1


def usage(gateway: Gateway) -> tuple[int, int]:
    """KiB of RssAnon and open descriptors over all processes."""
    memory = descriptors = 0
    for pid in gateway.pids():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        memory += int(re.search(r"RssAnon:\s+(\d+)", status)[1])
        descriptors += len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    return memory, descriptors


def watch(gateway: Gateway, engines: tuple[Standin, Standin], minutes: float) -> list[tuple[int, int]]:
    """Ten samples over the whole time; what the cloud saw is checked and forgotten at each."""
    samples = []
    for _ in range(10):
        time.sleep(minutes * 6)
        far, near = engines
        if any(b"DE89" in seen.body for seen in far.requests()):
            raise AssertionError("a sensitive request reached the cloud")
        far.reset()
        near.reset()
        samples.append(usage(gateway))
        print(f"RssAnon {samples[-1][0]} KiB, {samples[-1][1]} descriptors", flush=True)
    return samples


def main() -> None:
    """Runs the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    counts, stop = [0] * WORKERS, threading.Event()
    with Standin() as far, Standin() as near, Gateway({"cloud": cloud(far.url), "local": onprem(near.url)}) as gateway:
        workers = [threading.Thread(target=load, args=(gateway, stop, seed, counts)) for seed in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            samples = watch(gateway, (far, near), options.minutes)
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        gateway.run("audit", "verify", "-c", str(gateway.config))
        if samples[-1][0] > samples[2][0] * 1.25 or samples[-1][1] > samples[2][1] + 64:
            raise AssertionError(f"the gateway grew: {samples}")
    print(json.dumps({"minutes": options.minutes, "requests": sum(counts), "rss_anon_kib": samples[-1][0]}))


if __name__ == "__main__":
    main()
