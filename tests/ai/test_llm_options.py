"""What can be configured of providers, read from the environment as the service does."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.ai.config import PREFIX, LlmOptions
from shared.config import ConfigError, Secret, load


@dataclass(frozen=True, slots=True)
class _Config:
    llm: LlmOptions = field(default=LlmOptions())


def _loaded(environ: dict[str, str]) -> LlmOptions:
    return load(_Config, PREFIX, environ=environ).llm


def test_options_when_nothing_is_given_then_are_the_usual_ones() -> None:
    options = _loaded({})

    assert (options.provider, options.model, options.anthropic_api_key) == (
        "anthropic",
        "claude-sonnet-5-5",
        Secret(""),
    )
    assert options.max_tokens >= 4096


def test_key_when_it_is_in_a_file_then_is_read_from_there_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-ant-1\n")

    options = _loaded({"AI_ANTHROPIC_API_KEY_FILE": str(tmp_path / "key"), "AI_LLM_MODEL": "claude-opus-5-5"})

    assert (options.anthropic_api_key.value, options.model) == ("sk-ant-1", "claude-opus-5-5")
    assert "sk-ant-1" not in repr(options)


def test_options_when_the_proxy_has_a_password_then_it_is_not_shown() -> None:
    options = _loaded({"AI_LLM_PROXY": "http://ai:hidden@proxy:80"})

    assert options.proxy.value == "http://ai:hidden@proxy:80"
    assert "hidden" not in repr(options)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"AI_ANTHROPIC_API_KEY": "sk ant"}, "AI_ANTHROPIC_API_KEY"),
        ({"AI_ANTHROPIC_API_KEY": "sk-ant\r\nX-Leak: 1"}, "AI_ANTHROPIC_API_KEY"),
        ({"AI_LLM_MAX_TOKENS": "1024"}, "AI_LLM_MAX_TOKENS"),
        ({"AI_LLM_EFFORT": "extreme"}, "AI_LLM_EFFORT"),
        ({"AI_LLM_PROVIDER": "other"}, "AI_LLM_PROVIDER"),
        ({"AI_LLM_DAILY_BUDGET_USD": "-1"}, "AI_LLM_DAILY_BUDGET_USD"),
        ({"AI_LLM_DAILY_BUDGET_USD": "nan"}, "AI_LLM_DAILY_BUDGET_USD"),
        ({"AI_LLM_DAILY_BUDGET_USD": "inf"}, "AI_LLM_DAILY_BUDGET_USD"),
        ({"AI_LLM_BASE_URL": "api.anthropic.com"}, "base_url"),
        ({"AI_LLM_PROXY": "proxy:80"}, "proxy"),
        ({"AI_LLM_MODEL": " "}, "model"),
        ({"AI_LLM_PROVIDER": "replay"}, "replay_directory"),
        ({"AI_LLM_TEMPERATURE": "0"}, "AI_LLM_TEMPERATURE"),
    ],
)
def test_options_when_one_is_wrong_then_it_is_named_and_no_key_is_shown(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        _loaded(environ)

    assert told in str(raised.value)
    assert "sk ant" not in str(raised.value)
