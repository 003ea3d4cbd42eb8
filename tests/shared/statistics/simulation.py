"""Judges simulated rates: with a tolerance that follows from the number of repetitions, never a tuned one."""

from typing import Final, NamedTuple

from scipy import stats

CONFIDENCE: Final = 0.999
"""Of each check; there are many, and none may fail by chance once its seed is fixed."""


class Rate(NamedTuple):
    """Is how often something happened."""

    hits: int
    repetitions: int

    @property
    def interval(self) -> tuple[float, float]:
        """Returns Clopper and Pearson's interval (1934) for the true rate."""
        found = stats.binomtest(self.hits, self.repetitions).proportion_ci(CONFIDENCE, method="exact")
        return float(found.low), float(found.high)

    def agrees_with(self, nominal: float) -> bool:
        """Says whether the nominal rate is inside the interval."""
        low, high = self.interval
        return low <= nominal <= high

    def is_at_most(self, nominal: float) -> bool:
        """Says whether nothing speaks against a true rate of the nominal one or less."""
        return self.interval[0] <= nominal

    def is_at_least(self, nominal: float) -> bool:
        """Says whether nothing speaks against a true rate of the nominal one or more."""
        return self.interval[1] >= nominal

    def __str__(self) -> str:
        return f"{self.hits / self.repetitions:.4f} ({self.hits} of {self.repetitions})"
