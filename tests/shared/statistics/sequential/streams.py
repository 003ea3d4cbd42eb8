"""Many experiments that are looked at again and again, as moments of shape (experiments, looks, arms)."""

from collections.abc import Callable, Sequence

import numpy as np

from shared.statistics.aggregates.moments import Floats, Moments
from shared.statistics.result.comparison import Comparison
from tests.shared.statistics.simulation import Rate

Draw = Callable[[tuple[int, ...]], Floats]
"""Draws values of a shape."""


def watched(draws: Sequence[Draw], *, experiment_count: int, look_count: int, units_a_look: Sequence[int]) -> Moments:
    """Returns what is known at each look; an arm has a way to draw its values and a number of units for each look."""
    shape = (experiment_count, look_count)
    sums, squares = np.zeros((*shape, len(draws))), np.zeros((*shape, len(draws)))
    for arm, (draw, units) in enumerate(zip(draws, units_a_look, strict=True)):
        values = draw((*shape, units))
        sums[..., arm] = np.cumsum(values.sum(-1), axis=1)
        squares[..., arm] = np.cumsum((values**2).sum(-1), axis=1)
    count = np.multiply.outer(np.arange(1, look_count + 1), np.asarray(units_a_look)).astype(np.float64)
    count = np.broadcast_to(count, sums.shape)
    return Moments.of_values(count, sums / count, np.maximum(squares - sums**2 / count, 0.0))


def ever_missed(found: Comparison, truth: float) -> Rate:
    """Returns how many experiments had an interval without the true difference at some look (axis 1)."""
    missed = (found.difference_low > truth) | (found.difference_high < truth)
    return Rate(int(missed.any(axis=1).sum()), missed.shape[0])


def ever_missed_lift(found: Comparison, truth: float) -> Rate:
    """Returns how many experiments had an interval without the true lift at some look (axis 1)."""
    missed = (found.lift_low > truth) | (found.lift_high < truth)
    return Rate(int(missed.any(axis=1).sum()), missed.shape[0])


def ever_significant(found: Comparison) -> Rate:
    """Returns how many experiments had a p-value of alpha or less at some look (axis 1)."""
    hits = found.p_value <= found.alpha
    return Rate(int(hits.any(axis=1).sum()), hits.shape[0])
