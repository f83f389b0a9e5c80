"""Every place in a request where text can stand, read from the request types of the official SDKs.

A position knows how to build the smallest request body that has a given text in that place, so that a test can put a
sensitive value into each of them and see that none is overlooked. The list grows by itself when the pinned SDKs do.
"""

from __future__ import annotations

import collections.abc
import datetime
import functools
import re
import types
import typing
from dataclasses import dataclass

import anthropic.types.beta.message_create_params
import anthropic.types.message_count_tokens_params
import anthropic.types.message_create_params
import anthropic.types.messages.batch_create_params
import openai.types.audio.speech_create_params
import openai.types.chat.completion_create_params
import openai.types.completion_create_params
import openai.types.embedding_create_params
import openai.types.image_generate_params
import openai.types.moderation_create_params
import openai.types.responses.input_token_count_params
import openai.types.responses.response_create_params
import pydantic
import typing_extensions

MAX_DEPTH = 14
# Values that are not text by nature: addresses, ids of stored state, encoded or encrypted bytes. A gateway must not let
# them pass unread either, but it need not find a type in them.
OPAQUE = re.compile(
    r"[.](?:data|url|[a-z]*_url|file_data|encrypted_content|encrypted_index|signature|result)$|"
    r"(?:^|[.])(?:file_id|file_ids\[\]|vector_store_ids\[\]|previous_response_id|conversation|container|prompt[.]id)$"
)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint and the type of its body."""

    family: str
    path: str
    body: typing.Any
    fixed: tuple[tuple[str, typing.Any], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    streams: bool = False


ENDPOINTS = (
    Endpoint(
        "openai",
        "/v1/chat/completions",
        openai.types.chat.completion_create_params.CompletionCreateParamsNonStreaming,
        streams=True,
    ),
    Endpoint(
        "openai",
        "/v1/responses",
        openai.types.responses.response_create_params.ResponseCreateParamsNonStreaming,
        (("input", "x"), ("model", "standin-large")),
        streams=True,
    ),
    Endpoint(
        "openai", "/v1/responses/input_tokens", openai.types.responses.input_token_count_params.InputTokenCountParams
    ),
    Endpoint(
        "openai",
        "/v1/completions",
        openai.types.completion_create_params.CompletionCreateParamsNonStreaming,
        streams=True,
    ),
    Endpoint("openai", "/v1/embeddings", openai.types.embedding_create_params.EmbeddingCreateParams),
    Endpoint("openai", "/v1/moderations", openai.types.moderation_create_params.ModerationCreateParams),
    Endpoint("openai", "/v1/images/generations", openai.types.image_generate_params.ImageGenerateParamsNonStreaming),
    Endpoint("openai", "/v1/audio/speech", openai.types.audio.speech_create_params.SpeechCreateParams),
    Endpoint(
        "anthropic", "/v1/messages", anthropic.types.message_create_params.MessageCreateParamsNonStreaming, streams=True
    ),
    Endpoint(
        "anthropic",
        "/v1/messages",
        anthropic.types.beta.message_create_params.MessageCreateParamsNonStreaming,
        headers=(("anthropic-beta", "mcp-client-2025-11-20"),),
        streams=True,
    ),
    Endpoint(
        "anthropic", "/v1/messages/count_tokens", anthropic.types.message_count_tokens_params.MessageCountTokensParams
    ),
    Endpoint("anthropic", "/v1/messages/batches", anthropic.types.messages.batch_create_params.BatchCreateParams),
)


@dataclass(frozen=True)
class Position:
    """One place for text: where it is, and how to make a body that has it."""

    endpoint: Endpoint
    label: str  # "messages[].content[text].text"; "{}" is an object's key
    build: typing.Callable[[str], typing.Any]

    @property
    def opaque(self) -> bool:
        """The place is for an id, an address or encoded bytes."""
        return OPAQUE.search(self.label) is not None

    def body(self, text: str) -> dict:
        """The smallest body with the text in this place."""
        built = self.build(text)
        return {**{key: value for key, value in self.endpoint.fixed if key not in built}, **built}


@functools.cache
def _fields(kind) -> tuple[tuple[str, typing.Any, bool], ...]:
    """Wire name, type and whether required, of each key of a TypedDict."""
    fields = []
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        wrapper = typing.get_origin(hint)
        required = wrapper is typing.Required or (kind.__total__ and wrapper is not typing.NotRequired)
        if wrapper in (typing.Required, typing.NotRequired):
            hint = typing.get_args(hint)[0]
        alias = name
        if typing.get_origin(hint) is typing.Annotated:
            alias = next((note.alias for note in hint.__metadata__ if getattr(note, "alias", None)), name)
        fields.append((alias, hint, required))
    return tuple(fields)


def _plain(hint):
    """The type without Annotated."""
    while typing.get_origin(hint) is typing.Annotated or isinstance(
        hint, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()
    ):
        hint = typing.get_args(hint)[0]
    return hint


def _is_dict_type(hint) -> bool:
    return typing.is_typeddict(hint) or typing_extensions.is_typeddict(hint)


def _is_sequence(hint) -> bool:
    origin = typing.get_origin(hint)
    return (
        origin in (list, collections.abc.Iterable, collections.abc.Sequence)
        or getattr(origin, "__name__", "") == "SequenceNotStr"
    )


def _is_mapping(hint) -> bool:
    return typing.get_origin(hint) in (dict, collections.abc.Mapping)


def _arms(hint) -> list:
    """The arms of a union that are part of the wire format."""
    arms = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    return [
        arm
        for arm in map(_plain, arms)
        if not (isinstance(arm, type) and issubclass(arm, (pydantic.BaseModel, type(None), bytes)))
    ]


@functools.cache
def _tag(hint) -> str:
    """A name for an arm of a union: its `type` or `role`."""
    if not _is_dict_type(hint):
        return ""
    found = {name: typing.get_args(_plain(value)) for name, value, _ in _fields(hint) if name in ("type", "role")}
    words = found.get("type") or found.get("role") or ()
    return str(words[0]) if words and isinstance(words[0], str) else ""


def minimal(hint, depth: int = 0) -> typing.Any:
    """The least value of a type."""
    hint = _plain(hint)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        arms = _arms(hint)
        hint = next((arm for arm in arms if arm is str), arms[0])
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)[0]
    if _is_dict_type(hint):
        return {name: minimal(value, depth + 1) for name, value, required in _fields(hint) if required}
    if _is_sequence(hint):
        return [minimal(typing.get_args(hint)[0], depth + 1)] if depth < MAX_DEPTH else []
    if _is_mapping(hint) or hint is object:
        return {}
    return {str: "x", int: 1, float: 1.0, bool: False, datetime.datetime: "2026-01-01T00:00:00Z"}.get(hint, "x")


def _walk(hint, label: str, above: tuple) -> typing.Iterator[tuple[str, typing.Callable[[str], typing.Any]]]:
    """Every text position in a type, as label and builder."""
    hint = _plain(hint)
    if hint is str:
        yield label, lambda text: text
    elif typing.get_origin(hint) in (typing.Union, types.UnionType):
        for arm in _arms(hint):
            tag = _tag(arm)
            yield from _walk(arm, f"{label}[{tag}]" if tag else label, above)
    elif _is_dict_type(hint):
        if above.count(hint) or len(above) >= MAX_DEPTH:
            return
        yield from _walk_fields(hint, label, (*above, hint))
    elif _is_sequence(hint):
        for inner, build in _walk(typing.get_args(hint)[0], f"{label}[]", above):
            yield inner, lambda text, build=build: [build(text)]
    elif _is_mapping(hint):
        yield label + ".{}", lambda text: {text: "x"}
        arguments = typing.get_args(hint)
        for inner, build in _walk(arguments[1] if len(arguments) == 2 else object, label + ".*", above):
            yield inner, lambda text, build=build: {"field": build(text)}
    elif hint is object or hint is typing.Any:
        yield label, lambda text: text
        yield label + ".description", lambda text: {"type": "object", "description": text}
        yield (
            label + ".properties.*.enum[]",
            lambda text: {"type": "object", "properties": {"a": {"type": "string", "enum": ["b", text]}}},
        )
        yield label + ".deep", lambda text: {"a": [{"b": [[{"c": text}]]}]}


def _walk_fields(hint, label: str, above: tuple) -> typing.Iterator[tuple[str, typing.Callable[[str], typing.Any]]]:
    least = minimal(hint)
    for name, value, _ in _fields(hint):
        for inner, build in _walk(value, f"{label}.{name}" if label else name, above):
            yield inner, lambda text, build=build, name=name: {**least, name: build(text)}


def positions() -> list[Position]:
    """Every position of every endpoint, without repeats, in a stable order."""
    found: dict[tuple[str, str, str], Position] = {}
    for endpoint in ENDPOINTS:
        for label, build in _walk(endpoint.body, "", ()):
            found.setdefault((endpoint.family, endpoint.path, label), Position(endpoint, label, build))
    return list(found.values())
