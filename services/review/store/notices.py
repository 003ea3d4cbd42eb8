"""The outbox of notices in Postgres."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    TIMESTAMP,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    Update,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from services.review.domain.notices import Notice, NoticeEvent
from services.review.domain.redelivery import AnswerKind, Claim, Settlement
from shared.store import engine as store_engine
from shared.store import notify

CHANNEL: Final = "notices"

_INSTANT = TIMESTAMP(timezone=True)

# A notice without a next attempt is delivered or, where that instant is not set either, parked.
notices = Table(
    "notices",
    MetaData(),
    Column("notice_id", Text, primary_key=True),
    Column("audience", Text),
    Column("event", Text),
    Column("occasion", Text),
    Column("payload", JSONB),
    Column("created_at", _INSTANT),
    Column("attempt_count", Integer),
    Column("next_attempt_at", _INSTANT),
    Column("delivered_at", _INSTANT),
    Column("last_error", Text),
    Column("answers", JSONB),
)


class PostgresNotices:
    """Is the part of a transaction that takes notices; see `outbox.Notices`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, added: Iterable[Notice]) -> None:
        """Adds those whose audience has not been told of the occasion, and announces them."""
        rows = [_row(notice) for notice in added]
        untold = insert(notices).on_conflict_do_nothing().returning(notices.c.notice_id)
        if rows and self._connection.execute(untold, rows).first():
            notify.notify(self._connection, CHANNEL, "")


class PostgresOutbox:
    """Keeps notices until they are delivered; see `outbox.Outbox`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Claim]:
        """Returns notices that are due, the longest due first, and keeps them from others until then."""
        due = (
            select(notices.c.notice_id)
            .where(notices.c.next_attempt_at <= now)
            .order_by(notices.c.next_attempt_at, notices.c.notice_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            # A subquery might be asked again for each row, and lock more than it returns.
            .cte("due")
        )
        claimed = (
            update(notices)
            .where(notices.c.notice_id == due.c.notice_id)
            .values(next_attempt_at=until, attempt_count=notices.c.attempt_count + 1)
            .returning(notices)
        )
        with store_engine.transaction(self._engine) as connection:
            rows = connection.execute(claimed).all()
        return sorted(map(_claim, rows), key=lambda claim: (claim.notice.created_at, claim.notice.notice_id))

    def settle(self, settlements: Iterable[Settlement]) -> None:
        """Writes what became of claims that are still this process's: nobody has made an attempt since."""
        with store_engine.transaction(self._engine) as connection:
            for settlement in settlements:
                connection.execute(_settled(settlement))

    def count_waiting(self) -> int:
        """Returns how many notices are neither delivered nor parked."""
        waiting = select(func.count()).select_from(notices).where(notices.c.next_attempt_at.is_not(None))
        with store_engine.transaction(self._engine) as connection:
            return connection.execute(waiting).scalar_one()


def _settled(settlement: Settlement) -> Update:
    claim = settlement.claim
    return (
        update(notices)
        .where(notices.c.notice_id == claim.notice.notice_id, notices.c.attempt_count == claim.attempt_count)
        .values(
            answers=dict(settlement.answers),
            delivered_at=settlement.delivered_at,
            next_attempt_at=settlement.next_attempt_at,
            last_error=settlement.last_error,
        )
    )


def _row(notice: Notice) -> dict[str, object]:
    return {
        "notice_id": notice.notice_id,
        "audience": notice.audience,
        "event": notice.event,
        "occasion": notice.occasion,
        "payload": dict(notice.payload),
        "created_at": notice.created_at,
        "next_attempt_at": notice.created_at,
    }


def _claim(row: Row[Any]) -> Claim:
    notice = Notice(row.notice_id, row.audience, NoticeEvent(row.event), row.occasion, row.payload, row.created_at)
    return Claim(notice, row.attempt_count, {key: AnswerKind(kind) for key, kind in row.answers.items()})
