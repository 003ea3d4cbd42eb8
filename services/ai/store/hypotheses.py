"""Hypotheses in Postgres: the document is the whole, its columns are what lists and counts go by."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, or_, select, update
from sqlalchemy.dialects import postgresql

from services.ai.domain.hypotheses.model import HypothesisState, StoredHypothesis
from services.ai.domain.job_refusals import request_id_reused
from services.ai.domain.jobs import RequestKey
from services.ai.domain.queries import Cursor, HypothesisCursor, HypothesisFilter, HypothesisOrder
from services.ai.domain.records import HypothesisRecord
from services.ai.store import paging
from services.ai.store.answers import hypothesis_row
from services.ai.store.documents import from_document
from services.ai.store.readable import readable
from services.ai.store.tables import hypotheses, hypothesis_reviews
from shared.store.engine import transaction

_column: Final = hypotheses.c
_documents: Final = select(_column.document)
_NEWEST: Final[tuple[ColumnElement[Any], ...]] = (_column.created_at.desc(), _column.hypothesis_id)
_reviewed: Final = hypothesis_reviews.c


class PostgresHypotheses:
    """Is `ports.Hypotheses`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, hypothesis_id: str) -> HypothesisRecord | None:
        """Returns a hypothesis."""
        found = self._all(_documents.where(_column.hypothesis_id == hypothesis_id))
        return found[0] if found else None

    def list_hypotheses(
        self, kept: HypothesisFilter, *, after: HypothesisCursor | None, limit: int
    ) -> list[HypothesisRecord]:
        """Returns hypotheses, the best or the newest first, then by time, then by id."""
        by_score = [_column.score.desc()] if kept.order is HypothesisOrder.BEST_FIRST else []
        listed = _documents.where(*_kept(kept), *_following(kept.order, after)).order_by(*by_score, *_NEWEST)
        return self._all(listed.limit(limit))

    def stored(self, *, limit: int) -> list[StoredHypothesis]:
        """Returns the newest hypotheses, as far as later work needs them."""
        return [_as_stored(record) for record in self._readable(_documents.order_by(*_NEWEST).limit(limit))]

    def change(self, record: HypothesisRecord, *, seen_version: int, key: RequestKey | None = None) -> bool:
        """Stores a changed hypothesis as the next version, and what the request left."""
        changed = replace(record, version=seen_version + 1)
        row = hypothesis_row(changed)
        own = _column.hypothesis_id == record.hypothesis_id
        with transaction(self._engine) as connection:
            if connection.scalar(select(_column.version).where(own).with_for_update()) != seen_version:
                return False
            if key is not None and key.request_id and not _noted(connection, key, row["document"]):
                return False
            connection.execute(update(hypotheses).where(own).values(row))
        return True

    def find_reviewed(self, key: RequestKey) -> HypothesisRecord | None:
        """Returns the hypothesis as the same request left it."""
        with transaction(self._engine) as connection:
            found = _found(connection, key)
        return from_document(HypothesisRecord, found) if found else None

    def tested_by(self, experiment_id: str) -> list[HypothesisRecord]:
        """Returns the hypotheses that an experiment tests, newest first."""
        return self._readable(_documents.where(_column.experiment_id == experiment_id).order_by(*_NEWEST))

    def counts(self) -> list[tuple[str, HypothesisState, float, datetime]]:
        """Returns provider, state, stated confidence and time of each, newest first."""
        counted = select(_column.provider, _column.state, _column.confidence, _column.created_at).order_by(*_NEWEST)
        with transaction(self._engine) as connection:
            rows = connection.execute(counted).all()
        return [(row.provider, HypothesisState(row.state), row.confidence, row.created_at) for row in rows]

    def _readable(self, query: Select[Any]) -> list[HypothesisRecord]:
        with transaction(self._engine) as connection:
            return list(readable(HypothesisRecord, connection.scalars(query)))

    def _all(self, query: Select[Any]) -> list[HypothesisRecord]:
        with transaction(self._engine) as connection:
            return [from_document(HypothesisRecord, document) for document in connection.scalars(query)]


def _as_stored(record: HypothesisRecord) -> StoredHypothesis:
    hypothesis = record.hypothesis
    return StoredHypothesis(
        hypothesis_id=record.hypothesis_id,
        intervention=hypothesis.intervention,
        primary_metric_id=hypothesis.primary_metric_id,
        expected_direction=hypothesis.expected_direction,
        state=record.state,
        confidence=hypothesis.confidence.value,
        uncalibrated=hypothesis.confidence.uncalibrated,
    )


def _noted(connection: Connection, key: RequestKey, document: object) -> bool:
    row = {
        "creator": key.creator,
        "request_id": key.request_id,
        "request_digest": key.digest,
        "document": document,
    }
    noted = postgresql.insert(hypothesis_reviews).values(row).on_conflict_do_nothing().returning(_reviewed.creator)
    if connection.execute(noted).first() is not None:
        return True
    _found(connection, key)
    return False


def _found(connection: Connection, key: RequestKey) -> Any:
    same = (_reviewed.creator == key.creator, _reviewed.request_id == key.request_id)
    row = connection.execute(select(hypothesis_reviews).where(*same)).first()
    if row is not None and row.request_digest != key.digest:
        raise request_id_reused(key)
    return row.document if row else None


def _kept(kept: HypothesisFilter) -> Iterator[ColumnElement[bool]]:
    if kept.state is not None:
        yield _column.state == kept.state
    if kept.metric_id:
        yield _column.primary_metric_id == kept.metric_id
    if kept.job_id:
        yield _column.job_id == kept.job_id
    if kept.without_duplicates:
        yield ~_column.duplicate


def _following(order: HypothesisOrder, after: HypothesisCursor | None) -> Iterator[ColumnElement[bool]]:
    if after is None:
        return
    older = paging.older(_column.created_at, _column.hypothesis_id, Cursor(after.at, after.row_id))
    if order is HypothesisOrder.NEWEST_FIRST:
        yield from older
        return
    yield _column.score <= after.score
    condition = list(older)
    yield or_(_column.score < after.score, condition[0] & condition[1])
