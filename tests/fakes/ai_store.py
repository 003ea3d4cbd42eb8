"""What the AI service owns, in memory; it passes the contract tests of `ports.AiStore`."""

from tests.fakes.ai_answers import InMemoryAnalyses, InMemoryDesigns, InMemoryHypotheses
from tests.fakes.ai_calls import InMemoryCalls
from tests.fakes.ai_jobs import InMemoryJobs
from tests.fakes.ai_state import AiState


class InMemoryAiStore:
    """Does each call under one lock."""

    def __init__(self) -> None:
        state = AiState()
        self._state = state
        self.jobs = InMemoryJobs(state)
        self.calls = InMemoryCalls(state)
        self.hypotheses = InMemoryHypotheses(state)
        self.designs = InMemoryDesigns(state)
        self.analyses = InMemoryAnalyses(state)

    @property
    def announced(self) -> list[tuple[str, int]]:
        """The jobs that watchers were told of, with their versions."""
        return list(self._state.announced)
