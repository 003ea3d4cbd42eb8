"""The loops that the refresher and the learner run in, until they are told to stop."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from services.bandit.domain.ports import LearnerSession
from services.bandit.service.learning import Learner
from shared import log
from shared.clock import Clock
from shared.errors import Unavailable

_logger = logging.getLogger(__name__)


class Refresher(Protocol):
    """Follows what others do in the store."""

    def refresh(self) -> bool:
        """Takes over what is new; returns whether that changes what is served.

        Raises:
            Unavailable: STORE_UNAVAILABLE: what is served stays.
        """


class News(Protocol):
    """Tells when there may be something new."""

    def wait(self, timeout_seconds: float) -> object:
        """Returns when something was notified, or after the timeout, or when it was closed."""


def refresh_until(
    stopping: threading.Event,
    refreshers: Sequence[Refresher],
    news: News,
    *,
    poll_interval_seconds: float,
    announce: Callable[[], None],
) -> None:
    """Keeps what is served up to date; announces every change. While the store is away it goes on trying."""
    away = False
    while not stopping.is_set():
        try:
            for refresher in refreshers:
                _refresh(refresher, announce)
            if away:
                log.event(_logger, "store is back, policies are fresh")
            away = False
        except Unavailable:
            if not away:
                log.event(_logger, "store is away, the last policies serve", level=logging.WARNING)
            away = True
        news.wait(poll_interval_seconds)


def _refresh(refresher: Refresher, announce: Callable[[], None]) -> None:
    """Refreshes; a defect of one keeps no other from it."""
    try:
        if refresher.refresh():
            announce()
    except Unavailable:
        raise
    except Exception as error:
        log.failure(_logger, "refresh failed, the last policies serve", error)


def learn_until(
    stopping: threading.Event,
    open_session: Callable[[], AbstractContextManager[LearnerSession | None]],
    news: News,
    *,
    poll_interval_seconds: float,
    now: Clock,
    report: Callable[[int], None],
) -> None:
    """Learns while this process has the right to, and stands by for it otherwise.

    Args:
        stopping: Ends it.
        open_session: Yields the right to learn, or None while another process has it.
        news: Tells when a step may be due before the poll interval has passed.
        poll_interval_seconds: The longest pause between two steps.
        now: The clock.
        report: Is told after every step how many snapshots were published.
    """
    while not stopping.is_set():
        try:
            with open_session() as session:
                if session is not None:
                    log.event(_logger, "learning")
                    learner = Learner(session, now=now)
                    while not stopping.is_set():
                        report(learner.step())
                        news.wait(poll_interval_seconds)
        except Unavailable:
            log.event(_logger, "the right to learn is lost, or the store is away", level=logging.WARNING)
        except Exception as error:
            log.failure(_logger, "learning failed", error)
        stopping.wait(poll_interval_seconds)
