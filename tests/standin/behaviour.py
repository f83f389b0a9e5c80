"""Odd behaviour on demand: the model's name says how the engine misbehaves, so that any client can ask for it.

error-STATUS         an error in the API's shape (429 carries retry-after headers)
flaky-STATUS-N       that error for the first N attempts with the same body, then an answer
noretry-STATUS       that error with x-should-retry: false
html-STATUS          an HTML error page
slow-MS              waits before the head
drip-MS              waits between the events of a stream
hang                 never answers
reset-mid-stream     resets the connection after a few events (a non-streamed answer: in mid-body)
cut-mid-stream       closes in good order, without the last chunk
error-mid-stream     an error event within the stream
early-413            answers 413 while the body is still coming
blank-lines          empty lines before a JSON body
gzip-answer          a compressed answer
chunked-answer       a JSON body in several chunks with extensions
trailers             a chunked answer with trailer fields
until-close          a body that ends with the connection
early-hints          103 before the answer
redirect-307         a redirect elsewhere
crlf-stream          CRLF line ends in SSE
comment-stream       comments, id: and retry: fields in SSE
split-stream         a stream cut at every odd byte
binary               an answer of arbitrary bytes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(?P<kind>[a-z]+(?:-[a-z]+)*?)(?:-(?P<first>[0-9]+))?(?:-(?P<second>[0-9]+))?\Z")
WITH_NUMBER = {"error", "flaky", "noretry", "html", "slow", "drip", "early", "redirect"}
PLAIN = {
    "hang",
    "reset-mid-stream",
    "cut-mid-stream",
    "error-mid-stream",
    "blank-lines",
    "gzip-answer",
    "chunked-answer",
    "trailers",
    "until-close",
    "early-hints",
    "crlf-stream",
    "comment-stream",
    "split-stream",
    "binary",
}


@dataclass(frozen=True)
class Behaviour:
    """What to do instead of, or around, a plain answer."""

    kind: str = "plain"
    first: int = 0
    second: int = 0


def behaviour(model: object) -> Behaviour:
    """The behaviour a model's name asks for; plain for every other name."""
    form = _FORM.match(model) if isinstance(model, str) else None
    if form is None:
        return Behaviour()
    kind, first, second = form["kind"], form["first"], form["second"]
    if kind in PLAIN and first is None:
        return Behaviour(kind)
    if kind in WITH_NUMBER and first is not None:
        return Behaviour(kind, int(first), int(second or 0))
    return Behaviour()
