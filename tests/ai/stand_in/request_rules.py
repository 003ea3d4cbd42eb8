"""What the Messages API rejects of a request, as of its version 2026-10-21, with the code and the type of its error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.ai.stand_in.schema_rules import schema_faults

MOST_BYTES = 32 * 1024 * 1024
_KEYS = {
    *("model", "max_tokens", "messages", "system", "output_config", "stream", "thinking", "tools", "tool_choice"),
    *("cache_control", "container", "diagnostics", "inference_geo", "metadata", "service_tier", "speed"),
    *("stop_sequences",),
}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_MOST_CACHED_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """Is why a request is rejected."""

    code: int
    kind: str
    message: str


def fault_of(headers: Mapping[str, str], body: object, *, key: str) -> Fault | None:
    """Returns why a request is rejected; header names are in lower case. None: it is not."""
    bearer, api_key = headers.get("authorization", ""), headers.get("x-api-key", "")
    if f"Bearer {key}" != bearer and api_key != key:
        return Fault(401, "authentication_error", "invalid x-api-key" if bearer or api_key else "no key was given")
    if not headers.get("anthropic-version"):
        return _bad("anthropic-version: header is required")
    if not headers.get("content-type", "").startswith("application/json"):
        return _bad("content-type: must be application/json")
    if not isinstance(body, dict):
        return _bad("The request body is not valid JSON")
    if not str(body.get("model", "claude-")).startswith("claude-"):
        return Fault(404, "not_found_error", f"model: {body['model']}")
    return next((_bad(message) for message in _body_faults(body)), None)


def _bad(message: str) -> Fault:
    return Fault(400, "invalid_request_error", message)


def _body_faults(body: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(set(body) - _KEYS):
        yield f"{name}: Extra inputs are not permitted"
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            yield f"{name}: Field required"
    most = body.get("max_tokens")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 128_000:
        yield f"max_tokens: {most!r}, must be an integer from 1 to 128000"
    if not isinstance(body.get("stream", False), bool):
        yield "stream: Input should be a valid boolean"
    yield from _message_faults(body.get("messages"))
    yield from _system_faults(body.get("system", ""))
    yield from _output_faults(body.get("output_config"))
    if str(body.get("model")).endswith("-5-5"):
        yield from _newest_faults(body)
    if str(body).count("'cache_control'") > _MOST_CACHED_BLOCKS:
        yield "A maximum of 4 blocks with cache_control may be provided"


def _newest_faults(body: Mapping[str, object]) -> Iterator[str]:
    """Yields what the models of the newest family no longer take."""
    thinking, choice, messages = body.get("thinking"), body.get("tool_choice"), body.get("messages")
    if isinstance(thinking, dict) and thinking.get("type") != "adaptive":
        yield f"thinking.type: {thinking.get('type')!r} is not supported for this model"
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        yield f"tool_choice.type: {choice['type']!r} is not supported for this model"
    if isinstance(messages, list) and messages and messages[-1].get("role") == "assistant":
        yield "messages: This model does not support assistant message prefill"


def _message_faults(messages: object) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    for index, message in enumerate(messages):
        path = f"messages.{index}"
        if not isinstance(message, dict) or set(message) != {"role", "content"}:
            yield f"{path}: must have a role and content, and nothing else"
        elif message["role"] not in ("user", "assistant"):
            yield f"{path}.role: Input should be 'user' or 'assistant'"
        else:
            yield from _content_faults(message["content"], f"{path}.content")
    if isinstance(messages[0], dict) and messages[0].get("role") != "user":
        yield "messages: first message must use the user role"


def _system_faults(system: object) -> Iterator[str]:
    if system != "":
        yield from _content_faults(system, "system")


def _content_faults(content: object, path: str) -> Iterator[str]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not blocks:
        yield f"{path}: must be a text or a list of blocks"
        return
    for index, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") != "text":
            yield f"{path}.{index}: only text blocks are expected here"
            continue
        for name in sorted(set(block) - {"type", "text", "cache_control", "citations"}):
            yield f"{path}.{index}.{name}: Extra inputs are not permitted"
        if not isinstance(block.get("text"), str) or not str(block["text"]).strip():
            yield f"{path}.{index}: text content blocks must be non-empty"
        if block.get("cache_control", {"type": "ephemeral"}).get("type") != "ephemeral":
            yield f"{path}.{index}.cache_control.type: Input should be 'ephemeral'"


def _output_faults(config: object) -> Iterator[str]:
    if config is None:
        return
    if not isinstance(config, dict):
        yield "output_config: Input should be a valid dictionary"
        return
    for name in sorted(set(config) - {"effort", "format"}):
        yield f"output_config.{name}: Extra inputs are not permitted"
    if config.get("effort", "low") not in _EFFORTS:
        yield f"output_config.effort: Input should be one of {', '.join(_EFFORTS)}"
    chosen = config.get("format")
    if chosen is None:
        return
    if not isinstance(chosen, dict) or set(chosen) != {"type", "schema"} or chosen["type"] != "json_schema":
        yield "output_config.format: must have the type json_schema, a schema, and nothing else"
        return
    yield from schema_faults(chosen["schema"])
