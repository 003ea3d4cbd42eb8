"""The stand-in rejects what the real API rejects; Anthropic's own client can talk with it, and streams from it."""

from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from tests.ai.stand_in.behaviours import Captured, answers, stream_error
from tests.ai.stand_in.messages_api import KEY, MessagesApi

HEADERS = {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21"}
SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "way": {"type": "string", "enum": ["up"]},
    },
    "required": ["size", "way"],
    "additionalProperties": False,
}
BODY: dict[str, object] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 4096,
    "messages": [{"role": "user", "content": "{}"}],
    "system": [{"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}}],
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
}


def _schema(**changes: object) -> dict[str, object]:
    return {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA | changes}}}


def _user(*turns: object) -> dict[str, object]:
    return {"messages": list(turns)}


@pytest.fixture(scope="module")
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as running:
        yield running


def _post(api: MessagesApi, body: object, headers: dict[str, str] | None = None) -> httpx2.Response:
    with httpx2.Client(trust_env=False) as client:
        return client.post(f"{api.url}/v1/messages", json=body, headers=HEADERS if headers is None else headers)


def test_request_when_it_is_right_then_is_answered_by_its_schema(api: MessagesApi) -> None:
    response = _post(api, BODY)

    assert response.status_code == 200
    assert response.json()["content"] == [{"type": "text", "text": '{"size": 0, "way": "up"}'}]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"temperature": 0}, "temperature: Extra inputs"),
        ({"top_p": 1}, "top_p: Extra inputs"),
        ({"top_k": 1}, "top_k: Extra inputs"),
        ({"seed": 1}, "seed: Extra inputs"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 128_001}, "max_tokens"),
        ({"thinking": {"type": "disabled"}}, "thinking.type"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking.type"),
        ({"tool_choice": {"type": "tool", "name": "answer"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "any"}}, "tool_choice.type"),
        (_user(), "messages"),
        (_user({"role": "assistant", "content": "x"}), "messages"),
        (_user({"role": "system", "content": "x"}), "messages.0.role"),
        (_user({"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}), "prefill"),
        (_user({"role": "user", "content": ""}), "non-empty"),
        (_user({"role": "user", "content": [{"type": "text", "text": "x", "name": "y"}]}), "Extra inputs"),
        ({"system": 7}, "system"),
        ({"stream": "yes"}, "stream"),
        ({"output_config": {"effort": "extreme"}}, "effort"),
        ({"output_config": {"verbosity": "low"}}, "verbosity"),
        ({"output_config": {"format": {"type": "json_object"}}}, "json_schema"),
        (_schema(additionalProperties=True), "additionalProperties"),
        (_schema(minProperties=1), "minProperties"),
        (_schema(properties={"size": {"type": "number", "minimum": 0}}), "minimum"),
        (_schema(properties={"way": {"type": "string", "maxLength": 9}}), "maxLength"),
        (_schema(properties={"way": {"type": "array", "items": {"type": "string"}, "minItems": 2}}), "minItems"),
        (_schema(properties={"way": {"type": "array", "items": {"type": "string"}, "maxItems": 2}}), "maxItems"),
        (_schema(properties={"inner": {"type": "object", "properties": {}}}), "inner"),
        (_schema(properties={"way": {}}), "type"),
    ],
)
def test_request_when_the_real_one_would_be_rejected_then_it_is(
    api: MessagesApi, change: dict[str, object], told: str
) -> None:
    response = _post(api, BODY | change)

    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert told in response.json()["error"]["message"]


def test_request_when_max_tokens_is_missing_then_is_rejected(api: MessagesApi) -> None:
    response = _post(api, {name: value for name, value in BODY.items() if name != "max_tokens"})

    assert response.json()["error"]["message"] == "max_tokens: Field required"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 401),
        ({"authorization": "Bearer other", "anthropic-version": "2026-10-21"}, 401),
        ({"authorization": f"Bearer {KEY}"}, 400),
        ({"x-api-key": KEY, "anthropic-version": "2026-10-21"}, 200),
    ],
)
def test_request_when_its_headers_are_wrong_then_is_rejected(
    api: MessagesApi, headers: dict[str, str], code: int
) -> None:
    assert _post(api, BODY, headers).status_code == code


def test_request_when_the_model_is_unknown_then_is_not_found(api: MessagesApi) -> None:
    response = _post(api, BODY | {"model": "gpt-9"})

    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")


def test_script_when_it_is_over_then_the_usual_is_done(api: MessagesApi) -> None:
    def seen(request: Captured) -> str:
        return request.system

    api.script(answers(seen))

    texts = [_post(api, BODY).json()["content"][0]["text"] for _ in range(2)]

    assert texts == ["Rules.", '{"size": 0, "way": "up"}']


def test_stream_when_it_is_whole_then_the_client_has_the_message(api: MessagesApi) -> None:
    api.script(answers("All of it."))

    with _client(api) as client, _stream(client) as stream:
        message = stream.get_final_message()

    assert [block.text for block in message.content if block.type == "text"] == ["All of it."]
    assert message.stop_reason == "end_turn"


def test_stream_when_it_fails_midway_then_the_client_has_an_error_of_code_200(api: MessagesApi) -> None:
    api.script(stream_error())

    with _client(api) as client, pytest.raises(anthropic.APIStatusError) as raised, _stream(client) as stream:
        stream.until_done()

    assert (raised.value.status_code, raised.value.type) == (200, "overloaded_error")


def _client(api: MessagesApi) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=KEY, base_url=api.url, max_retries=0, timeout=10)


def _stream(client: anthropic.Anthropic) -> anthropic.MessageStreamManager[None]:
    return client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=4096, messages=[{"role": "user", "content": "Well?"}]
    )
