"""Anthropic's documented formats: messages (streamed or not), count_tokens and models, in both API versions."""

from __future__ import annotations

from .text import MODELS, ApiError, clip, dump, example, identifier, pieces, words

VERSIONS = ("2023-06-01", "2026-10-21")
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_body(error: ApiError) -> dict:
    """Anthropic's error object."""
    return {
        "type": "error",
        "error": {"type": ERROR_TYPES.get(error.status, "api_error"), "message": error.message},
        "request_id": identifier("req_", error.message),
    }


def _text(content) -> str:
    if isinstance(content, str):
        return content
    parts = []
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict):
            parts.append(
                _text(block["content"])
                if block.get("type") == "tool_result" and "content" in block
                else str(block.get("text", ""))
            )
    return " ".join(parts)


def _ends_with_result(messages: list) -> bool:
    content = messages[-1].get("content")
    return isinstance(content, list) and any(
        isinstance(block, dict) and block.get("type") == "tool_result" for block in content
    )


def check(body: dict, version: str) -> None:
    """The checks of the wire that clients rely on."""
    if version not in VERSIONS:
        raise ApiError(400, f'anthropic-version: "{version}" is not a valid version')
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise ApiError(400, "messages: at least one message is required")
    if version == "2026-10-21":
        for name in ("temperature", "top_p", "top_k"):
            if name in body:
                raise ApiError(400, f"{name}: not supported by this API version")


def _tool_blocks(body: dict) -> list[dict]:
    choice = body.get("tool_choice") or {}
    usable = [tool for tool in body.get("tools") or [] if isinstance(tool, dict) and "input_schema" in tool]
    if choice.get("type") == "none" or _ends_with_result(body["messages"]):
        return []
    if choice.get("type") == "tool":
        usable = [tool for tool in usable if tool.get("name") == choice.get("name")]
    most = 1 if choice.get("disable_parallel_tool_use") else 2
    return [
        {
            "type": "tool_use",
            "id": identifier("toolu_", [body["messages"], index]),
            "name": tool.get("name", ""),
            "input": example(tool["input_schema"]),
        }
        for index, tool in enumerate(usable[:most])
    ]


def _blocks(body: dict) -> tuple[list[dict], str]:
    """Content blocks and stop reason."""
    said, cut = clip(f"Echo: {_text(body['messages'][-1].get('content'))}", body.get("max_tokens"))
    blocks = []
    if (body.get("thinking") or {}).get("type") in ("enabled", "adaptive"):
        blocks.append(
            {"type": "thinking", "thinking": "The request wants an echo.", "signature": identifier("sig", body)}
        )
    tools = _tool_blocks(body)
    blocks.append({"type": "text", "text": "Let me look that up." if tools else said})
    return blocks + tools, "tool_use" if tools else "max_tokens" if cut else "end_turn"


def count(body: dict) -> int:
    """Tokens of the input by the stand-in's measure."""
    total = words(_text(body.get("system"))) + sum(words(_text(message.get("content"))) for message in body["messages"])
    return total + sum(words(str(tool)) for tool in body.get("tools") or [])


def message(body: dict) -> dict:
    """A finished message."""
    blocks, reason = _blocks(body)
    made = sum(words(str(block.get("text") or block.get("thinking") or block.get("input"))) for block in blocks)
    return {
        "id": identifier("msg_", body),
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": count(body),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": made,
            "service_tier": "standard",
        },
    }


def _deltas(block: dict) -> tuple[dict, list[dict]]:
    """A block as it starts, and the deltas that fill it."""
    if block["type"] == "text":
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas + [
            {"type": "signature_delta", "signature": block["signature"]}
        ]
    json_pieces = [""] + pieces(dump(block["input"]).decode())
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in json_pieces]


def message_stream(body: dict) -> list[bytes]:
    """The SSE events of a streamed message."""
    whole = message(body)
    frames = []

    def add(kind: str, **fields) -> None:
        frames.append(b"event: " + kind.encode() + b"\ndata: " + dump({"type": kind, **fields}) + b"\n\n")

    usage = whole["usage"]
    add("message_start", message={**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}})
    for index, block in enumerate(whole["content"]):
        start, deltas = _deltas(block)
        add("content_block_start", index=index, content_block=start)
        if index == 0:
            add("ping")
        for delta in deltas:
            add("content_block_delta", index=index, delta=delta)
        add("content_block_stop", index=index)
    add(
        "message_delta",
        delta={"stop_reason": whole["stop_reason"], "stop_sequence": None},
        usage={"output_tokens": usage["output_tokens"]},
    )
    add("message_stop")
    return frames


def model(name: str) -> dict:
    """One model object."""
    if name not in MODELS:
        raise ApiError(404, f"model: {name}")
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200000,
        "max_tokens": 64000,
    }


def models() -> dict:
    """The list of models."""
    data = [model(name) for name in MODELS]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
