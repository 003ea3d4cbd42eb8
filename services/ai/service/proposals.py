"""The use case of proposing: an analysis that is to open a change request opens one, once, and applies nothing."""

import logging
from typing import Final

from services.ai.domain.ports import Analyses, Proposer
from services.ai.domain.records import AnalysisRecord
from shared import log
from shared.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PlatformError,
    Unavailable,
)

_logger = logging.getLogger(__name__)

_BATCH: Final = 20
_AWAY: Final = (Unavailable, DeadlineExceeded)
_NEVER: Final = (InvalidArgument, FailedPrecondition, NotFound)
"""Errors that say that the change does not fit the experiment: later it will not, either."""


class Proposals:
    """Proposes; any number of processes may at once: review knows a request by the analysis that it is of."""

    def __init__(self, analyses: Analyses, proposer: Proposer) -> None:
        self._analyses = analyses
        self._proposer = proposer

    def sweep(self) -> int:
        """Opens the change requests that are still to be opened, and returns how many there were.

        One that review cannot take now is tried again next time, and keeps no other one from being tried; where review
        is away, none is.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        opened = 0
        for analysis in self._analyses.unproposed(limit=_BATCH):
            try:
                change_request_id = self._proposed(analysis)
            except _AWAY as error:
                _tell("review is away, decisions wait to be proposed", analysis, error)
                break
            if change_request_id is not None:
                self._analyses.note_change_request(analysis.analysis_id, change_request_id)
                opened += bool(change_request_id)
        return opened

    def _proposed(self, analysis: AnalysisRecord) -> str | None:
        """Returns the change request's id; empty: there is none to open. None: not now.

        Raises:
            Unavailable: Review cannot be reached.
            DeadlineExceeded: It does not answer.
        """
        try:
            return self._proposer.propose_decision(analysis, request_id=analysis.analysis_id)
        except _NEVER as error:
            _tell("a decision cannot be proposed", analysis, error)
            return ""
        except _AWAY:
            raise
        except PlatformError as error:
            _tell("a decision waits to be proposed", analysis, error)
            return None


def _tell(what: str, analysis: AnalysisRecord, error: PlatformError) -> None:
    log.event(
        _logger,
        what,
        level=logging.WARNING,
        analysis_id=analysis.analysis_id,
        experiment_id=analysis.experiment_id,
        reason=error.reason.value,
        why=error.message,
    )
