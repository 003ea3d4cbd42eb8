"""Designs in Postgres: the document is the whole, its columns are what lists and counts go by."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Select, select, update
from sqlalchemy.dialects import postgresql

from services.ai.domain.job_refusals import request_id_reused
from services.ai.domain.jobs import RequestKey
from services.ai.domain.queries import Cursor, DesignFilter
from services.ai.domain.records import DesignRecord
from services.ai.store import paging
from services.ai.store.answers import design_row
from services.ai.store.documents import from_document
from services.ai.store.tables import design_adoptions, designs
from shared.store.engine import transaction

_column: Final = designs.c
_adopting: Final = design_adoptions.c
_documents: Final = select(_column.document)
_NEWEST: Final[tuple[ColumnElement[Any], ...]] = (_column.created_at.desc(), _column.design_id)


class PostgresDesigns:
    """Is `ports.Designs`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, design_id: str) -> DesignRecord | None:
        """Returns a design."""
        return self._first(_documents.where(_column.design_id == design_id))

    def list_designs(self, kept: DesignFilter, *, after: Cursor | None, limit: int) -> list[DesignRecord]:
        """Returns the newest designs, newest first, then by id."""
        following = paging.older(_column.created_at, _column.design_id, after)
        newest = _documents.where(*_kept(kept), *following).order_by(*_NEWEST).limit(limit)
        with transaction(self._engine) as connection:
            return [from_document(DesignRecord, document) for document in connection.scalars(newest)]

    def note_adoption(self, key: RequestKey) -> None:
        """Notes that a request makes an experiment of a design."""
        row = {"creator": key.creator, "request_id": key.request_id, "request_digest": key.digest}
        same = (_adopting.creator == key.creator, _adopting.request_id == key.request_id)
        with transaction(self._engine) as connection:
            connection.execute(postgresql.insert(design_adoptions).values(row).on_conflict_do_nothing())
            if connection.scalar(select(_adopting.request_digest).where(*same)) != key.digest:
                raise request_id_reused(key)

    def adopt(
        self, design_id: str, *, experiment_id: str, change_request_id: str, now: datetime
    ) -> DesignRecord | None:
        """Notes what was made of a design."""
        own = _column.design_id == design_id
        with transaction(self._engine) as connection:
            document = connection.scalar(_documents.where(own).with_for_update())
            if document is None:
                return None
            before = from_document(DesignRecord, document)
            if before.experiment_id not in ("", experiment_id):
                return None
            after = replace(
                before,
                experiment_id=experiment_id,
                change_request_id=before.change_request_id or change_request_id,
                adopted_at=before.adopted_at or now,
            )
            if after != before:
                connection.execute(update(designs).where(own).values(design_row(after)))
        return after

    def of_experiment(self, experiment_id: str) -> DesignRecord | None:
        """Returns the design that an experiment was made of."""
        return self._first(_documents.where(_column.experiment_id == experiment_id).order_by(*_NEWEST).limit(1))

    def counts(self) -> list[tuple[str, datetime, datetime, datetime | None]]:
        """Returns provider, time of the request, of the design, and of its experiment, of each, newest first."""
        counted = select(_column.provider, _column.requested_at, _column.created_at, _column.adopted_at)
        with transaction(self._engine) as connection:
            rows = connection.execute(counted.order_by(*_NEWEST)).all()
        return [(row.provider, row.requested_at, row.created_at, row.adopted_at) for row in rows]

    def _first(self, query: Select[Any]) -> DesignRecord | None:
        with transaction(self._engine) as connection:
            document = connection.scalar(query)
        return from_document(DesignRecord, document) if document else None


def _kept(kept: DesignFilter) -> Iterator[ColumnElement[bool]]:
    if kept.hypothesis_id:
        yield _column.hypothesis_id == kept.hypothesis_id
    if kept.recommended_only:
        yield _column.recommended
