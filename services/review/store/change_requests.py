"""Change requests in Postgres."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, insert, not_, or_, select, update
from sqlalchemy.dialects import postgresql

from services.review.domain.change_request import (
    CLOSED,
    Author,
    ChangeRequest,
    ChangeRequestState,
    Comment,
    RequestKey,
    Verdict,
)
from services.review.domain.model import ChangeRequestCursor, ChangeRequestFilter, VerbCall
from services.review.store import change_request_rows as rows
from services.review.store.tables import change_requests, comments, verb_calls, verdicts
from shared.store import notify

CHANNEL: Final = "change_requests"

_column = change_requests.c
# With what was said of each, in one statement, which sees one moment.
_requests: Final[Select[Any]] = select(
    change_requests,
    rows.parts(verdicts, verdicts.c.verdict_id),
    rows.parts(comments, comments.c.created_at, comments.c.comment_id),
)
_WAITING: Final = (ChangeRequestState.PENDING, ChangeRequestState.CHANGES_REQUESTED)


class PostgresChangeRequests:
    """Is the part of a transaction that keeps change requests; see `ports.ChangeRequests`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, request: ChangeRequest) -> bool:
        """Adds a change request and announces it, unless its request id is taken."""
        added = (
            postgresql.insert(change_requests)
            .values(rows.new_row(request))
            .on_conflict_do_nothing(index_elements=["request_id"])
            .returning(_column.change_request_id)
        )
        is_new = self._connection.execute(added).first() is not None
        if is_new:
            self._announce(request.change_request_id)
        return is_new

    def find(self, change_request_id: str) -> ChangeRequest | None:
        """Returns the change request with its verdicts and comments."""
        return self._one(_requests.where(_column.change_request_id == change_request_id))

    def lock(self, change_request_id: str) -> ChangeRequest | None:
        """Returns the same, and locks it until the transaction ends."""
        wanted = select(_column.change_request_id).where(_column.change_request_id == change_request_id)
        self._connection.execute(wanted.with_for_update())
        # Another statement: the one that waited for the lock sees what was said before it.
        return self.find(change_request_id)

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        """Returns the change request that was proposed with this request id."""
        return self._one(_requests.where(_column.request_id == request_id))

    def save(self, request: ChangeRequest) -> None:
        """Writes what changed of a request and announces it."""
        changed = (
            update(change_requests)
            .where(_column.change_request_id == request.change_request_id)
            .values(rows.changing_columns(request))
        )
        self._connection.execute(changed)
        self._announce(request.change_request_id)

    def add_verdict(self, change_request_id: str, verdict: Verdict) -> None:
        """Adds a verdict."""
        self._connection.execute(insert(verdicts).values(rows.verdict_row(change_request_id, verdict)))

    def add_comment(self, change_request_id: str, comment: Comment) -> None:
        """Adds a comment."""
        row = {
            "comment_id": comment.comment_id,
            "change_request_id": change_request_id,
            "author": comment.author,
            "text": comment.text,
            "created_at": comment.created_at,
        }
        self._connection.execute(insert(comments).values(row))

    def find_call(self, request_id: str) -> VerbCall | None:
        """Returns the call of a verb that was made with this request id."""
        row = self._connection.execute(select(verb_calls).where(verb_calls.c.request_id == request_id)).first()
        return VerbCall(RequestKey(row.request_id, row.request_digest), row.change_request_id) if row else None

    def add_call(self, call: VerbCall, now: datetime) -> bool:
        """Adds a call of a verb, unless its request id is taken."""
        row = {
            "request_id": call.key.request_id,
            "request_digest": call.key.digest,
            "change_request_id": call.change_request_id,
            "called_at": now,
        }
        added = postgresql.insert(verb_calls).values(row).on_conflict_do_nothing().returning(verb_calls.c.request_id)
        return self._connection.execute(added).first() is not None

    def list_requests(
        self, kept: ChangeRequestFilter, *, after: ChangeRequestCursor | None, limit: int
    ) -> list[ChangeRequest]:
        """Returns the newest requests, newest first, then by id; with `after`, those that follow that place."""
        newest = (
            _requests.where(*_kept(kept), *_following(after))
            .order_by(_column.created_at.desc(), _column.change_request_id)
            .limit(limit)
        )
        return self._all(newest)

    def list_updated(self, since: datetime, *, limit: int) -> list[ChangeRequest]:
        """Returns the requests that changed at that instant or later, in the order of their changes."""
        updated = _requests.where(_column.updated_at >= since)
        return self._all(updated.order_by(_column.updated_at, _column.change_request_id).limit(limit))

    def list_due(self, now: datetime, *, limit: int) -> list[str]:
        """Returns the ids of open requests whose time is over, or has come to be applied."""
        to_apply = and_(_column.state == ChangeRequestState.SCHEDULED, _column.scheduled_at <= now)
        due = (
            select(_column.change_request_id)
            .where(_column.state.not_in(CLOSED), or_(_column.expires_at <= now, to_apply))
            .order_by(_column.expires_at)
            .limit(limit)
        )
        return list(self._connection.scalars(due))

    def list_expiring(self, until: datetime, *, limit: int) -> list[ChangeRequest]:
        """Returns the requests that wait for verdicts and expire before that instant."""
        expiring = _requests.where(_column.state.in_(_WAITING), _column.expires_at < until)
        return self._all(expiring.order_by(_column.expires_at).limit(limit))

    def _one(self, query: Select[Any]) -> ChangeRequest | None:
        found = self._all(query)
        return found[0] if found else None

    def _all(self, query: Select[Any]) -> list[ChangeRequest]:
        return list(map(rows.from_row, self._connection.execute(query)))

    def _announce(self, change_request_id: str) -> None:
        notify.notify(self._connection, CHANNEL, change_request_id)


def _kept(kept: ChangeRequestFilter) -> Iterator[ColumnElement[bool]]:
    if kept.states:
        yield _column.state.in_(kept.states)
    if kept.experiment_id:
        yield _column.experiment_id == kept.experiment_id
    if kept.requester:
        yield _column.requester == kept.requester
    if kept.awaits:
        yield _not_by(kept.awaits)
        yield or_(
            and_(_column.state.in_(_WAITING), not_(_judged_by(kept.awaits))),
            and_(
                _column.emergency.is_not(None),
                _column.emergency["signed_by"].astext == "",
                not_(_column.emergency["actor"].contains({"principal_id": kept.awaits.principal_id})),
                not_(_column.emergency["actor"].contains({"person_id": kept.awaits.person_id})),
            ),
        )


def _not_by(reviewer: Author) -> ColumnElement[bool]:
    wrote = [_column.contributors.contains([{"principal_id": reviewer.principal_id}])]
    if reviewer.person_id:
        wrote.append(_column.contributors.contains([{"person_id": reviewer.person_id}]))
    return not_(or_(*wrote))


def _judged_by(reviewer: Author) -> ColumnElement[bool]:
    return exists().where(
        verdicts.c.change_request_id == _column.change_request_id,
        verdicts.c.request_revision == _column.request_revision,
        or_(verdicts.c.reviewer == reviewer.principal_id, verdicts.c.person_id == func.nullif(reviewer.person_id, "")),
    )


def _following(cursor: ChangeRequestCursor | None) -> Iterator[ColumnElement[bool]]:
    if cursor:
        at_once = and_(_column.created_at == cursor.created_at, _column.change_request_id > cursor.change_request_id)
        yield or_(_column.created_at < cursor.created_at, at_once)
