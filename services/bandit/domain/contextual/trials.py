"""Trials with contexts: what was known of each unit, which arm it got, and what came of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_FEATURE_COUNT: Final = 64
MAX_ARM_COUNT: Final = 64
MAX_TRIAL_COUNT: Final = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Holds n trials, one row each.

    Attributes:
        contexts: Encoded features, finite, shape (n, d), 1 <= d <= 64. Column 0 is the intercept, always 1; the others
            are of order 1, since one prior is meant for all.
        arms: Positions of the arms, integers from 0, shape (n,).
        values: Rewards in the metric's unit, finite, shape (n,).
        weights: How much each trial counts, from 0 to 1, shape (n,); None: all count fully.
        exposed_at: When the units were first exposed, in seconds since 1970, shape (n,); None where it is not known.

    Raises:
        ValueError: A shape, a dtype or an entry is not so.
    """

    contexts: Floats
    arms: NDArray[np.integer]
    values: Floats
    weights: Floats | None = None
    exposed_at: Floats | None = None

    def __post_init__(self) -> None:
        if self.contexts.ndim != 2 or not 1 <= self.contexts.shape[1] <= MAX_FEATURE_COUNT:
            raise ValueError(f"contexts of shape {self.contexts.shape}, must be (n, d) with 1 <= d <= 64")
        count = self.contexts.shape[0]
        if count > MAX_TRIAL_COUNT:
            raise ValueError(f"{count:,} trials, must be <= {MAX_TRIAL_COUNT:,}")
        if self.arms.shape != (count,) or self.values.shape != (count,):
            raise ValueError(f"{count} contexts, {self.arms.size} arms and {self.values.size} values: must be as many")
        for name, column in {"weights": self.weights, "instants": self.exposed_at}.items():
            if column is not None and column.shape != (count,):
                raise ValueError(f"{column.size} {name} of {count} trials: must be as many")
        if self.weights is not None and not bool(((self.weights >= 0) & (self.weights <= 1)).all()):
            raise ValueError("weights must be from 0 to 1")
        if not np.issubdtype(self.arms.dtype, np.integer) or bool((self.arms < 0).any()):
            raise ValueError("arms must be positions, whole numbers from 0")
        if not (np.isfinite(self.contexts).all() and np.isfinite(self.values).all()):
            raise ValueError("contexts and values must be finite")
        if bool((self.contexts[:, 0] != 1).any()):
            raise ValueError("column 0 of the contexts must be 1, the intercept")

    @property
    def count(self) -> int:
        """Returns the number of trials."""
        return int(self.values.size)

    @property
    def total_weight(self) -> float:
        """Returns as how many trials all of them count."""
        return float(self.values.size if self.weights is None else self.weights.sum())

    @property
    def feature_count(self) -> int:
        """Returns d, the intercept included."""
        return int(self.contexts.shape[1])

    def by_arm(self, arm_count: int) -> tuple["Trials", list[slice]]:
        """Returns the trials sorted by arm, and the rows of each arm.

        Raises:
            ValueError: There are not 1 to 64 arms, or a trial is of another one.
        """
        if not 1 <= arm_count <= MAX_ARM_COUNT or (self.count and int(self.arms.max()) >= arm_count):
            raise ValueError(f"arm_count == {arm_count}, must be 1 to {MAX_ARM_COUNT} and above every trial's arm")
        order = np.argsort(self.arms, kind="stable")
        ends = np.cumsum(np.bincount(self.arms, minlength=arm_count))
        rows = [slice(int(end - size), int(end)) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]
        return self.those(order), rows

    def those(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Trials":
        """Returns some of the trials, by their positions in the order wanted, or by whether each is wanted."""
        weights, exposed_at = (None if one is None else one[rows] for one in (self.weights, self.exposed_at))
        return Trials(self.contexts[rows], self.arms[rows], self.values[rows], weights, exposed_at)
