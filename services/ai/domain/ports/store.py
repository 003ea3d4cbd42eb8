"""Everything that the AI service keeps."""

from typing import Protocol

from services.ai.domain.ports.answers import Analyses, Designs, Hypotheses
from services.ai.domain.ports.calls import Calls
from services.ai.domain.ports.jobs import Jobs


class AiStore(Protocol):
    """Keeps what the AI service owns; safe for use by many threads."""

    @property
    def jobs(self) -> Jobs:
        """The jobs."""

    @property
    def calls(self) -> Calls:
        """What was sent to providers."""

    @property
    def hypotheses(self) -> Hypotheses:
        """The hypotheses."""

    @property
    def designs(self) -> Designs:
        """The designs."""

    @property
    def analyses(self) -> Analyses:
        """The analyses, and the evidence of all answers."""
