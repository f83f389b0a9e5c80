"""Scenarios for the official Anthropic SDK, as in openai_sdk."""

from __future__ import annotations

from collections.abc import Callable

import anthropic

SAY = [{"role": "user", "content": "Describe a green hill in the rain – briefly, s'il vous plaît. 😀"}]
TOOLS = [
    {
        "name": "find_hill",
        "description": "Finds a hill.",
        "input_schema": {"type": "object", "properties": {"name": {"type": "string"}, "tall": {"type": "boolean"}}},
    },
    {
        "name": "find_rain",
        "description": "Finds rain.",
        "input_schema": {"type": "object", "properties": {"amount": {"type": "number"}}},
    },
]
SCENARIOS: dict[str, Callable[[str], object]] = {}


def scenario(function: Callable[[str], object]) -> Callable[[str], object]:
    """Registers a scenario under its name."""
    SCENARIOS[function.__name__] = function
    return function


def client(url: str, key: str = "test-key", **more) -> anthropic.Anthropic:
    """The SDK as an application sets it up."""
    return anthropic.Anthropic(base_url=url, api_key=key, **more)


def failure(error: Exception) -> dict:
    """What an application can tell about an error."""
    if isinstance(error, anthropic.APIStatusError):
        kept = ("content-type", "retry-after", "x-should-retry", "request-id")
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "message": error.message,
            "body": error.body,
            "headers": {name: error.response.headers.get(name) for name in kept},
        }
    return {"error": type(error).__name__}


def attempt(call: Callable[[], object]) -> object:
    """The result as JSON, or the failure."""
    try:
        result = call()
        return result.model_dump(mode="json") if hasattr(result, "model_dump") else result
    except Exception as error:  # the SDK's own and its HTTP library's
        return failure(error)


def _message(url: str, model: str = "claude-standin", messages=None, **more) -> object:
    return attempt(lambda: client(url).messages.create(model=model, max_tokens=200, messages=messages or SAY, **more))


def _events(url: str, model: str = "claude-standin", **more) -> object:
    """Every event of a stream and how it ended."""
    seen = []
    try:
        with client(url).messages.create(model=model, max_tokens=200, messages=SAY, stream=True, **more) as stream:
            seen.extend(event.model_dump(mode="json") for event in stream)
    except Exception as error:
        seen.append(failure(error))
    return seen


@scenario
def message(url: str) -> object:
    return _message(url, system="Be brief.")


@scenario
def message_length(url: str) -> object:
    return attempt(lambda: client(url).messages.create(model="claude-standin", max_tokens=3, messages=SAY))


@scenario
def message_tools(url: str) -> object:
    return _message(url, tools=TOOLS)


@scenario
def message_tool_result(url: str) -> object:
    first = client(url).messages.create(model="claude-standin", max_tokens=200, messages=SAY, tools=TOOLS)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": [{"type": "text", "text": "a green one"}]}
        for block in first.content
        if block.type == "tool_use"
    ]
    blocks = [block.model_dump(exclude_none=True) for block in first.content]
    return _message(
        url,
        messages=[*SAY, {"role": "assistant", "content": blocks}, {"role": "user", "content": results}],
        tools=TOOLS,
    )


@scenario
def message_thinking(url: str) -> object:
    return _message(url, thinking={"type": "enabled", "budget_tokens": 1024})


@scenario
def message_stream(url: str) -> object:
    return _events(url)


@scenario
def message_stream_whole(url: str) -> object:
    with client(url).messages.stream(
        model="claude-standin", max_tokens=200, messages=SAY, tools=TOOLS, thinking={"type": "adaptive"}
    ) as stream:
        kinds = [event.type for event in stream]
        return [kinds, stream.get_final_message().model_dump(mode="json")]


@scenario
def older_version(url: str) -> object:
    return _message(url, extra_headers={"anthropic-version": "2023-06-01"}, extra_body={"top_k": 5})


@scenario
def beta_header(url: str) -> object:
    return attempt(
        lambda: client(url).beta.messages.create(
            model="claude-standin", max_tokens=50, messages=SAY, betas=["context-1m-2025-08-07"]
        )
    )


@scenario
def count_tokens(url: str) -> object:
    return attempt(
        lambda: client(url).messages.count_tokens(model="claude-standin", messages=SAY, system="Be brief.", tools=TOOLS)
    )


@scenario
def models(url: str) -> object:
    api = client(url)
    return [
        attempt(lambda: api.models.list()),
        attempt(lambda: api.models.retrieve("claude-standin")),
        attempt(lambda: api.models.retrieve("no-such-model")),
    ]


@scenario
def wrong_key(url: str) -> object:
    return attempt(lambda: client(url, "bad-key").messages.create(model="claude-standin", max_tokens=5, messages=SAY))


@scenario
def invalid_request(url: str) -> object:
    return attempt(lambda: client(url).messages.create(model="claude-standin", max_tokens=5, messages=[]))


@scenario
def flaky_529(url: str) -> object:
    return _message(url, "flaky-529-1")


def _odd(name: str, model: str, stream: bool) -> None:
    SCENARIOS[name] = lambda url: _events(url, model) if stream else _message(url, model)


for _status in (400, 403, 404, 413, 429, 500, 529):
    _odd(f"error_{_status}", f"error-{_status}", stream=False)
for _model in (
    "noretry-500",
    "html-502",
    "gzip-answer",
    "chunked-answer",
    "trailers",
    "until-close",
    "early-hints",
    "cut-mid-stream",
):
    _odd(_model.replace("-", "_"), _model, stream=False)
for _model in (
    "crlf-stream",
    "comment-stream",
    "split-stream",
    "error-mid-stream",
    "cut-mid-stream",
    "reset-mid-stream",
    "drip-5",
):
    _odd("stream_" + _model.replace("-", "_"), _model, stream=True)
