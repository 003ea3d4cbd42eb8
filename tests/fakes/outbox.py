"""An outbox in memory, and webhooks that answer as they are told."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.review.domain.notices import Notice
from services.review.domain.outbox import Post
from services.review.domain.redelivery import Answer, AnswerKind, Claim, Settlement


@dataclass
class _Entry:
    notice: Notice
    due_at: datetime | None
    attempt_count: int = 0
    answers: Mapping[str, AnswerKind] = field(default_factory=dict)
    delivered_at: datetime | None = None
    last_error: str = ""


class InMemoryOutbox:
    """Passes the contract tests of `outbox.Notices` and `outbox.Outbox`."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    @property
    def notices(self) -> list[Notice]:
        """All that were ever added, in their order."""
        return [entry.notice for entry in self._entries.values()]

    @property
    def errors(self) -> list[str]:
        """What went wrong with each at last, in the same order."""
        return [entry.last_error for entry in self._entries.values()]

    @property
    def delivered(self) -> list[str]:
        """The audiences of those that were delivered."""
        return [entry.notice.audience for entry in self._entries.values() if entry.delivered_at]

    def add(self, notices: Iterable[Notice]) -> None:
        with self._mutex:
            for notice in notices:
                self._entries.setdefault(notice.notice_id, _Entry(notice, notice.created_at))

    def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Claim]:
        with self._mutex:
            due = [entry for entry in self._entries.values() if entry.due_at and entry.due_at <= now]
            taken = sorted(due, key=lambda entry: (str(entry.due_at), entry.notice.notice_id))[:limit]
            for entry in taken:
                entry.due_at, entry.attempt_count = until, entry.attempt_count + 1
            claims = [Claim(entry.notice, entry.attempt_count, entry.answers) for entry in taken]
            return sorted(claims, key=lambda claim: (claim.notice.created_at, claim.notice.notice_id))

    def settle(self, settlements: Iterable[Settlement]) -> None:
        with self._mutex:
            for settlement in settlements:
                entry = self._entries[settlement.claim.notice.notice_id]
                if entry.attempt_count == settlement.claim.attempt_count:
                    entry.due_at, entry.delivered_at = settlement.next_attempt_at, settlement.delivered_at
                    entry.answers, entry.last_error = settlement.answers, settlement.last_error

    def count_waiting(self) -> int:
        return sum(entry.due_at is not None for entry in self._entries.values())


class ScriptedWebhooks:
    """Answers with what the script says to (webhook id, notice); keeps what was posted."""

    def __init__(self, audiences: Mapping[str, Sequence[str]], script: Callable[[str, Notice], Answer]) -> None:
        self._audiences = audiences
        self._script = script
        self.posted: list[tuple[str, str]] = []

    def listening(self, audience: str) -> Sequence[str]:
        return self._audiences.get(audience, ())

    def post(self, posts: Sequence[Post]) -> list[Answer]:
        self.posted += [(post.webhook_id, post.notice.payload["change_request_id"]) for post in posts]
        return [self._script(post.webhook_id, post.notice) for post in posts]
