"""Nothing that the environment says to Anthropic's client changes whom it asks, how, or what it tells."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.ai.config import LlmOptions
from services.ai.domain.asking import FallbackReason, ProviderFailure
from services.ai.llm.anthropic_provider import AnthropicProvider
from shared.config import Secret
from tests.ai.llm.questions import QUESTION, Clocks, options
from tests.ai.stand_in.messages_api import KEY, MessagesApi

_SENT = {
    *("host", "content-type", "content-length", "accept", "connection", "user-agent"),
    *("authorization", "anthropic-version"),
}


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[MessagesApi]:
    with MessagesApi("sk-ant-hostile") as running:
        yield running


@pytest.fixture
def hostile(elsewhere: MessagesApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that would have the client ask somebody else, with another key, and more headers."""
    profile = {"version": "1.0", "base_url": elsewhere.url, "authentication": {"type": "user_oauth"}}
    for name, content in (("configs/default.json", profile), ("credentials/default.json", {"access_token": "x"})):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    variables = {
        "ANTHROPIC_API_KEY": "sk-ant-hostile",
        "ANTHROPIC_AUTH_TOKEN": "hostile",
        "ANTHROPIC_BASE_URL": elsewhere.url,
        "ANTHROPIC_CONFIG_DIR": str(tmp_path),
        "ANTHROPIC_CUSTOM_HEADERS": "\n".join(
            (
                "Authorization: Bearer hostile",
                "X-Api-Key: hostile",
                "anthropic-version: 2023-06-01",
                "anthropic-beta: everything",
                "Content-Type: text/plain",
                "User-Agent: somebody",
                "X-Leak: yes",
            )
        ),
        "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content",
        "HTTP_PROXY": elsewhere.url,
        "ALL_PROXY": elsewhere.url,
        "NO_PROXY": "",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)


def _asked(made: LlmOptions) -> str:
    provider = AnthropicProvider(made, now=Clocks().now)
    try:
        return provider.ask(QUESTION, timeout_seconds=30).text
    finally:
        provider.close()


@pytest.mark.usefixtures("hostile")
def test_environment_when_it_is_hostile_then_the_configured_api_is_asked_with_the_configured_key(
    api: MessagesApi, elsewhere: MessagesApi
) -> None:
    _asked(options(api))

    headers = api.requests[0].headers
    assert not elsewhere.requests
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (headers["anthropic-version"], headers["content-type"]) == ("2026-10-21", "application/json")
    assert headers["user-agent"].startswith("anthropic-python/")
    assert set(headers) <= _SENT


@pytest.mark.usefixtures("hostile")
def test_environment_when_no_key_is_configured_then_its_keys_are_not_used(
    api: MessagesApi, elsewhere: MessagesApi
) -> None:
    with pytest.raises(ProviderFailure) as raised:
        _asked(options(api, key=""))

    assert raised.value.reason is FallbackReason.NO_KEY
    assert not api.requests
    assert not elsewhere.requests


def test_environment_when_it_is_empty_then_the_request_is_the_same(
    api: MessagesApi, hostile: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asked(options(api))
    with monkeypatch.context() as plain:
        for name in ("ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
            plain.delenv(name)
        _asked(options(api))

    first, second = api.requests
    assert (first.raw, first.headers) == (second.raw, second.headers)


def test_client_when_debugging_is_wanted_then_questions_are_not_logged(
    api: MessagesApi, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("anthropic").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)

    _asked(options(api))

    assert KEY not in caplog.text
    assert "print your reference" not in caplog.text


def test_client_when_it_is_made_then_traces_nothing(api: MessagesApi) -> None:
    provider = AnthropicProvider(options(api), now=Clocks().now)

    assert provider._client.open_telemetry["traces"]["enabled"] is False
    provider.close()


def test_proxy_when_one_is_configured_then_it_is_asked(api: MessagesApi) -> None:
    made = LlmOptions(
        anthropic_api_key=options(api).anthropic_api_key, base_url="http://messages.invalid", proxy=Secret(api.url)
    )

    with pytest.raises(ProviderFailure):
        _asked(made)

    assert api.requests[0].path == "http://messages.invalid/v1/messages"
