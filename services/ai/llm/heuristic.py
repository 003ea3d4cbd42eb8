"""The provider that needs nobody: it says what the engine says."""

from typing import Final

from services.ai.domain.asking import ProviderName, Question, Reply

ENGINE: Final = "engine"


class HeuristicProvider:
    """Answers every question with the engine's own answer, at once and for nothing."""

    name: Final = ProviderName.HEURISTIC
    model: Final = ENGINE

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:  # noqa: ARG002 (it takes none)
        """Returns the engine's own answer."""
        return Reply(question.plain_answer, ENGINE, stop_reason="end_turn")
