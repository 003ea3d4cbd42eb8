"""What people are told of a change request, when, and once: the notices of an event, and the reminders of an expiry."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

DEFAULT_AUDIENCE: Final = "default"
"""Is told of everything."""

REMINDER_LEADS: Final = (timedelta(hours=1), timedelta(hours=24))
"""How long before the expiry of a request that lacks approvals its audiences are reminded, the shortest first."""

# Receivers advise against more than 20 kB: https://www.standardwebhooks.com
_MAX_DIFF_LINES: Final = 30
_MAX_VALUE_LENGTH: Final = 200
_MAX_WORDS_LENGTH: Final = 2000

_WAITING_STATES: Final = frozenset({"PENDING", "CHANGES_REQUESTED"})


class NoticeEvent(StrEnum):
    """Says what happened; the values are the types of the messages that receivers get.

    PROPOSED: a request was submitted for review, or edited since. APPROVED: it has all approvals that it needs.
    """

    PROPOSED = "change_request.proposed"
    APPROVED = "change_request.approved"
    REJECTED = "change_request.rejected"
    CHANGES_REQUESTED = "change_request.changes_requested"
    COMMENTED = "change_request.commented"
    CANCELLED = "change_request.cancelled"
    APPLIED = "change_request.applied"
    FAILED = "change_request.failed"
    EXPIRED = "change_request.expired"
    EXPIRING = "change_request.expiring"
    EMERGENCY_APPLIED = "change_request.emergency_applied"
    EMERGENCY_SIGNED = "change_request.emergency_signed"


_REPEATABLE: Final = frozenset(
    {NoticeEvent.APPROVED, NoticeEvent.CHANGES_REQUESTED, NoticeEvent.COMMENTED, NoticeEvent.EXPIRING}
)


class AlteredField(Protocol):
    """Is a field that a change alters; values are JSON texts, empty where there is none."""

    @property
    def path(self) -> str:
        """Returns where it is, such as `traffic.share`."""

    @property
    def before(self) -> str:
        """Returns its value before."""

    @property
    def after(self) -> str:
        """Returns its value after."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Is what notices tell of a change request, as it is after the event.

    Attributes:
        experiment_id: Names the target; empty: the policy rules.
        change_kind: Names the kind of change, such as `stop`.
        audiences: Those of the rules that the request matches.
    """

    change_request_id: str
    request_revision: int
    experiment_id: str
    change_kind: str
    requester: str
    reason: str
    state: str
    risk_score: float
    expires_at: datetime
    diff: tuple[AlteredField, ...] = ()
    audiences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Is what happened to a change request.

    Attributes:
        actor: The principal who did it; empty: nobody, its time had come.
        comment: The actor's words, or why it failed.
        mark: Tells it from its like that can befall the same revision, and from nothing else: the comment's id, or how
            many verdicts there are. Must be given for APPROVED, CHANGES_REQUESTED and COMMENTED.

    Raises:
        ValueError: The mark is missing.
    """

    event: NoticeEvent
    occurred_at: datetime
    actor: str = ""
    comment: str = ""
    mark: str = ""

    def __post_init__(self) -> None:
        if self.event in _REPEATABLE and not self.mark:
            raise ValueError(f"mark == '', must be given for {self.event}")


@dataclass(frozen=True, slots=True)
class Notice:
    """Is what one audience is told.

    Attributes:
        notice_id: Follows from audience and occasion.
        occasion: The same for one event, however often it is noticed.
        payload: JSON values.
        created_at: When the event was.
    """

    notice_id: str
    audience: str
    event: NoticeEvent
    occasion: str
    payload: Mapping[str, Any]
    created_at: datetime


def notices_for(occurrence: Occurrence, subject: Subject) -> tuple[Notice, ...]:
    """Returns a notice for each audience of the request and one for the default audience, in the order of their names.

    The same event gives equal ids and occasions, whenever it is asked for.
    """
    occasion = f"{subject.change_request_id}:{occurrence.event.rpartition('.')[2]}:{subject.request_revision}"
    if occurrence.mark:
        occasion = f"{occasion}:{occurrence.mark}"
    payload = _payload(occurrence, subject)
    return tuple(
        Notice(_notice_id(audience, occasion), audience, occurrence.event, occasion, payload, occurrence.occurred_at)
        for audience in sorted(subject.audiences | {DEFAULT_AUDIENCE})
    )


def reminders(waiting: Iterable[Subject], now: datetime) -> tuple[Notice, ...]:
    """Returns the reminders that are due for requests that still lack approvals: of each the latest that has begun.

    Asked again, it returns them again; an occasion is a revision and a lead, so that the outbox keeps each once.
    """
    return tuple(
        notice
        for subject in waiting
        for lead in REMINDER_LEADS
        if subject.state in _WAITING_STATES and _is_latest(lead, subject.expires_at - now)
        for notice in notices_for(_expiring(lead, now), subject)
    )


def _is_latest(lead: timedelta, left: timedelta) -> bool:
    later = max((other for other in REMINDER_LEADS if other < lead), default=timedelta())
    return later < left <= lead


def _expiring(lead: timedelta, now: datetime) -> Occurrence:
    return Occurrence(NoticeEvent.EXPIRING, now, mark=f"{lead // timedelta(hours=1)}h")


def _notice_id(audience: str, occasion: str) -> str:
    # Receivers sign it between full stops, so it must not hold any.
    return "msg_" + hashlib.sha256(f"{audience}\n{occasion}".encode()).hexdigest()[:32]


def _payload(occurrence: Occurrence, subject: Subject) -> dict[str, Any]:
    shown = subject.diff[:_MAX_DIFF_LINES]
    return {
        "change_request_id": subject.change_request_id,
        "request_revision": subject.request_revision,
        "experiment_id": subject.experiment_id,
        "change_kind": subject.change_kind,
        "requester": subject.requester,
        "reason": _cut(subject.reason, _MAX_WORDS_LENGTH),
        "state": subject.state,
        "risk_score": subject.risk_score,
        "expires_at": instant(subject.expires_at),
        "actor": occurrence.actor,
        "comment": _cut(occurrence.comment, _MAX_WORDS_LENGTH),
        "diff": [_line(field) for field in shown],
        "omitted_diff_count": len(subject.diff) - len(shown),
    }


def _line(field: AlteredField) -> dict[str, str]:
    return {
        "path": _cut(field.path, _MAX_VALUE_LENGTH),
        "before": _cut(field.before, _MAX_VALUE_LENGTH),
        "after": _cut(field.after, _MAX_VALUE_LENGTH),
    }


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def instant(at: datetime) -> str:
    """Returns an instant as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
