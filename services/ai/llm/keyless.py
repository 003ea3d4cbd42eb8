"""The provider Claude without a key: nobody is asked, and the package that would do it is not even loaded."""

from typing import Final

from services.ai.domain.asking import FallbackReason, ProviderFailure, ProviderName, Question, Reply


class KeylessProvider:
    """Says that there is no key; safe for use by many threads.

    Args:
        model: Which model would be asked.
    """

    name: Final = ProviderName.ANTHROPIC

    def __init__(self, model: str) -> None:
        self.model = model

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:  # noqa: ARG002 - as the Protocol says
        """Has no answer.

        Raises:
            ProviderFailure: NO_KEY.
        """
        raise ProviderFailure(FallbackReason.NO_KEY, "no key is configured", model=self.model)
