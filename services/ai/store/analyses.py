"""Analyses in Postgres, and the evidence of all answers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, exists, func, select, text, update

from services.ai.domain.metrics import PastExperiment
from services.ai.domain.past_effects import past_effect
from services.ai.domain.queries import AnalysisFilter, Cursor, StoredEvidence
from services.ai.domain.records import AnalysisRecord, HypothesisRecord
from services.ai.store import paging
from services.ai.store.documents import from_document, to_document
from services.ai.store.readable import readable
from services.ai.store.tables import analyses, evidence_packs
from shared.store.engine import transaction

_column: Final = analyses.c
_documents: Final = select(_column.document)
_NEWEST: Final[tuple[ColumnElement[Any], ...]] = (_column.created_at.desc(), _column.analysis_id)
_later: Final = analyses.alias("later")
_IS_LATEST: Final = ~exists().where(
    and_(_later.c.experiment_id == _column.experiment_id, _later.c.version > _column.version)
)

_PAST: Final = text(
    """
SELECT newest.document, tested.document AS tested,
  coalesce(nullif(experiments.display_name, ''), nullif(experiments.definition ->> 'description', ''),
    experiments.experiment_id) AS told
FROM experiments
CROSS JOIN LATERAL (
  SELECT document FROM analyses WHERE analyses.experiment_id = experiments.experiment_id
  ORDER BY version DESC LIMIT 1
) AS newest
LEFT JOIN LATERAL (
  SELECT document FROM hypotheses
  WHERE hypotheses.experiment_id = experiments.experiment_id AND hypotheses.experiment_id <> ''
  ORDER BY created_at, hypothesis_id LIMIT 1
) AS tested ON true
WHERE experiments.state = 'STOPPED'
ORDER BY experiments.updated_at DESC, experiments.experiment_id LIMIT :limit
"""
)


class PostgresAnalyses:
    """Is `ports.Analyses`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, analysis_id: str) -> AnalysisRecord | None:
        """Returns an analysis."""
        return self._first(_documents.where(_column.analysis_id == analysis_id))

    def list_analyses(self, kept: AnalysisFilter, *, after: Cursor | None, limit: int) -> list[AnalysisRecord]:
        """Returns the newest analyses, newest first, then by id."""
        following = paging.older(_column.created_at, _column.analysis_id, after)
        return self._all(_documents.where(*_kept(kept), *following).order_by(*_NEWEST).limit(limit))

    def latest(self, experiment_id: str) -> AnalysisRecord | None:
        """Returns an experiment's newest analysis: the one of the highest version."""
        own = _documents.where(_column.experiment_id == experiment_id)
        return self._first(own.order_by(_column.version.desc()).limit(1))

    def latest_since(self, since: datetime) -> list[AnalysisRecord]:
        """Returns the newest analysis of each experiment that had one at that instant or later, newest first."""
        found = _documents.where(_IS_LATEST, _column.created_at >= since).order_by(*_NEWEST)
        with transaction(self._engine) as connection:
            return list(readable(AnalysisRecord, connection.scalars(found)))

    def past_experiments(self, *, limit: int) -> list[PastExperiment]:
        """Returns what the newest analyses of stopped experiments found on primary metrics, the last stopped first."""
        with transaction(self._engine) as connection:
            rows = connection.execute(_PAST, {"limit": limit}).all()
        return [past for past in map(_past, rows) if past is not None]

    def note_change_request(self, analysis_id: str, change_request_id: str) -> None:
        """Notes which change request an analysis opened, or that there was none to open."""
        own = _column.analysis_id == analysis_id
        with transaction(self._engine) as connection:
            document = connection.scalar(_documents.where(own).with_for_update())
            if document is not None:
                noted = replace(from_document(AnalysisRecord, document), change_request_id=change_request_id)
                values = {"to_propose": False, "document": to_document(noted)}
                connection.execute(update(analyses).where(own).values(values))

    def unproposed(self, *, limit: int) -> list[AnalysisRecord]:
        """Returns analyses that nobody has proposed yet, oldest first, then by id."""
        oldest = _documents.where(_column.to_propose).order_by(_column.created_at, _column.analysis_id)
        with transaction(self._engine) as connection:
            return list(readable(AnalysisRecord, connection.scalars(oldest.limit(limit))))

    def find_evidence(self, sha256: str) -> StoredEvidence | None:
        """Returns what an answer rests on."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(evidence_packs).where(evidence_packs.c.sha256 == sha256)).first()
        return StoredEvidence(row.sha256, row.canonical_json, row.as_of) if row else None

    def counts(self, *, since: datetime | None) -> dict[str, int]:
        """Returns how many there are of each provider."""
        made = [] if since is None else [_column.created_at >= since]
        counted = select(_column.provider, func.count()).where(*made).group_by(_column.provider)
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(counted)}

    def _first(self, query: Select[Any]) -> AnalysisRecord | None:
        found = self._all(query)
        return found[0] if found else None

    def _all(self, query: Select[Any]) -> list[AnalysisRecord]:
        with transaction(self._engine) as connection:
            return [from_document(AnalysisRecord, document) for document in connection.scalars(query)]


def _past(row: Row[Any]) -> PastExperiment | None:
    analysis = next(readable(AnalysisRecord, [row.document]), None)
    return past_effect(analysis, _intervention(row)) if analysis else None


def _intervention(row: Row[Any]) -> str:
    """Returns what an experiment tried: that of the hypothesis that it tests, else what it says of itself."""
    tested = next(readable(HypothesisRecord, [row.tested] if row.tested else []), None)
    return tested.hypothesis.intervention if tested else str(row.told)


def _kept(kept: AnalysisFilter) -> Iterator[ColumnElement[bool]]:
    if kept.experiment_id:
        yield _column.experiment_id == kept.experiment_id
    if kept.latest_only:
        yield _IS_LATEST
