"""A clock for tests: each look is a second later."""

import itertools
from datetime import datetime, timedelta

from shared.clock import Clock
from tests.review.examples import NOW


def ticking(start: datetime = NOW) -> Clock:
    """Returns a clock that begins at `start`."""
    ticks = (start + timedelta(seconds=second) for second in itertools.count())
    return lambda: next(ticks)
