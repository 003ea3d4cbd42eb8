"""The ways in which the Messages API, or what stands before it, answers: what a test scripts it to do next."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tests.ai.stand_in.schema_rules import least_instance


class Ending(Enum):
    """Says how the bytes of an answer leave."""

    WHOLE = auto()
    DROPPED = auto()
    """The connection ends with the bytes, which are fewer than the header says."""
    HELD = auto()
    """Nothing leaves until the stand-in closes."""
    TRICKLED = auto()
    """The headers leave, and then a space now and then until the stand-in closes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Is an answer of the stand-in."""

    code: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    ending: Ending = Ending.WHOLE


@dataclass(frozen=True, slots=True)
class Captured:
    """Is a request as it came; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any

    @property
    def system(self) -> str:
        """The system text."""
        blocks = self.body.get("system", "")
        return blocks if isinstance(blocks, str) else "".join(block["text"] for block in blocks)

    @property
    def user_texts(self) -> list[str]:
        """The texts of the user's turns, block by block."""
        turns = [one["content"] for one in self.body["messages"] if one["role"] == "user"]
        return [block["text"] for turn in turns for block in ([{"text": turn}] if isinstance(turn, str) else turn)]

    @property
    def data(self) -> Any:
        """The document of the user's first block."""
        return json.loads(self.user_texts[0])


Behaviour = Callable[[Captured], Sent]
Answer = str | Callable[[Captured], str] | None


def answers(
    text: Answer = None, *, thinking: bool = False, usage: Mapping[str, object] | None = None, **changes: object
) -> Behaviour:
    """Returns the behaviour to answer a text, or what a function makes of the request, or the least of the schema.

    `thinking` puts a block of thoughts before it; `changes` are of the message's fields.
    """

    def behave(request: Captured) -> Sent:
        said = _text(text, request)
        if request.body.get("stream"):
            return _sse(*_stream(request, said), ("message_stop", {}))
        return _json(200, _message(request, said, thinking=thinking, usage=usage) | changes)

    return behave


def refuses(category: str | None = "general_harms", text: str = "") -> Behaviour:
    """Returns the behaviour to refuse."""
    details = {"type": "refusal", "category": category, "explanation": None}
    content = [{"type": "text", "text": text}] if text else []
    return answers("", stop_reason="refusal", stop_details=details, content=content)


def cut_off(text: str = '{"reasons":[{"kind":"eff') -> Behaviour:
    """Returns the behaviour to stop at max_tokens."""
    return answers(text, stop_reason="max_tokens")


def fails(code: int, kind: str, *, error_code: str = "", **headers: str) -> Behaviour:
    """Returns the behaviour to answer an error of the API."""
    return lambda _: error(code, kind, "it is so", error_code=error_code, headers=headers)


def rate_limited(retry_after: str = "7") -> Behaviour:
    """Returns the behaviour to ask for patience."""
    return fails(429, "rate_limit_error", retry_after=retry_after)


def spend_limited(error_code: str = "enforced_spend_limit_reached") -> Behaviour:
    """Returns the behaviour to say that the account may spend no more."""
    return fails(429, "rate_limit_error", error_code=error_code, retry_after="3600")


def page(code: int = 200, text: str = "<html><body>Sign in to the network</body></html>", **headers: str) -> Behaviour:
    """Returns the behaviour of a proxy that answers a page."""
    kinds = {"content-type": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Sent(code, text.encode(), kinds)


def document(text: str) -> Behaviour:
    """Returns the behaviour to answer some bytes as if they were a message."""
    return lambda _: Sent(200, text.encode())


def half_a_message() -> Behaviour:
    """Returns the behaviour to answer JSON that ends in the midst, as if that were all."""
    return lambda request: Sent(200, answers()(request).body[:60])


def breaks_off() -> Behaviour:
    """Returns the behaviour to end the connection in the midst of a message."""
    return lambda request: Sent(200, answers()(request).body, ending=Ending.DROPPED)


def hangs() -> Behaviour:
    """Returns the behaviour never to answer."""
    return lambda _: Sent(ending=Ending.HELD)


def trickles() -> Behaviour:
    """Returns the behaviour to begin to answer, and never to end."""
    return lambda _: Sent(ending=Ending.TRICKLED)


def stream_error(kind: str = "overloaded_error") -> Behaviour:
    """Returns the behaviour to fail in the midst of a stream."""
    body = {"type": "error", "error": {"type": kind, "message": "it is so"}}
    return lambda request: _sse(*_stream(request, '{"half":')[:3], ("error", body))


def error(code: int, kind: str, message: str, *, error_code: str = "", headers: Mapping[str, str]) -> Sent:
    """Returns an error as the API words it."""
    told: dict[str, object] = {"type": kind, "message": message}
    if error_code:
        told["details"] = {"error_code": error_code}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return _json(code, {"type": "error", "error": told, "request_id": "req_1"}, more)


def _text(text: Answer, request: Captured) -> str:
    if text is None:
        schema = request.body.get("output_config", {}).get("format", {}).get("schema")
        return json.dumps(least_instance(schema)) if schema else "Yes."
    return text if isinstance(text, str) else text(request)


def _message(request: Captured, text: str, *, thinking: bool, usage: Mapping[str, object] | None) -> dict[str, object]:
    thoughts = [{"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}] if thinking else []
    counted: dict[str, object] = {
        "input_tokens": len(request.raw) // 4,
        "output_tokens": 1 + len(text) // 4,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.body.get("model"),
        "content": [*thoughts, {"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": counted | dict(usage or {}),
    }


def _stream(request: Captured, text: str) -> list[tuple[str, dict[str, object]]]:
    start = _message(request, text, thinking=False, usage=None) | {"content": [], "stop_reason": None}
    return [
        ("message_start", {"message": start}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 3}}),
    ]


def _json(code: int, value: object, headers: Mapping[str, str] | None = None) -> Sent:
    kinds = {"content-type": "application/json", "request-id": "req_1"} | dict(headers or {})
    return Sent(code, json.dumps(value).encode(), kinds)


def _sse(*events: tuple[str, Mapping[str, object]]) -> Sent:
    text = "".join(f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n" for name, fields in events)
    return Sent(200, text.encode(), {"content-type": "text/event-stream", "request-id": "req_1"})
