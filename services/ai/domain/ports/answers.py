"""How answers are kept: hypotheses, designs, and analyses with the evidence of all."""

from datetime import datetime
from typing import Protocol

from services.ai.domain.hypotheses.model import HypothesisState, StoredHypothesis
from services.ai.domain.jobs import RequestKey
from services.ai.domain.metrics import PastExperiment
from services.ai.domain.queries import (
    AnalysisFilter,
    Cursor,
    DesignFilter,
    HypothesisCursor,
    HypothesisFilter,
    StoredEvidence,
)
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord


class Hypotheses(Protocol):
    """Keeps hypotheses."""

    def find(self, hypothesis_id: str) -> HypothesisRecord | None:
        """Returns a hypothesis."""

    def list_hypotheses(
        self, kept: HypothesisFilter, *, after: HypothesisCursor | None, limit: int
    ) -> list[HypothesisRecord]:
        """Returns hypotheses in the filter's order; with `after`, those that follow that place."""

    def stored(self, *, limit: int) -> list[StoredHypothesis]:
        """Returns the newest hypotheses, as far as later work needs them."""

    def change(self, record: HypothesisRecord, *, seen_version: int, key: RequestKey | None = None) -> bool:
        """Stores a changed hypothesis as the next version.

        Returns:
            False, and nothing was stored, if it has another version than was seen, or the same request was answered.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
        """

    def find_reviewed(self, key: RequestKey) -> HypothesisRecord | None:
        """Returns the hypothesis as the same request left it.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
        """

    def tested_by(self, experiment_id: str) -> list[HypothesisRecord]:
        """Returns the hypotheses that an experiment tests."""

    def counts(self) -> list[tuple[str, HypothesisState, float, datetime]]:
        """Returns provider, state, stated confidence and time of each."""


class Designs(Protocol):
    """Keeps designs."""

    def find(self, design_id: str) -> DesignRecord | None:
        """Returns a design."""

    def list_designs(self, kept: DesignFilter, *, after: Cursor | None, limit: int) -> list[DesignRecord]:
        """Returns the newest designs, newest first."""

    def note_adoption(self, key: RequestKey) -> None:
        """Notes that a request makes an experiment of a design; the same again changes nothing.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another such request.
        """

    def adopt(
        self, design_id: str, *, experiment_id: str, change_request_id: str, now: datetime
    ) -> DesignRecord | None:
        """Notes what was made of a design; None: it became another experiment before.

        The same again changes nothing but the change request, where there was none.
        """

    def of_experiment(self, experiment_id: str) -> DesignRecord | None:
        """Returns the design that an experiment was made of."""

    def counts(self) -> list[tuple[str, datetime, datetime, datetime | None]]:
        """Returns provider, time of the request, of the design, and of its experiment, of each."""


class Analyses(Protocol):
    """Keeps analyses and the evidence of all answers."""

    def find(self, analysis_id: str) -> AnalysisRecord | None:
        """Returns an analysis."""

    def list_analyses(self, kept: AnalysisFilter, *, after: Cursor | None, limit: int) -> list[AnalysisRecord]:
        """Returns the newest analyses, newest first."""

    def latest(self, experiment_id: str) -> AnalysisRecord | None:
        """Returns an experiment's newest analysis."""

    def latest_since(self, since: datetime) -> list[AnalysisRecord]:
        """Returns the newest analysis of each experiment that had one at that instant or later, newest first."""

    def past_experiments(self, *, limit: int) -> list[PastExperiment]:
        """Returns the effects on primary metrics that the newest analyses of stopped experiments found."""

    def note_change_request(self, analysis_id: str, change_request_id: str) -> None:
        """Notes which change request an analysis opened; empty: that there was none to open."""

    def unproposed(self, *, limit: int) -> list[AnalysisRecord]:
        """Returns analyses whose jobs ask to propose, and of which no change request is noted yet, oldest first."""

    def find_evidence(self, sha256: str) -> StoredEvidence | None:
        """Returns what an answer rests on."""

    def counts(self, *, since: datetime | None) -> dict[str, int]:
        """Returns how many there are of each provider, made at that instant or later; None: ever."""
