"""The use cases of analyses, and of the evidence of all answers."""

from services.ai.domain.ports import Analyses
from services.ai.domain.queries import AnalysisFilter, Cursor, StoredEvidence
from services.ai.domain.records import AnalysisRecord
from services.ai.service import refusals
from services.ai.service.pages import Page


class AnalysisReader:
    """Reads analyses and evidence; safe for use by many threads. Each call raises Unavailable STORE_UNAVAILABLE."""

    def __init__(self, analyses: Analyses) -> None:
        self._analyses = analyses

    def get(self, analysis_id: str) -> AnalysisRecord:
        """Returns one analysis.

        Raises:
            NotFound: ANALYSIS_NOT_FOUND.
        """
        found = self._analyses.find(analysis_id)
        if found is None:
            raise refusals.analysis_not_found(analysis_id)
        return found

    def list_analyses(self, kept: AnalysisFilter, *, after: Cursor | None, limit: int) -> Page[AnalysisRecord]:
        """Returns at most limit analyses, newest first; with `after`, those that follow that place."""
        return Page.of(self._analyses.list_analyses(kept, after=after, limit=limit + 1), limit)

    def evidence(self, sha256: str) -> StoredEvidence:
        """Returns what an answer rests on.

        Raises:
            NotFound: ANALYSIS_NOT_FOUND: no such pack is stored.
        """
        found = self._analyses.find_evidence(sha256)
        if found is None:
            raise refusals.evidence_not_found(sha256)
        return found
