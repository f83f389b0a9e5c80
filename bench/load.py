"""The load of bench/run: request bodies, one measurement with wrk, idle connections."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import random
import statistics
import subprocess
import time
from dataclasses import dataclass

from targets import ROOT, UPSTREAM, Target, connect, post

SENTENCES = """The committee met again in the afternoon and agreed to postpone the vote until everyone had read the report.
Please summarise the following meeting notes and list the open questions for the next planning round.
Our customers often ask how long a delivery takes, and we would like to answer them more precisely.
When the weather turned, the harvest was already in the barns and the roads were empty again.
It is worth noting that the method works only where the samples are independent of each other.
The museum opened a new wing last spring, with paintings that had not been shown for many years.
I have attached the draft of the contract; could you check whether the notice period is mentioned anywhere?
The release is planned for the end of the quarter, unless testing finds something that we have to repair.
Write in a friendly tone, keep it short, and do not promise anything that we cannot deliver.
He repaired the old radio with parts from others and gave it to his neighbour as a present.
The figures of the last quarter were better than expected, mostly because of the new market in the north.
She asked whether the training would be repeated, as many colleagues had been away that week.""".split("\n")
WORD = "@@@@@@@@"  # bench/post.lua puts another word here each time


@dataclass
class Sample:
    """One run of wrk against one target."""

    requests: int
    seconds: float
    p50_us: int
    p99_us: int
    errors: int
    cpu: float  # seconds of the target
    events: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def us_per_request(self) -> float:
        return self.cpu * 1e6 / max(1, self.requests)

    @property
    def us_per_event(self) -> float:
        return self.cpu * 1e6 / max(1, self.events)


def prose(rng: random.Random, length: int) -> str:
    text = f"About the {WORD}: "
    while len(text) < length:
        text += rng.choice(SENTENCES) + " "
    return text[: length - 1].rstrip() + "."


def chat(size: int, stream: bool) -> bytes:
    """A conversation whose JSON has exactly that many bytes. One e-mail address in each user's message."""
    rng = random.Random(size)
    messages = [{"role": "system", "content": "You are a helpful assistant. " + " ".join(SENTENCES[8:9])}]
    n = 1 if size < 8192 else 15
    for i in range(n):
        user = i % 2 == 0
        text = prose(rng, (size - 400) // n - 60)
        if user:
            text += f" Please send it to team.{rng.choice(['north', 'sales', 'press'])}@example-firm.com as well."
        messages.append({"role": "user" if user else "assistant", "content": text})
    request = {"model": "gpt-5", "messages": messages, "temperature": 0.7, "stream": stream}

    def encode() -> bytes:
        return json.dumps(request, separators=(",", ":")).encode()

    missing = size - len(encode())
    filler = (" " + " ".join(SENTENCES)) * (1 + max(0, missing) // 1000)
    last = messages[-1]
    last["content"] += filler[: max(0, missing)] if missing > 0 else ""
    if missing < 0:
        last["content"] = last["content"][:missing]
    body = encode()
    if len(body) != size:
        raise SystemExit(f"bench: a body of {len(body)} bytes instead of {size}")
    return body


class Load:
    """Runs wrk on its CPU against targets; bodies are files in the work folder."""

    def __init__(self, work: pathlib.Path):
        self.work = work
        for size in (2048, 32768):
            (work / f"body-{size}.json").write_bytes(chat(size, False))
        (work / "body-sse.json").write_bytes(chat(2048, True))

    def wrk(self, t: Target, body: str, connections: int, seconds: float, cpu: int, vary: bool = True) -> Sample:
        env = {
            **os.environ,
            "BODY": str(self.work / f"body-{body}.json"),
            "VARY": "1" if vary else "0",
            "HEADERS": t.headers,
        }
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        command += ["-s", str(ROOT / "bench/post.lua"), t.url]
        events, cpu_before = events_sent(), t.cpu()
        out = subprocess.run(
            command,
            env=env,
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        ).stdout
        used = t.cpu() - cpu_before
        events = events_sent() - events
        row = next(line for line in out.splitlines() if line.startswith("RESULT ")).split()
        requests, us, p50, p99, status, sockets = (int(v) for v in row[1:])
        return Sample(requests, us / 1e6, p50, p99, status + sockets, used, events)


def events_sent() -> int:
    c = http.client.HTTPConnection("127.0.0.1", UPSTREAM["plain"], timeout=10)
    c.request("GET", "/events")
    n = int(c.getresponse().read())
    c.close()
    return n


def idle_memory(t: Target, n: int) -> tuple[int, int]:
    """RssAnon before and with n connections that have each made one request."""
    before = t.rss_anon()
    body = chat(2048, False).replace(WORD.encode(), b"question")
    connections = []
    for _ in range(n):
        c = connect(t)
        status, _answer = post(c, t, body)
        if status != 200:
            raise SystemExit(f"bench: {t.name}: status {status} with {len(connections)} connections")
        connections.append(c)
    time.sleep(0.5)  # what is freed lazily has been freed
    held = t.rss_anon()
    for c in connections:
        c.close()
    return before, held


def spread(values: list[float], digits: int = 1) -> str:
    """median [min..max]"""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"
