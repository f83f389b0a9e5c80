"""OpenAI's Responses API: objects, streamed events, and the state it keeps."""

from __future__ import annotations

from .openai_api import Call, _tool_calls, part_text
from .text import CREATED, ApiError, clip, dump, identifier, pieces, words


def _last_input(body: dict) -> tuple[str, bool]:
    """Text of the last input item, and whether that is a tool's output."""
    given = body.get("input")
    if given is None and not body.get("previous_response_id") and not body.get("prompt"):
        raise ApiError(400, "Missing required parameter: 'input'.", code="missing_required_parameter")
    if isinstance(given, str):
        return given, False
    for item in reversed(given if isinstance(given, list) else []):
        if isinstance(item, dict) and str(item.get("type", "")).endswith("_call_output"):
            return part_text(item.get("output")), True
        if isinstance(item, dict) and item.get("role", "user") == "user" and "content" in item:
            return part_text(item["content"]), False
    return "", False


def _message(seed, text: str, status: str) -> dict:
    return {
        "id": identifier("msg_", seed),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
    }


def _call_item(call: Call, status: str, arguments: str) -> dict:
    if call.custom:
        return {
            "id": "ctc_" + call.id[5:],
            "type": "custom_tool_call",
            "status": status,
            "call_id": call.id,
            "name": call.name,
            "input": arguments,
        }
    return {
        "id": "fc_" + call.id[5:],
        "type": "function_call",
        "status": status,
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
    }


def response(body: dict) -> tuple[dict, list[Call]]:
    """A finished response object and its tool calls."""
    text, after_tool = _last_input(body)
    calls = (
        []
        if after_tool
        else _tool_calls(body.get("tools"), body.get("tool_choice"), body.get("parallel_tool_calls"), body.get("input"))
    )
    said, cut = clip(f"Echo: {text}", body.get("max_output_tokens"))
    output = [_call_item(call, "completed", call.arguments) for call in calls]
    if not calls:
        output = [_message(body, said, "incomplete" if cut else "completed")]
    used, made = words(text), words(said) if not calls else sum(words(call.arguments) for call in calls)
    whole = {
        "id": identifier("resp_", body),
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if cut and not calls else "completed",
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut and not calls else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body.get("model"),
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": {
            "input_tokens": used,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": used + made,
        },
        "metadata": body.get("metadata") or {},
    }
    return whole, calls


class _Events:
    """Numbers and frames the events of one stream."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def add(self, kind: str, **fields) -> None:
        event = {"type": kind, "sequence_number": len(self.frames), **fields}
        self.frames.append(b"event: " + kind.encode() + b"\ndata: " + dump(event) + b"\n\n")


def _stream_message(events: _Events, index: int, item: dict) -> None:
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    events.add("response.output_item.added", output_index=index, item={**item, "status": "in_progress", "content": []})
    events.add("response.content_part.added", **at, part={**part, "text": ""})
    for piece in pieces(part["text"]):
        events.add("response.output_text.delta", **at, delta=piece, logprobs=[])
    events.add("response.output_text.done", **at, text=part["text"], logprobs=[])
    events.add("response.content_part.done", **at, part=part)
    events.add("response.output_item.done", output_index=index, item=item)


def _stream_call(events: _Events, index: int, item: dict, call: Call) -> None:
    at = {"item_id": item["id"], "output_index": index}
    word, field = ("custom_tool_call_input", "input") if call.custom else ("function_call_arguments", "arguments")
    events.add("response.output_item.added", output_index=index, item=_call_item(call, "in_progress", ""))
    for piece in pieces(call.arguments):
        events.add(f"response.{word}.delta", **at, delta=piece)
    done = {field: call.arguments} if call.custom else {field: call.arguments, "name": call.name}
    events.add(f"response.{word}.done", **at, **done)
    events.add("response.output_item.done", output_index=index, item=item)


def response_stream(body: dict) -> tuple[dict, list[bytes]]:
    """The finished response and the SSE events that lead to it. There is no [DONE]."""
    whole, calls = response(body)
    events = _Events()
    start = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    events.add("response.created", response=start)
    events.add("response.in_progress", response=start)
    for index, item in enumerate(whole["output"]):
        if calls:
            _stream_call(events, index, item, calls[index])
        else:
            _stream_message(events, index, item)
    events.add(f"response.{whole['status']}", response=whole)
    return whole, events.frames


def input_tokens(body: dict) -> dict:
    """The answer of /responses/input_tokens."""
    text, _ = _last_input(body)
    return {"object": "response.input_tokens", "input_tokens": words(text) + words(str(body.get("instructions") or ""))}


class Store:
    """Responses kept by the provider, by id."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[dict, dict]] = {}

    def keep(self, body: dict, whole: dict) -> None:
        """Keeps a finished response unless the request said not to."""
        if body.get("store", True):
            self._kept[whole["id"]] = (body, whole)

    def check(self, body: dict) -> None:
        """ApiError 400 if the request continues a response that is not known."""
        previous = body.get("previous_response_id")
        if previous is not None and previous not in self._kept:
            raise ApiError(
                400, f"Previous response with id '{previous}' not found.", code="previous_response_not_found"
            )

    def get(self, name: str) -> dict:
        """A kept response."""
        return self._find(name)[1]

    def delete(self, name: str) -> dict:
        """Forgets a response."""
        self._find(name)
        del self._kept[name]
        return {"id": name, "object": "response", "deleted": True}

    def input_items(self, name: str) -> dict:
        """What was sent to make a kept response."""
        body, _ = self._find(name)
        given = body.get("input")
        text = given if isinstance(given, str) else part_text(given)
        items = [
            {
                "id": identifier("msg_", [name]),
                "type": "message",
                "role": "user",
                "status": "completed",
                "content": [{"type": "input_text", "text": text}],
            }
        ]
        return {
            "object": "list",
            "data": items,
            "first_id": items[0]["id"],
            "last_id": items[0]["id"],
            "has_more": False,
        }

    def _find(self, name: str) -> tuple[dict, dict]:
        if name not in self._kept:
            raise ApiError(404, f"Response with id '{name}' not found.", code="not_found")
        return self._kept[name]
