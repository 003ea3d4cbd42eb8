"""Means weighted by strata as they are in the population, not as they happened to fall into an arm.

With strata h of share W_h, an arm's means y_h, variances s_h^2 and counts n_h:

    value       sum W_h y_h                                                (Miratrix, Sekhon and Yu 2013)
    variance    sum W_h^2 s_h^2 / n_h

Where shares are those of the n units at hand, they vary too. Over the population that the units come from, two arms
with stratum means y and y' then have in common

    g(y, y') = sum W_h (y_h - y) (y'_h - y') / n

and a difference varies by g(y' - y, y' - y) more: effects that differ between strata count, the strata's levels do not.
Effects on just these units, or under known shares, do not have that term.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

FEW_IN_STRATUM = 10
"""Units of an arm in a stratum below which s_h^2 / n_h, given n_h, says little: it varies by half and more."""


def post_stratified(moments: Moments, *, shares: ArrayLike | None = None, control: int = 0) -> ArmEstimates:
    """Returns means of one variable, post-stratified; shape (..., arms).

    Args:
        moments: Of shape (..., arms, strata).
        shares: Known shares of strata in the population, shape (..., strata), sum 1. None takes those of all units.
        control: The arm that others will be compared with. With estimated shares, comparisons of other pairs leave out
            part of what differing effects add.

    Raises:
        InvalidArgument: INVALID_FIELD: more than one variable, no axis of strata, no such arm, or shares that do not
            sum to 1.
    """
    if moments.variable_count != 1 or len(moments.shape) < 2:
        raise invalid_field("moments", "must be of one variable, of shape (..., arms, strata)")
    if not 0 <= control < moments.shape[-2]:
        raise invalid_field("control", f"{control}, there are {moments.shape[-2]} arms")
    total = moments.count.sum((-2, -1))[..., None]
    weights = moments.count.sum(-2) / np.maximum(total, 1) if shares is None else _known(shares, moments)
    weights = weights[..., None, :]
    parts = weights**2 * moments.covariance()[..., 0, 0] / np.maximum(moments.count, 1)
    value = (weights * moments.mean[..., 0]).sum(-1)
    extra, common = np.zeros(value.shape), np.zeros(value.shape)
    if shares is None:
        extra, common = _of_estimated_shares(moments.mean[..., 0] - value[..., None], weights, total, control)
    variance = parts.sum(-1) + extra
    obstacle = _obstacle(moments.count, weights, variance)
    return ArmEstimates(
        value=np.where((obstacle == 0) | (obstacle == Obstacle.ZERO_VARIANCE), value, np.nan),
        variance=variance,
        common_variance=common,
        degrees_of_freedom=_freedom(parts, variance, moments.count),
        unit_count=moments.count.sum(-1),
        obstacle=obstacle,
        caution=_caution(moments.count, weights),
    )


def _known(shares: ArrayLike, moments: Moments) -> Floats:
    known = checks.shares("shares", shares)
    if known.shape[-1:] != moments.shape[-1:]:
        raise invalid_field("shares", f"shape {known.shape}, must be one for each of {moments.shape[-1]} strata")
    if not np.allclose(known.sum(-1), 1, rtol=0, atol=1e-9):
        raise invalid_field("shares", "must sum to 1")
    return known


def _of_estimated_shares(away: Floats, weights: Floats, total: Floats, control: int) -> tuple[Floats, Floats]:
    """Returns what differing effects add to each arm's variance, and what it has in common with the control.

    They are such that `ArmEstimates` gives back g for every pair of an arm and the control.
    """
    reference = away[..., control, None, :]
    total = np.maximum(total, 1)
    extra = (weights * (away - reference) ** 2).sum(-1) / total
    common = (weights * (2 * away - reference) * reference).sum(-1) / total
    return extra, common


def _freedom(parts: Floats, variance: Floats, count: Floats) -> Floats:
    """Returns Satterthwaite's degrees of freedom over strata (1946); 1 where nothing varies."""
    squares = (parts**2 / np.maximum(count - 1, 1)).sum(-1)
    return np.asarray(np.where(squares > 0, variance**2 / np.where(squares > 0, squares, 1.0), 1.0))


def _obstacle(count: Floats, weights: Floats, variance: Floats) -> NDArray[np.int8]:
    asked = weights > 0
    return np.select(
        [
            count.sum(-1) == 0,
            (asked & (count == 0)).any(-1),
            (asked & (count < 2)).any(-1),
            variance == 0,
        ],
        [Obstacle.NO_UNITS, Obstacle.EMPTY_STRATUM, Obstacle.TOO_FEW_UNITS, Obstacle.ZERO_VARIANCE],
        Obstacle.NONE,
    ).astype(np.int8)


def _caution(count: Floats, weights: Floats) -> NDArray[np.int32]:
    sparse = ((weights > 0) & (count < FEW_IN_STRATUM)).any(-1)
    return np.where(sparse, Caution.SPARSE_STRATUM, 0).astype(np.int32)
