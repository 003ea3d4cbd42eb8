"""The use case of telling people: takes notices that are due, sends them, and writes what became of them."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final, Protocol

from services.review.domain import redelivery
from services.review.domain.notices import DEFAULT_AUDIENCE
from services.review.domain.outbox import Outbox, Post, Webhooks
from services.review.domain.redelivery import MAX_ATTEMPTS, Answer, Claim, ParkedFor, Settlement
from shared import log
from shared.clock import Clock
from shared.errors import Unavailable

LEASE: Final = timedelta(minutes=5)
"""How long nobody else gets what a process has taken: longer than it sends, so that only a crash makes it run out."""

_BATCH_SIZE: Final = 8
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Is what a step did: how many notices it took, delivered and parked, and how many wait now, for any process."""

    taken_count: int
    delivered_count: int
    parked_counts: Mapping[ParkedFor, int]
    waiting_count: int


class NoticeDelivery:
    """Delivers notices, each at least once to every webhook of its audience; any number of processes may."""

    def __init__(self, outbox: Outbox, webhooks: Webhooks, *, clock: Clock, rng: Random) -> None:
        self._outbox = outbox
        self._webhooks = webhooks
        self._clock = clock
        self._rng = rng

    def step(self) -> Report:
        """Delivers some of what is due, the longest due first, and returns what came of it.

        Raises:
            Unavailable: STORE_UNAVAILABLE; what was sent may be sent again.
        """
        now = self._clock()
        claims = self._outbox.claim(now=now, until=now + LEASE, limit=_BATCH_SIZE)
        settlements = self._attempt(claims)
        self._outbox.settle(settlements)
        for settlement in settlements:
            _tell(settlement)
        parked = Counter(settlement.parked_for for settlement in settlements if settlement.parked_for)
        delivered_count = sum(settlement.delivered_at is not None for settlement in settlements)
        return Report(len(claims), delivered_count, parked, self._outbox.count_waiting())

    def _attempt(self, claims: Sequence[Claim]) -> list[Settlement]:
        targets = [(claim, self._open_webhooks(claim)) for claim in claims]
        posts = [Post(webhook_id, claim.notice) for claim, webhook_ids in targets for webhook_id in webhook_ids]
        answers = iter(self._webhooks.post(posts)) if posts else iter(())
        return [
            self._settled(claim, {webhook_id: next(answers) for webhook_id in webhook_ids})
            for claim, webhook_ids in targets
        ]

    def _open_webhooks(self, claim: Claim) -> list[str]:
        if claim.attempt_count > MAX_ATTEMPTS:
            return []
        return [each for each in self._webhooks.listening(claim.notice.audience) if each not in claim.answers]

    def _settled(self, claim: Claim, answered: Mapping[str, Answer]) -> Settlement:
        if claim.attempt_count > MAX_ATTEMPTS:
            return redelivery.interrupted(claim)
        if not answered and not claim.answers:
            return redelivery.without_webhooks(claim)
        return redelivery.settle(claim, answered, now=self._clock(), rng=self._rng)


def _tell(settlement: Settlement) -> None:
    notice = settlement.claim.notice
    if settlement.parked_for:
        # Nobody asked for the default audience by name.
        quiet = settlement.parked_for is ParkedFor.NO_WEBHOOK and notice.audience == DEFAULT_AUDIENCE
        log.event(
            _logger,
            "notice parked",
            level=logging.INFO if quiet else logging.WARNING,
            occasion=notice.occasion,
            audience=notice.audience,
            problem=settlement.last_error,
        )
    elif settlement.next_attempt_at:
        log.event(
            _logger,
            "notice not delivered yet",
            occasion=notice.occasion,
            audience=notice.audience,
            problem=settlement.last_error,
            next_attempt_at=settlement.next_attempt_at.isoformat(),
        )


class News(Protocol):
    """Tells when there may be something new."""

    def wait(self, timeout_seconds: float) -> object:
        """Returns when something was notified, or after the timeout, or when it was closed."""


def deliver_until(
    stopping: threading.Event,
    delivery: NoticeDelivery,
    news: News,
    *,
    poll_interval_seconds: float,
    report: Callable[[Report], None],
) -> None:
    """Delivers what is due until it is told to stop; waits for news while nothing is.

    Args:
        stopping: Ends it after the step under way.
        delivery: Does it.
        news: Tells of notices before the poll interval has passed.
        poll_interval_seconds: The longest pause between two steps.
        report: Is told after every step.
    """
    while not stopping.is_set():
        try:
            done = delivery.step()
            report(done)
            if done.taken_count:
                continue
        except Unavailable:
            log.event(_logger, "store is away, notices wait", level=logging.WARNING)
        except Exception as error:
            log.failure(_logger, "delivery failed, notices wait", error)
        news.wait(poll_interval_seconds)
