"""OpenAI's documented formats: chat completions, responses, completions, embeddings, moderations and models."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass

from .text import CREATED, MODELS, ApiError, clip, dump, example, identifier, pieces, vector, words

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "requests",
    500: "server_error",
    503: "server_error",
}


def error_body(error: ApiError) -> dict:
    """OpenAI's error object."""
    return {
        "error": {
            "message": error.message,
            "type": ERROR_TYPES.get(error.status, "api_error"),
            "param": None,
            "code": error.code,
        }
    }


@dataclass
class Call:
    """One tool call of an answer."""

    id: str
    name: str
    arguments: str
    custom: bool = False


def part_text(content) -> str:
    """The text of a message's content, string or parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(
        part if isinstance(part, str) else str(part.get("text") or part.get("refusal") or "")
        for part in content
        if isinstance(part, (str, dict))
    )


def _tool_calls(tools, choice, parallel, seed) -> list[Call]:
    """The calls the stand-in makes: the first tool, the second as well if parallel calls are allowed."""
    if choice == "none" or not tools:
        return []
    usable = []
    for tool in tools:
        kind = tool.get("type", "function")
        inner = tool.get(kind) if isinstance(tool.get(kind), dict) else tool
        if kind == "function":
            usable.append((inner.get("name", ""), inner.get("parameters"), False))
        elif kind == "custom":
            usable.append((inner.get("name", ""), None, True))
    if isinstance(choice, dict):
        wanted = (choice.get("function") or choice.get("custom") or choice).get("name")
        usable = [tool for tool in usable if tool[0] == wanted]
    calls = []
    for index, (name, schema, custom) in enumerate(usable[: 1 if parallel is False else 2]):
        arguments = (
            "free text for the tool"
            if custom
            else json.dumps(example(schema or {"type": "object"}), ensure_ascii=False)
        )
        calls.append(Call(identifier("call_", [seed, index]), name, arguments, custom))
    return calls


def _last_user_text(messages) -> str:
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") in ("user", "tool", "function"):
            return part_text(message.get("content"))
    return ""


@dataclass
class Reply:
    """What the model says: text, tool calls, and how it ended."""

    text: str
    calls: list[Call]
    cut: bool
    input_tokens: int

    @property
    def output_tokens(self) -> int:
        return words(self.text) + sum(words(call.arguments) for call in self.calls)


def _chat_reply(body: dict) -> Reply:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "Missing required parameter: 'messages'.", code="missing_required_parameter")
    last = messages[-1] if isinstance(messages[-1], dict) else {}
    calls = []
    if last.get("role") not in ("tool", "function"):
        calls = _tool_calls(body.get("tools"), body.get("tool_choice"), body.get("parallel_tool_calls"), messages)
    text, cut = (
        ("", False)
        if calls
        else clip(f"Echo: {_last_user_text(messages)}", body.get("max_completion_tokens", body.get("max_tokens")))
    )
    return Reply(text, calls, cut, sum(words(part_text(m.get("content"))) for m in messages if isinstance(m, dict)))


def _chat_usage(reply: Reply, choices: int) -> dict:
    out = reply.output_tokens * choices
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": out,
        "total_tokens": reply.input_tokens + out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _chat_call(call: Call) -> dict:
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "length" if reply.cut else "stop"


def chat(body: dict) -> dict:
    """A chat.completion object."""
    reply, count = _chat_reply(body), body.get("n") or 1
    message = {"role": "assistant", "content": None if reply.calls else reply.text, "refusal": None, "annotations": []}
    if reply.calls:
        message["tool_calls"] = [_chat_call(call) for call in reply.calls]
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
        for index in range(count)
    ]
    return {
        "id": identifier("chatcmpl-", body),
        "object": "chat.completion",
        "created": CREATED,
        "model": body.get("model"),
        "choices": choices,
        "usage": _chat_usage(reply, count),
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def chat_stream(body: dict) -> list[bytes]:
    """The SSE events of a streamed chat completion, [DONE] included."""
    reply, count = _chat_reply(body), body.get("n") or 1
    options = body.get("stream_options") or {}
    usage = bool(options.get("include_usage"))
    base = {
        "id": identifier("chatcmpl-", body),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": body.get("model"),
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }
    events = []

    def chunk(choices: list, **more) -> None:
        events.append(
            b"data: " + dump({**base, "choices": choices, **({"usage": None} if usage else {}), **more}) + b"\n\n"
        )

    def delta(content: dict, finish: str | None = None) -> None:
        for index in range(count):
            chunk([{"index": index, "delta": content, "logprobs": None, "finish_reason": finish}])

    delta({"role": "assistant", "content": None if reply.calls else "", "refusal": None})
    for piece in pieces(reply.text):
        delta({"content": piece})
    for index, call in enumerate(reply.calls):
        field = "custom" if call.custom else "function"
        value = "input" if call.custom else "arguments"
        delta({"tool_calls": [{"index": index, "id": call.id, "type": field, field: {"name": call.name, value: ""}}]})
        for piece in pieces(call.arguments):
            delta({"tool_calls": [{"index": index, field: {value: piece}}]})
    delta({}, _finish(reply))
    if usage:
        chunk([], usage=_chat_usage(reply, count))
    events.append(b"data: [DONE]\n\n")
    return events


def completions(body: dict) -> dict:
    """A text_completion object."""
    prompts = body.get("prompt")
    prompts = prompts if isinstance(prompts, list) and prompts and isinstance(prompts[0], (str, list)) else [prompts]
    choices, used = [], 0
    for index, prompt in enumerate(prompts):
        text, cut = clip(f" Echo: {prompt if isinstance(prompt, str) else ''}", body.get("max_tokens"))
        used += words(text)
        choices.append({"index": index, "text": text, "logprobs": None, "finish_reason": "length" if cut else "stop"})
    return {
        "id": identifier("cmpl-", body),
        "object": "text_completion",
        "created": CREATED,
        "model": body.get("model"),
        "choices": choices,
        "usage": {"prompt_tokens": used, "completion_tokens": used, "total_tokens": 2 * used},
    }


def completions_stream(body: dict) -> list[bytes]:
    """The SSE events of a streamed completion."""
    whole = completions(body)
    base = {key: whole[key] for key in ("id", "object", "created", "model")}
    events = []
    for choice in whole["choices"]:
        for piece in pieces(choice["text"]):
            events.append(
                dump(
                    {
                        **base,
                        "choices": [{"index": choice["index"], "text": piece, "logprobs": None, "finish_reason": None}],
                    }
                )
            )
        events.append(dump({**base, "choices": [{**choice, "text": ""}]}))
    return [b"data: " + event + b"\n\n" for event in events] + [b"data: [DONE]\n\n"]


def embeddings(body: dict) -> dict:
    """A list of embeddings, as floats or base64."""
    given = body.get("input")
    if given is None:
        raise ApiError(400, "Missing required parameter: 'input'.", code="missing_required_parameter")
    inputs = given if isinstance(given, list) and given and isinstance(given[0], (str, list)) else [given]
    data = []
    for index, item in enumerate(inputs):
        numbers = vector(item if isinstance(item, str) else json.dumps(item), body.get("dimensions") or 8)
        value = numbers
        if body.get("encoding_format") == "base64":
            value = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        data.append({"object": "embedding", "index": index, "embedding": value})
    used = sum(words(item) if isinstance(item, str) else 1 for item in inputs)
    return {
        "object": "list",
        "data": data,
        "model": body.get("model"),
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def moderations(body: dict) -> dict:
    """Nothing is ever flagged."""
    given = body.get("input")
    inputs = given if isinstance(given, list) else [given]
    names = (
        "harassment",
        "harassment/threatening",
        "hate",
        "hate/threatening",
        "illicit",
        "illicit/violent",
        "self-harm",
        "self-harm/instructions",
        "self-harm/intent",
        "sexual",
        "sexual/minors",
        "violence",
        "violence/graphic",
    )
    result = {
        "flagged": False,
        "categories": dict.fromkeys(names, False),
        "category_scores": dict.fromkeys(names, 0.0),
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    return {
        "id": identifier("modr-", body),
        "model": body.get("model", "omni-moderation-latest"),
        "results": [result for _ in inputs],
    }


def model(name: str) -> dict:
    """One model object."""
    if name not in MODELS:
        raise ApiError(404, f"The model '{name}' does not exist", code="model_not_found")
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "standin"}


def models() -> dict:
    """The list of models."""
    return {"object": "list", "data": [model(name) for name in MODELS]}
