"""Treatment against control on bandit data, at one look: the default.

Both arms' scores get the same weight in a batch, h = (1 / e(treatment) + 1 / e(control))^(-1/2), so that

    difference = sum h (G(treatment) - G(control)) / sum h

has a stable variance however the propensities moved, and what moves both arms alike cancels (contrast-level AW-AIPW:
Hadad et al. 2021; weights of Zhan, Hadad, Hirshberg and Athey 2021 for the policy "treatment minus control").
Where the effect changes over time, its average with weights N h is what is estimated.
"""

from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.scores import Scores, scores
from shared.statistics.adaptive.weighted_means import stabilising_weights, weighted_means
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.fixed import difference
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Obstacle

Floats: TypeAlias = NDArray[np.float64]

AW_AIPW: Final = Method(
    "adaptively weighted AIPW of the difference, Fieller's interval for the lift",
    Validity.ADAPTIVE_FIXED_LOOK,
    (
        "units were allocated with the logged propensities, which followed earlier units only",
        "the weighted mean is nearly normal: many batches or many units of the rarer arm",
        "an arm's variance, apart from chance, is not below that of all arms together",
        "the data are looked at once, at a time that was set beforehand",
    ),
    "Hadad, Hirshberg, Zhan, Wager and Athey 2021; Zhan, Hadad, Hirshberg and Athey 2021; Fieller 1954",
)


class Pair(NamedTuple):
    """Holds treatments and controls after each batch, shape L + (B, C).

    Attributes:
        unit_count: Units of all arms in the batches used: the time in which their variance grows evenly.
    """

    treatment: ArmEstimates
    control: ArmEstimates
    unit_count: Floats


def compare(
    batches: Batches,
    *,
    treatment: ArrayLike,
    control: ArrayLike = 0,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects of C treatments, shape L + (C,), from all batches.

    Batches in which one of the two arms could not be allocated are left out.

    Args:
        batches: B policy versions of K arms.
        treatment: Indexes of arms, one or C.
        control: Likewise; one of them serves all treatments.
        alpha: 1 minus the confidence level.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    found = pair(batches, treatment, control)
    now: tuple[int | slice, ...] = (*[slice(None)] * len(batches.shape), -1)
    return difference.compare(
        found.treatment[now], found.control[now], alpha=alpha, alternative=alternative, method=AW_AIPW
    )


def pair(batches: Batches, treatment: ArrayLike, control: ArrayLike) -> Pair:
    """Returns the arms of C comparisons, equally weighted, after each batch.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    treatments, controls = batches.arms(treatment, control)
    found = scores(batches)
    weights = stabilising_weights(found, treatments, controls)
    first, second = (weighted_means(found, arms, weights) for arms in (treatments, controls))
    return Pair(*_together(first, second, weights), _unit_count(found, weights))


def _together(first: ArmEstimates, second: ArmEstimates, weights: Floats) -> tuple[ArmEstimates, ArmEstimates]:
    """Returns the arms, with TOO_FEW_BATCHES where each could be allocated, yet never both in one batch."""
    apart = ~np.logical_or.accumulate(weights > 0, axis=-2)
    apart &= (first.obstacle == Obstacle.NO_UNITS) & (second.obstacle == Obstacle.NO_UNITS)
    marked = [np.where(apart, np.int8(Obstacle.TOO_FEW_BATCHES), arm.obstacle) for arm in (first, second)]
    return replace(first, obstacle=marked[0]), replace(second, obstacle=marked[1])


def _unit_count(found: Scores, weights: Floats) -> Floats:
    return np.cumsum(np.where(weights > 0, found.unit_count, 0.0), axis=-2)
