"""Loops that processes run beside their calls, until they are told to stop."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from shared import log
from shared.bell import Bell
from shared.errors import Unavailable

_logger = logging.getLogger(__name__)


def sweep_until(
    stopping: threading.Event, sweeps: Mapping[str, Callable[[], object]], *, interval_seconds: float
) -> None:
    """Does the sweeps, one after the other, once an interval; one that fails is tried again with the next.

    Args:
        stopping: Ends it.
        sweeps: What to do, by what it is called.
        interval_seconds: The pause between two rounds.
    """
    away = False
    while not stopping.is_set():
        away = _round(sweeps, was_away=away)
        stopping.wait(interval_seconds)


def ring_until_closed(bell: Bell, news: Iterable[frozenset[str]]) -> None:
    """Wakes the streams whenever there may be something new; ends when the news are closed."""
    for _channels in news:
        bell.ring()


def _round(sweeps: Mapping[str, Callable[[], object]], *, was_away: bool) -> bool:
    """Returns whether the store is away."""
    for name, sweep in sweeps.items():
        try:
            sweep()
        except Unavailable:
            if not was_away:
                log.event(_logger, "store is away, nothing moves by itself", level=logging.WARNING)
            return True
        except Exception as error:  # the others must go on
            log.failure(_logger, "a sweep failed", error, sweep=name)
    return False
