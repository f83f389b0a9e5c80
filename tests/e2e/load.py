"""Many requests at once, and what became of each."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

from gateway import KEY
from raw import Closed, RawConnection, Reply, head

SENSITIVE = "Please move the money to IBAN DE89 3704 0044 0532 0130 00 for jana.novakova@example.org."


@dataclass
class Ask:
    """One request and its answer, or the reason why there is none."""

    target: str
    fields: list[tuple[str, str]]
    body: bytes
    reply: Reply | None = None
    failure: str | None = None


def openai(text: str, model: str = "standin-large", key: str = KEY, **more) -> Ask:
    """A chat completion."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return Ask(
        "/v1/chat/completions",
        [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")],
        json.dumps(body).encode(),
    )


def anthropic(text: str, model: str = "claude-standin", key: str = KEY, **more) -> Ask:
    """A message."""
    body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}
    return Ask(
        "/v1/messages",
        [("x-api-key", key), ("anthropic-version", "2023-06-01"), ("Content-Type", "application/json")],
        json.dumps(body).encode(),
    )


def send(address, ask: Ask) -> Ask:
    """Sends one request on a connection of its own."""
    try:
        with RawConnection(address, timeout=300) as connection:
            connection.send(
                head(
                    "POST", ask.target, f"127.0.0.1:{address[1]}", [*ask.fields, ("Content-Length", str(len(ask.body)))]
                )
                + ask.body
            )
            ask.reply = connection.reply()
    except (OSError, Closed) as error:
        ask.failure = repr(error)
    return ask


class Crowd:
    """Requests that run at the same time, each in a thread."""

    def __init__(self, address, asks: list[Ask]) -> None:
        self.asks = asks
        self._threads = [threading.Thread(target=send, args=(address, ask), daemon=True) for ask in asks]

    def start(self) -> Crowd:
        """Sends them all."""
        for thread in self._threads:
            thread.start()
        return self

    def done(self) -> int:
        """How many have ended."""
        return sum(ask.reply is not None or ask.failure is not None for ask in self.asks)

    def join(self) -> list[Ask]:
        """Waits for all of them."""
        for thread in self._threads:
            thread.join(timeout=300)
            if thread.is_alive():
                raise TimeoutError("a request was not answered in 300 s")
        return self.asks


def error_type(ask: Ask) -> str:
    """The type word of an error answer in either API's shape; AssertionError if it has neither."""
    body = json.loads(ask.reply.body)
    assert body["error"]["message"], body
    if ask.target == "/v1/messages":
        assert body["type"] == "error", body
    return body["error"]["type"]
