"""Scenarios for the official OpenAI SDK. Each takes a base URL and returns plain JSON: everything the caller saw."""

from __future__ import annotations

from collections.abc import Callable

import openai

SAY = [{"role": "user", "content": "Describe a green hill in the rain – briefly, s'il vous plaît. 😀"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_hill",
            "description": "Finds a hill.",
            "parameters": {"type": "object", "properties": {"name": {"type": "string"}, "tall": {"type": "boolean"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "find_rain",
            "description": "Finds rain.",
            "parameters": {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "days": {"type": "array", "items": {"type": "integer"}}},
            },
        },
    },
]
FLAT_TOOLS = [{"type": "function", "strict": False, **tool["function"]} for tool in TOOLS]
SCENARIOS: dict[str, Callable[[str], object]] = {}


def scenario(function: Callable[[str], object]) -> Callable[[str], object]:
    """Registers a scenario under its name."""
    SCENARIOS[function.__name__] = function
    return function


def client(url: str, key: str = "test-key", **more) -> openai.OpenAI:
    """The SDK as an application sets it up: base URL and key, nothing else."""
    return openai.OpenAI(base_url=url + "/v1", api_key=key, **more)


def failure(error: Exception) -> dict:
    """What an application can tell about an error."""
    if isinstance(error, openai.APIStatusError):
        kept = (
            "content-type",
            "retry-after",
            "retry-after-ms",
            "x-should-retry",
            "x-ratelimit-reset-requests",
            "x-request-id",
        )
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
    except openai.OpenAIError as error:
        return failure(error)
    except Exception as error:  # transport errors of the SDK's HTTP library
        return {"error": type(error).__name__}


def _chat(url: str, model: str = "standin-large", **more) -> object:
    return attempt(lambda: client(url).chat.completions.create(model=model, messages=SAY, **more))


def _chunks(url: str, model: str = "standin-large", **more) -> object:
    """Every chunk of a stream and how it ended."""
    seen = []
    try:
        with client(url).chat.completions.create(model=model, messages=SAY, stream=True, **more) as stream:
            seen.extend(chunk.model_dump(mode="json") for chunk in stream)
    except openai.OpenAIError as error:
        seen.append(failure(error))
    except Exception as error:
        seen.append({"error": type(error).__name__})
    return seen


@scenario
def chat(url: str) -> object:
    return _chat(url)


@scenario
def chat_choices(url: str) -> object:
    return _chat(url, n=3, stop=["\n"], seed=7, temperature=0.5)


@scenario
def chat_length(url: str) -> object:
    return _chat(url, max_completion_tokens=3)


@scenario
def chat_tools(url: str) -> object:
    return _chat(url, tools=TOOLS)


@scenario
def chat_tool_result(url: str) -> object:
    first = client(url).chat.completions.create(model="standin-large", messages=SAY, tools=TOOLS).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "a green one"} for call in first.tool_calls]
    return attempt(
        lambda: client(url).chat.completions.create(
            model="standin-large", messages=[*SAY, first.model_dump(exclude_none=True), *results], tools=TOOLS
        )
    )


@scenario
def chat_stream(url: str) -> object:
    return _chunks(url)


@scenario
def chat_stream_usage(url: str) -> object:
    return _chunks(url, stream_options={"include_usage": True}, n=2)


@scenario
def chat_stream_tools(url: str) -> object:
    with client(url).chat.completions.stream(model="standin-large", messages=SAY, tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        return [kinds, stream.get_final_completion().model_dump(mode="json")]


@scenario
def chat_raw_headers(url: str) -> object:
    raw = client(url).chat.completions.with_raw_response.create(model="standin-large", messages=SAY)
    return {
        "status": raw.status_code,
        "type": raw.headers.get("content-type"),
        "id": raw.headers.get("x-request-id"),
        "server": raw.headers.get("server"),
    }


@scenario
def completion(url: str) -> object:
    return attempt(
        lambda: client(url).completions.create(model="standin-small", prompt=["a hill", "rain"], max_tokens=9)
    )


@scenario
def completion_stream(url: str) -> object:
    return [
        chunk.model_dump(mode="json")
        for chunk in client(url).completions.create(model="standin-small", prompt="a hill", stream=True)
    ]


@scenario
def embeddings(url: str) -> object:
    return attempt(lambda: client(url).embeddings.create(model="text-embedding-standin", input=["a hill", "rain"]))


@scenario
def embeddings_float(url: str) -> object:
    return attempt(
        lambda: client(url).embeddings.create(
            model="text-embedding-standin", input="a hill", encoding_format="float", dimensions=16
        )
    )


@scenario
def responses(url: str) -> object:
    return attempt(
        lambda: client(url).responses.create(
            model="standin-large", input="A green hill?", instructions="Be brief.", store=False
        )
    )


@scenario
def responses_stream(url: str) -> object:
    with client(url).responses.create(
        model="standin-large", input="A green hill? 😀", stream=True, store=False
    ) as stream:
        return [event.model_dump(mode="json") for event in stream]


@scenario
def responses_stream_tools(url: str) -> object:
    with client(url).responses.stream(
        model="standin-large", input="A green hill?", tools=FLAT_TOOLS, store=False
    ) as stream:
        kinds = [event.type for event in stream]
        return [kinds, stream.get_final_response().model_dump(mode="json")]


@scenario
def responses_length(url: str) -> object:
    return attempt(
        lambda: client(url).responses.create(
            model="standin-large", input="one two three four", max_output_tokens=2, store=False
        )
    )


@scenario
def responses_state(url: str) -> object:
    api = client(url)
    first = api.responses.create(model="standin-large", input="A green hill?", store=True)
    second = attempt(
        lambda: api.responses.create(
            model="standin-large", input="And rain?", previous_response_id=first.id, store=True
        )
    )
    kept = attempt(lambda: api.responses.retrieve(first.id))
    items = attempt(lambda: api.responses.input_items.list(first.id))
    api.responses.delete(first.id)
    return [second, kept, items, attempt(lambda: api.responses.retrieve(first.id))]


@scenario
def models(url: str) -> object:
    api = client(url)
    return [
        attempt(lambda: api.models.list()),
        attempt(lambda: api.models.retrieve("standin-small")),
        attempt(lambda: api.models.retrieve("no-such-model")),
    ]


@scenario
def wrong_key(url: str) -> object:
    return attempt(lambda: client(url, "bad-key").chat.completions.create(model="standin-large", messages=SAY))


@scenario
def invalid_request(url: str) -> object:
    return attempt(lambda: client(url).chat.completions.create(model="standin-large", messages=[]))


@scenario
def flaky_429(url: str) -> object:
    return _chat(url, "flaky-429-1")


@scenario
def flaky_503(url: str) -> object:
    return _chat(url, "flaky-503-1")


@scenario
def mid_stream_error_responses(url: str) -> object:
    return attempt(
        lambda: [
            event.type
            for event in client(url).responses.create(model="error-mid-stream", input="hill", stream=True, store=False)
        ]
    )


def _odd(name: str, model: str, stream: bool) -> None:
    SCENARIOS[name] = lambda url: _chunks(url, model) if stream else _chat(url, model)


for _status in (400, 403, 404, 429, 500, 529):
    _odd(f"error_{_status}", f"error-{_status}", stream=False)
for _model in (
    "noretry-500",
    "html-502",
    "blank-lines",
    "gzip-answer",
    "chunked-answer",
    "trailers",
    "until-close",
    "early-hints",
    "slow-300",
    "cut-mid-stream",
    "reset-mid-stream",
):
    _odd(_model.replace("-", "_"), _model, stream=False)
for _model in (
    "crlf-stream",
    "comment-stream",
    "split-stream",
    "gzip-answer",
    "error-mid-stream",
    "cut-mid-stream",
    "reset-mid-stream",
    "drip-5",
    "early-hints",
):
    _odd("stream_" + _model.replace("-", "_"), _model, stream=True)
