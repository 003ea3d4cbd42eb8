"""Claude without a key."""

import subprocess
import sys

import pytest

from services.ai.domain.asking import FallbackReason, ProviderFailure, ProviderName
from services.ai.domain.grounding.questions import check_question
from services.ai.llm.keyless import KeylessProvider


def test_ask_without_a_key_then_says_so() -> None:
    provider = KeylessProvider("claude-sonnet-5-5")

    with pytest.raises(ProviderFailure, match="no key is configured") as caught:
        provider.ask(check_question(), timeout_seconds=1.0)

    assert caught.value.reason is FallbackReason.NO_KEY
    assert not caught.value.retryable
    assert (provider.name, caught.value.model) == (ProviderName.ANTHROPIC, "claude-sonnet-5-5")


def test_service_when_loaded_without_a_key_then_does_not_load_the_package() -> None:
    code = "import sys, services.ai.main; sys.exit('anthropic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
