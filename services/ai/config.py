"""What can be configured in the AI service: variables with the prefix `AI_`."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.config import Secret, setting

PREFIX = "AI_"

# A header cannot hold anything else, and the error for that would show the key.
_KEY: Final = re.compile(r"[!-~]*")
_URL: Final = re.compile(r"https?://[^\s?#]+")


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """Configures who puts results into words, and what that may cost; a part of `Config`, as `AI_LLM_...`."""

    provider: str = field(
        default="anthropic",
        metadata=setting(
            "Is who is asked; without a key, anthropic stands for the engine's own words.",
            choices=("anthropic", "heuristic", "replay"),
        ),
    )
    anthropic_api_key: Secret = field(
        default=Secret(""),
        metadata=setting(
            "Is the key for the Messages API; it is looked for nowhere else. Not given: the engine's own words.",
            variable="AI_ANTHROPIC_API_KEY",
        ),
    )
    base_url: str = field(
        default="https://api.anthropic.com", metadata=setting("Is where the Messages API is: a URL without its /v1.")
    )
    proxy: str = field(
        default="",
        metadata=setting("Is the HTTP proxy on the way there, as a URL; those of the environment are not used."),
    )
    model: str = field(default="claude-sonnet-5-5", metadata=setting("Is the model that is asked."))
    effort: str = field(
        default="medium",
        metadata=setting("Is how much the model thinks.", choices=("low", "medium", "high", "xhigh", "max")),
    )
    max_tokens: int = field(
        default=8192,
        metadata=setting("Is the most that one answer may hold, thinking included.", minimum=4096, maximum=128_000),
    )
    timeout: timedelta = field(
        default=timedelta(seconds=90),
        metadata=setting("Is how long one answer may take.", minimum=1, maximum=600),
    )
    daily_budget_usd: float = field(
        default=5.0, metadata=setting("Is the most to spend a day (UTC). 0: nothing is sent.", unit="USD", minimum=0)
    )
    daily_budget_tokens: int = field(
        default=2_000_000,
        metadata=setting("Is the most tokens a day (UTC), read and written. 0: nothing is sent.", minimum=0),
    )
    circuit_failure_count: int = field(
        default=5,
        metadata=setting("Is after how many failures in a row nobody is asked for a while.", minimum=1, maximum=1000),
    )
    circuit_open: timedelta = field(
        default=timedelta(seconds=60), metadata=setting("Is for how long then.", minimum=1, maximum=3600)
    )
    replay_directory: Path | None = field(
        default=None, metadata=setting("Is where recorded exchanges are, for the provider replay.")
    )

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.anthropic_api_key.value):
            raise ValueError("AI_ANTHROPIC_API_KEY has spaces, line ends or other characters that no key has")
        if not _URL.fullmatch(self.base_url):
            raise ValueError(f"base_url == {self.base_url!r}, must be an http or https URL without a query")
        if self.proxy and not _URL.fullmatch(self.proxy):
            raise ValueError("proxy must be an http or https URL")
        if not self.model.strip():
            raise ValueError("model == '', must name a model")
        if self.provider == "replay" and self.replay_directory is None:
            raise ValueError("replay_directory is not given, and the provider replay needs it")
