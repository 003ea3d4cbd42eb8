"""How long to pause after a failure."""

from random import Random


class Backoff:
    """Doubles the pause with every failure, and spreads it so that many clients do not come back at one instant."""

    def __init__(self, initial_seconds: float, max_seconds: float, rng: Random) -> None:
        self._initial_seconds = initial_seconds
        self._max_seconds = max_seconds
        self._rng = rng

    def seconds(self, failure_count: int) -> float:
        """Returns the pause after so many failures in a row, from 1: between half of the longest one and all of it."""
        # 2^64 times any pause is above any limit.
        longest = min(self._max_seconds, self._initial_seconds * 2.0 ** min(failure_count - 1, 64))
        return longest * self._rng.uniform(0.5, 1.0)
