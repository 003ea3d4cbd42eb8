"""What adaptive allocation costs in precision: intervals of the effect of the last arm against the control."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.bandit.lab.measures import Estimate, mean, share
from services.bandit.lab.policies import EQUAL
from services.bandit.lab.simulation import Trajectories
from shared.statistics.adaptive import aipw
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed import difference
from shared.statistics.result.comparison import Comparison

_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Precision:
    """Says how wide intervals of 95 % are and how often they hold the true difference.

    Attributes:
        width: Mean width of the valid interval: adaptive AIPW, or Welch's for the equal split.
        ratio: Over the equal split's mean width.
        coverage: Of the valid interval.
        plain_coverage: Of Welch's interval of plain means, which is not valid under adaptive weights.
    """

    policy: str
    width: Estimate
    ratio: float
    coverage: Estimate
    plain_coverage: Estimate

    @property
    def units_factor(self) -> float:
        """Returns how many times the units an equal split needs fewer: the square of the widths' ratio."""
        return self.ratio**2


def precision_of(policy: str, runs: Trajectories, equal: Trajectories) -> Precision:
    """Returns a policy's precision beside that of the equal split on the same problem."""
    plain = _plain(runs)
    valid = plain if policy == EQUAL.name else _adaptive(runs)
    width = mean(_widths(valid))
    return Precision(
        policy,
        width,
        width.value / float(np.nanmean(_widths(_plain(equal)))),
        _coverage(valid, runs),
        _coverage(plain, runs),
    )


def _adaptive(runs: Trajectories) -> Comparison:
    return aipw.compare(runs.batches(), treatment=runs.truth.shape[2] - 1, control=0, alpha=_ALPHA)


def _plain(runs: Trajectories) -> Comparison:
    batches = runs.batches()
    counts = batches.count.sum(axis=1)
    found = (batches.count * batches.mean).sum(axis=1) / np.maximum(counts, 1)
    between = (batches.count * (batches.mean - found[:, None, :]) ** 2).sum(axis=1)
    arms = means(Moments.of_values(counts, found, batches.squares.sum(axis=1) + between))
    return difference.compare(arms[:, -1:], arms[:, :1], alpha=_ALPHA)


def _widths(found: Comparison) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(found.difference_high - found.difference_low)[:, 0]


def _coverage(found: Comparison, runs: Trajectories) -> Estimate:
    """Returns how often intervals hold the true difference; one that cannot be given holds nothing."""
    true = runs.sign * (runs.truth[:, 0, -1] - runs.truth[:, 0, 0])
    low, high = found.difference_low[:, 0], found.difference_high[:, 0]
    return share((low <= true) & (true <= high))
