"""What happens to change requests by itself: they expire, are applied at their time, and somebody is reminded."""

import logging
from datetime import datetime, timedelta
from typing import Final

from services.review.domain import lifecycle
from services.review.domain.change_request import CLOSED, ChangeRequest, ChangeRequestState
from services.review.domain.notices import REMINDER_LEADS, reminders
from services.review.domain.ports import ReviewStore
from services.review.domain.verbs import Verb
from services.review.service import applying, journal
from shared import errors, log
from shared.clock import Clock

_BATCH: Final = 100
_MOST_REMINDED: Final = 1000

_logger = logging.getLogger(__name__)


class Sweeper:
    """Sweeps; any number may, at once: each request is locked, and looked at again, before it moves."""

    def __init__(self, store: ReviewStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def sweep(self) -> int:
        """Returns how many requests it moved.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        now = self._clock()
        with self._store.transaction() as transaction:
            due = transaction.requests.list_due(now, limit=_BATCH)
        moved = sum(self._move_safely(change_request_id, now) for change_request_id in due)
        self._remind(now)
        return moved

    def _move_safely(self, change_request_id: str, now: datetime) -> bool:
        try:
            return self._move(change_request_id, now)
        except errors.Unavailable:
            raise
        except Exception as error:  # a defect in one must not keep the others from moving
            log.failure(_logger, "a change request could not be moved", error, change_request_id=change_request_id)
            return False

    def _move(self, change_request_id: str, now: datetime) -> bool:
        with self._store.transaction() as transaction:
            request = transaction.requests.lock(change_request_id)
            if request is None or not _is_due(request, now):
                return False
            if now >= request.expires_at:
                step = journal.Step(Verb.EXPIRE, lifecycle.expired(request, now))
            else:
                step = journal.applied(applying.carried_out(transaction, lifecycle.applying(request, now), now))
            transaction.requests.save(step.request)
            journal.record(transaction, step, actor=journal.SYSTEM, now=now)
        return True

    def _remind(self, now: datetime) -> None:
        until = now + max(REMINDER_LEADS) + timedelta(seconds=1)
        with self._store.transaction() as transaction:
            waiting = transaction.requests.list_expiring(until, limit=_MOST_REMINDED)
            transaction.notices.add(reminders(map(journal.subject, waiting), now))


def _is_due(request: ChangeRequest, now: datetime) -> bool:
    if request.state in CLOSED:
        return False
    due_at = request.scheduled_at if request.state is ChangeRequestState.SCHEDULED else None
    return now >= request.expires_at or (due_at is not None and now >= due_at)
