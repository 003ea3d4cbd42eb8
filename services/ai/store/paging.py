"""Where a page of a list that is ordered by time and id goes on."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from services.ai.domain.queries import Cursor


def older(
    at: ColumnElement[datetime], row_id: ColumnElement[str], after: Cursor | None
) -> Iterator[ColumnElement[bool]]:
    """Yields the condition for what follows a place, newest first, then by id."""
    if after is not None:
        # The first part is what an index can be entered by.
        yield at <= after.at
        yield or_(at < after.at, and_(at == after.at, row_id > after.row_id))


def newer(
    at: ColumnElement[datetime], row_id: ColumnElement[str], after: Cursor | None
) -> Iterator[ColumnElement[bool]]:
    """Yields the condition for what follows a place, oldest first, then by id."""
    if after is not None:
        yield at >= after.at
        yield or_(at > after.at, and_(at == after.at, row_id > after.row_id))
