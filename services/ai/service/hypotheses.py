"""The use cases of hypotheses: reading them, and what people say of them."""

from dataclasses import dataclass, replace
from typing import Final

from services.ai.domain.hypotheses.states import Event, moved
from services.ai.domain.jobs import RequestKey
from services.ai.domain.ports import Hypotheses
from services.ai.domain.queries import HypothesisCursor, HypothesisFilter
from services.ai.domain.records import HypothesisRecord
from services.ai.service import refusals
from services.ai.service.pages import Page
from shared.clock import Clock

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class HypothesisVerdict:
    """Is what a person says of a hypothesis.

    Attributes:
        etag: That the person saw; empty: whatever it is.
    """

    event: Event
    reason: str = ""
    etag: str = ""


class HypothesisService:
    """Reads hypotheses and takes verdicts; safe for use by many threads.

    Each raises Unavailable STORE_UNAVAILABLE, and, where it names a hypothesis, NotFound HYPOTHESIS_NOT_FOUND.
    """

    def __init__(self, hypotheses: Hypotheses, *, clock: Clock) -> None:
        self._hypotheses = hypotheses
        self._clock = clock

    def get(self, hypothesis_id: str) -> HypothesisRecord:
        """Returns one hypothesis."""
        found = self._hypotheses.find(hypothesis_id)
        if found is None:
            raise refusals.hypothesis_not_found(hypothesis_id)
        return found

    def list_hypotheses(
        self, kept: HypothesisFilter, *, after: HypothesisCursor | None, limit: int
    ) -> Page[HypothesisRecord]:
        """Returns at most limit hypotheses in the filter's order; with `after`, those that follow that place."""
        return Page.of(self._hypotheses.list_hypotheses(kept, after=after, limit=limit + 1), limit)

    def review(self, hypothesis_id: str, verdict: HypothesisVerdict, *, key: RequestKey) -> HypothesisRecord:
        """Returns the hypothesis after a verdict, or as the same request left it.

        Raises:
            FailedPrecondition: INVALID_STATE: it is being tested, or was.
            Aborted: ETAG_MISMATCH.
            AlreadyExists: REQUEST_ID_REUSED.
        """
        for _ in range(_ATTEMPTS):
            if key.request_id and (done := self._hypotheses.find_reviewed(key)) is not None:
                return done
            record = self.get(hypothesis_id)
            if verdict.etag not in ("", etag_of(record)):
                raise refusals.hypothesis_changed(record, etag_of(record))
            changed = self._judged(record, verdict, reviewer=key.creator)
            if self._hypotheses.change(changed, seen_version=record.version, key=key):
                return changed
        raise refusals.hypothesis_changed(record, etag_of(record))

    def _judged(self, record: HypothesisRecord, verdict: HypothesisVerdict, *, reviewer: str) -> HypothesisRecord:
        return replace(
            record,
            state=moved(record.state, verdict.event),
            reviewer=reviewer,
            review_reason=verdict.reason,
            updated_at=self._clock(),
            version=record.version + 1,
        )


def etag_of(record: HypothesisRecord) -> str:
    """Returns what changes with a hypothesis."""
    return str(record.version)
