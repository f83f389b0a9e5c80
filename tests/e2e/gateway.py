"""The gateway under test as a process: its configuration, its life, and its log."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import yaml

from raw import Reply, fetch

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = pathlib.Path(os.environ.get("BAILIWICK_PROGRAM", ROOT / "build/asan/bailiwick"))
KEY = "test-key"
CRASHES = ("Sanitizer", "runtime error", "process died", "invariant")  # what the log says of a process that broke
PATIENCE = 120.0  # seconds to wait for a condition before a test fails


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what: str, seconds: float = PATIENCE):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.01)
    return value


def cloud(url: str, **more) -> dict:
    """A cloud destination at a stand-in."""
    return {
        "api": ["openai", "anthropic"],
        "url": url,
        "processing": ["US"],
        "networks": "anycast",
        "credentials": "passthrough",
        "insecure": True,
        "contracts": {"dpa": "2025-03-01"},
        **more,
    }


def onprem(url: str, **more) -> dict:
    """An engine of our own at a stand-in."""
    return {
        "api": ["openai", "anthropic"],
        "engine": "vllm",
        "url": url,
        "on_prem": True,
        "country": "DE",
        "concurrency": 8,
        **more,
    }


class Gateway:
    """One gateway in a folder of its own. `destinations` are tried in their order."""

    def __init__(
        self,
        destinations: dict,
        *,
        rules: tuple[pathlib.Path, ...] = (HERE / "house.rules",),
        wrapper: tuple[str, ...] = (),
        folder: pathlib.Path | None = None,
        hosts: tuple[str, ...] = (),
        **settings,
    ) -> None:
        self._own_folder = folder is None
        self.folder = folder or pathlib.Path(tempfile.mkdtemp(prefix="bw-e2e-"))
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin = str(self.folder / "admin.sock")
        self.config = self.folder / "bailiwick.yaml"
        self._wrapper = wrapper
        self._process: subprocess.Popen | None = None
        self._log = None
        self.run(
            "init", str(self.folder), "--site", "test-1", "--country", "DE"
        )  # for the keys; the configuration is ours
        self.log_key = self.folder / "log.vkey"
        self.config.write_text(
            yaml.safe_dump(
                {
                    "site": {"name": "test-1", "country": "DE"},
                    "listeners": [
                        {
                            "address": f"127.0.0.1:{self.port}",
                            "mode": "base-url",
                            "hosts": ["localhost", "127.0.0.1", *hosts],
                        },
                        {"address": f"unix:{self.admin}", "mode": "admin"},
                    ],
                    "destinations": destinations,
                    "routes": [{"match": "/v1", "candidates": list(destinations)}],
                    "rules": [str(path) for path in rules],
                    **settings,
                    "audit": {"path": str(self.folder / "audit"), **settings.get("audit", {})},
                },
                sort_keys=False,
            )
        )

    # Life.

    def start(self) -> Gateway:
        """Starts the program and waits until it is ready."""
        self._log = open(self.folder / "gateway.log", "ab")
        command = [*self._wrapper, str(PROGRAM), "serve", "-c", str(self.config)]
        environment = {**os.environ, "ASAN_OPTIONS": "abort_on_error=1:" + os.environ.get("ASAN_OPTIONS", "")}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            env=environment,
        )
        try:
            wait_for(self._ready_or_dead, "the gateway to be ready")
        except BaseException:
            self.kill()
            raise RuntimeError(f"the gateway did not start:\n{self.log()[-4000:]}") from None
        return self

    def _ready_or_dead(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the gateway ended")
        return self.ready()

    def check_alive(self) -> None:
        """RuntimeError with the log if the program has ended by itself."""
        status = self._process.poll() if self._process is not None else None
        if status is not None:
            raise RuntimeError(f"the gateway ended with {status} in the middle of the tests:\n{self.log()[-6000:]}")

    def ready(self) -> bool:
        """GET /readyz says 200."""
        try:
            return fetch(self.admin, "GET", "/readyz").status == 200
        except OSError:
            return False
        except Exception:  # an answer cut short while it starts or stops
            return False

    def metrics(self) -> str:
        """GET /metrics."""
        return fetch(self.admin, "GET", "/metrics").body.decode()

    def pids(self) -> list[int]:
        """Every process of the gateway."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--sid", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line) for line in listing.stdout.split()]

    def signal(self, number: int) -> None:
        """Sends a signal to the supervisor, which may stand behind a wrapper."""
        listing = subprocess.run(
            ["ps", "-o", "pid=,comm=", "--sid", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        names = [line.split(None, 1) for line in listing.stdout.splitlines()]
        supervisor = next(int(pid) for pid, name in names if name.startswith(PROGRAM.name[:15]))
        os.kill(supervisor, number)

    def stop(self) -> int:
        """Ends it in good order and returns its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        status = self._process.wait(timeout=PATIENCE)
        self._finish()
        if any(sign in self.log() for sign in CRASHES):
            raise RuntimeError(f"a process of the gateway crashed:\n{self.log()[-6000:]}")
        return status

    def kill(self) -> None:
        """kill -9 for every process at once."""
        if self._process is None:
            return
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)
        wait_for(lambda: not self.pids(), "the processes to be gone")
        self._finish()

    def _finish(self) -> None:
        self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def log(self) -> str:
        """What the program wrote."""
        return (self.folder / "gateway.log").read_text(errors="replace")

    def remove(self) -> None:
        """Deletes the folder, if it was made here."""
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Gateway:
        return self.start()

    def __exit__(self, kind, _value, _trace) -> None:
        try:
            status = self.stop()
            if kind is None and status != 0:
                raise RuntimeError(f"the gateway ended with {status}:\n{self.log()[-4000:]}")
        finally:
            self.kill()  # what a failed stop may have left
            self.remove()

    # Use.

    def run(self, *arguments: str, check: bool = True, stdin: bytes | None = None) -> subprocess.CompletedProcess:
        """A sub-command of the program."""
        return subprocess.run(
            [str(PROGRAM), *arguments], input=stdin, capture_output=True, check=check, timeout=PATIENCE
        )

    def audit(self) -> list[dict]:
        """The log, one object a leaf; the fields of its body stand beside sequence, kind, time and leaf_hash."""
        output = self.run("audit", "list", "--json", "-c", str(self.config)).stdout
        rows = [json.loads(line) for line in output.splitlines() if line.strip()]
        return [{**(row.pop("body") or {}), **row} for row in rows]

    def decisions(self) -> dict[int, dict]:
        """Decision records by sequence."""
        return {row["sequence"]: row for row in self.audit() if row["kind"] == "decision"}

    def decision(self, reply: Reply) -> dict:
        """The record that an answer names."""
        return self.decisions()[sequence(reply)]

    def post(self, target: str, body: dict, *fields: tuple[str, str], key: str = KEY) -> Reply:
        """A JSON request on a connection of its own."""
        headers = [("Content-Type", "application/json"), *fields]
        if not any(name.lower() in ("authorization", "x-api-key") for name, _ in fields):
            headers.append(("Authorization", f"Bearer {key}"))
        return fetch(self.address, "POST", target, fields=headers, body=json.dumps(body).encode())

    def chat(self, text: str, **more) -> Reply:
        """A chat completion with one user message."""
        return self.post(
            "/v1/chat/completions", {"model": "standin-large", "messages": [{"role": "user", "content": text}]} | more
        )


def sequence(reply: Reply) -> int:
    """The number of the decision record that the answer names."""
    value = reply.header("Bailiwick-Decision")
    if value is None:
        raise AssertionError(f"no Bailiwick-Decision in an answer with status {reply.status}")
    return int(value)


def found(decision: dict) -> set[str]:
    """The types that a decision record names."""
    return {item["type"] for item in decision["data"]}
