"""Augmented inverse-propensity-weighted (AIPW) scores of a bandit's units, as sums over batches.

A unit i of batch b, with N units, got arm A with propensity e(A) and had outcome Y. Its score for arm a is

    G_i(a) = m_i(a) + 1{A = a} (Y - m_i(a)) / e(a),        m_i(a) = effect(a) + level_i

(Hadad, Hirshberg, Zhan, Wager and Athey 2021, eq. 5), unbiased for the arm's mean whatever the plug-in m, as long as m
does not depend on which arm the unit itself got. Here `effect` is what earlier batches say of the arm, and `level` the
mean residual Y - effect(A) of the *other* units of its own batch (left out as by Wu and Gagnon-Bartsch 2018). So:

    no plug-in is needed before the first batch; all scores shift and scale with the outcomes
    what moves all arms alike (weekdays, trends) cancels within the batch, instead of being divided by propensities

Leaving a unit out of the mean of N residuals makes Y - m_i(A) = N / (N - 1) (residual - mean residual), hence sums over
units follow from counts, means and squares of the batch.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.adaptive.batches import Batches

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Holds sums over the units of each batch; shape L + (B, K), but `unit_count`: L + (B, 1).

    Attributes:
        unit_count: Units of all arms.
        count: Units of the arm.
        is_live: Whether the arm could be allocated and the batch can be used (it has 2 units or more).
        is_missing: Whether units were allocated without a logged propensity.
        inverse: 1 / propensity; 0 where the arm is not live.
        total: Sum of G over the units of all arms; 0 where the arm is not live.
        squares: Sum of (Y - m)^2 over the units of the arm.
    """

    unit_count: Floats
    count: Floats
    is_live: Booleans
    is_missing: Booleans
    inverse: Floats
    total: Floats
    squares: Floats


def scores(batches: Batches) -> Scores:
    """Returns the scores of all units, summed by batch and arm."""
    count, unit_count = batches.count, batches.count.sum(axis=-1, keepdims=True)
    is_live = (batches.propensities > 0) & (unit_count >= 2)
    inverse = 1 / np.where(is_live, batches.propensities, np.inf)
    plug_in = _plug_ins(batches, unit_count)
    left_out = unit_count / np.maximum(unit_count - 1, 1)
    deviation = np.where(count > 0, batches.mean - plug_in, 0.0)
    return Scores(
        unit_count=unit_count,
        count=count,
        is_live=is_live,
        is_missing=np.isnan(batches.propensities) & (unit_count > 0),
        inverse=inverse,
        total=np.where(is_live, unit_count * plug_in + left_out * count * deviation * inverse, 0.0),
        squares=left_out**2 * (batches.squares + count * deviation**2),
    )


def _plug_ins(batches: Batches, unit_count: Floats) -> Floats:
    """Returns each arm's plug-in in each batch: its effect so far plus the mean residual of the batch."""
    count, mean = batches.count, batches.mean
    effect, seen = np.zeros_like(mean[..., 0, :]), np.zeros_like(count[..., 0, :])
    plug_ins = np.empty_like(mean)
    for batch in range(batches.batch_count):
        units = count[..., batch, :]
        level = (units * (mean[..., batch, :] - effect)).sum(axis=-1, keepdims=True)
        level = level / np.maximum(unit_count[..., batch, :], 1)
        plug_ins[..., batch, :] = effect + level
        seen = seen + units
        effect = effect + units * (mean[..., batch, :] - level - effect) / np.maximum(seen, 1)
    return plug_ins
