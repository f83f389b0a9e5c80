#!/usr/bin/env python3
"""kill -9 at random moments under load: every request that any engine saw has its durable decision and attempt.

    build/venv/bin/python tests/campaigns/crash.py [--moments 300] [--seed 1] [--folder DIR]

Each request has a body of a length of its own, which the decision record keeps (request.bytes) and the engine sees, so
that the two can be told to be the same without any content in the log. After each kill the store must open, verify, and
know every request.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e")]

from gateway import Gateway, cloud, onprem
from load import SENSITIVE, Ask, openai, send
from standin.client import Standin

WORKERS = 6
SHORTEST = 1000  # bytes of the first body


class Lengths:
    """Hands out body lengths, each once."""

    def __init__(self) -> None:
        self._next = SHORTEST
        self._lock = threading.Lock()

    def take(self) -> int:
        """A length nobody has had."""
        with self._lock:
            self._next += 1
            return self._next


def ask_of_length(length: int, sensitive: bool) -> Ask:
    """A request whose body has exactly this length."""
    bare = len(openai(SENSITIVE if sensitive else "A hill.", user="").body)
    ask = openai(SENSITIVE if sensitive else "A hill.", user="a" * (length - bare))
    if len(ask.body) != length:
        raise ValueError(f"a body of {len(ask.body)} bytes instead of {length}")
    return ask


def load(gateway: Gateway, lengths: Lengths, stop: threading.Event, seed: int) -> None:
    """Sends requests until told to stop; answers may be missing."""
    rng = random.Random(seed)
    while not stop.is_set():
        send(gateway.address, ask_of_length(lengths.take(), rng.random() < 0.5))


def body_length(seen) -> int:
    """Length of the body that an engine was sent, from its head, so that a cut request counts too."""
    return int(seen.header("content-length") or len(seen.body))


def check(gateway: Gateway, engines: dict[str, Standin]) -> int:
    """Every request an engine saw has a decision and an attempt for that engine. Returns how many there were."""
    rows = gateway.audit()
    decisions = {row["sequence"]: row for row in rows if row["kind"] == "decision"}
    attempts = {}
    for row in rows:
        if row["kind"] == "attempt":
            attempts.setdefault(row["decision"], set()).add(row["destination"])
    by_length = {row["facts"]["request.bytes"]: sequence for sequence, row in decisions.items()}
    count = 0
    for name, engine in engines.items():
        for seen in engine.requests():
            if not seen.head:
                raise AssertionError(f"{name} saw the beginning of a request without a head: {len(seen.bytes())} bytes")
            length = body_length(seen)
            if length not in by_length:
                raise AssertionError(f"{name} saw a request of {length} bytes that has no decision")
            if name not in attempts.get(by_length[length], ()):
                raise AssertionError(f"{name} saw request {by_length[length]}, which has no attempt there")
            count += 1
    return count


def campaign(options: argparse.Namespace, folder: pathlib.Path) -> None:
    """Starts, loads, kills and checks, again and again on the same store."""
    rng, lengths, total = random.Random(options.seed), Lengths(), 0
    with Standin() as far, Standin() as near:
        engines = {"cloud": far, "local": near}
        gateway = Gateway({"cloud": cloud(far.url), "local": onprem(near.url)}, folder=folder)
        for moment in range(options.moments):
            gateway.start()
            stop = threading.Event()
            workers = [
                threading.Thread(target=load, args=(gateway, lengths, stop, options.seed * 1000 + moment * 10 + index))
                for index in range(WORKERS)
            ]
            for worker in workers:
                worker.start()
            time.sleep(rng.uniform(0.02, 1.0))  # the moment; any will do
            gateway.kill()
            stop.set()
            for worker in workers:
                worker.join()
            verified = gateway.run("audit", "verify", "-c", str(gateway.config), check=False)
            if verified.returncode != 0:
                raise AssertionError(
                    f"moment {moment}: the store does not verify:\n{verified.stdout.decode()}{verified.stderr.decode()}"
                )
            total += check(gateway, engines)
            for engine in engines.values():
                engine.reset()
            print(f"moment {moment + 1}: {total} requests seen by engines so far, all recorded", flush=True)
        gateway.start()
        unfinished = unfinished_decisions(gateway)
        gateway.stop()
        if unfinished:
            raise AssertionError(f"decisions without an outcome after the last start: {unfinished[:10]}")
        if total == 0:
            raise AssertionError("no engine saw any request: the campaign proves nothing")
        print(json.dumps({"moments": options.moments, "seed": options.seed, "requests": total}))


def unfinished_decisions(gateway: Gateway) -> list[int]:
    """Decisions that have no outcome, not even an unknown one."""
    rows = gateway.audit()
    ended = {row["decision"] for row in rows if row["kind"] == "outcome"}
    return [row["sequence"] for row in rows if row["kind"] == "decision" and row["sequence"] not in ended]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=pathlib.Path, help="where configuration and store are kept (default: a temporary folder)"
    )
    options = parser.parse_args()
    if options.folder:
        campaign(options, options.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="bw-crash-") as folder:
            campaign(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
