"""Normal prior on the effect itself, on either scale, beside any estimate that is nearly normal; in closed form.

Arms have values T and C with variances v_T and v_C; the control's true value has a flat prior. With D = T - C,
v = v_T + v_C, prior N(m0, s0^2) on the true difference and the share h = s0^2 / (v + s0^2) that the data keep:

    difference   N(m, s^2),   m = m0 + h (D - m0),   s^2 = h v              (normal times normal)
    control      C - (1 - h) (v_C / v) (m0 - D)                              (it leans towards the prior, too)
    chance       Phi(m / s)
    loss         s phi(m / s) - m Phi(-m / s) of the treatment, s phi(m / s) + m Phi(m / s) of the control

A prior N(a, b^2) on the lift is one on the difference with m0 = a |C| and s0 = b |C|: it takes the control's estimate
for its value. To first order that moves the chance, z standard errors from 0, by at most 0.4 (z^2 + 1) sqrt(v_C) / |C|;
CONTROL_IMPRECISE is flagged where this is 0.04 or more at z = 2. Whatever the prior's scale, there is one posterior for
both arms, and difference and lift are both read from it. The lift's interval holds every l with |m - l mu_C| <= z times
the standard deviation of that (Fieller 1954): at l = 0 it asks what the difference's asks, so that the verdicts agree.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.statistics.bayesian.answer import NO_STOPPING_RULE, BayesianComparison
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.estimates.lift import lift_interval
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Flags = NDArray[np.int32]

NORMAL_EFFECT: Final = Method(
    "Normal prior on the effect",
    Validity.BAYESIAN,
    (
        "units are independent of each other",
        "the prior is what was known of the effect beforehand",
        "the arms' estimates are nearly normal and their variances as good as known",
        "for a prior on the lift: the control's value is known to 2 % or better",
        NO_STOPPING_RULE,
    ),
    "Gelman et al. 2013, Bayesian Data Analysis, section 2.5; Fieller 1954",
)


class EffectScale(StrEnum):
    """Says in what a prior speaks of effects: in the metric's unit, or relative to the control."""

    DIFFERENCE = "DIFFERENCE"
    LIFT = "LIFT"


@dataclass(frozen=True, slots=True)
class EffectPrior:
    """Says what is known of effects beforehand; entries broadcast with the comparisons.

    Attributes:
        mean: Of the difference (treatment minus control, metric's unit) or of the lift (0.05 is 5 %).
        standard_deviation: Likewise, above 0; inf knows nothing.
        scale: Which of the two.
    """

    mean: ArrayLike
    standard_deviation: ArrayLike
    scale: EffectScale


MOST_IMPRECISE: Final = 0.02
"""Relative standard error of a control beyond which a prior on the lift is honoured only roughly."""

FLAT: Final = EffectPrior(0.0, np.inf, EffectScale.DIFFERENCE)
"""Every effect is as likely as any other: intervals are those of the normal test."""


def compare_effects(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    prior: EffectPrior = FLAT,
    lower_is_better: ArrayLike = False,
    alpha: float = 0.05,
) -> BayesianComparison:
    """Returns what is believed of treatments beside controls, given a prior on the effect; shapes broadcast.

    Args:
        treatment: For example of shape (metrics, arms - 1).
        control: For example of shape (metrics, 1).
        prior: What is known of the effect, on either scale.
        lower_is_better: Where a smaller value is the better one; broadcast to the common shape.
        alpha: 1 minus the credible intervals' probability.

    Raises:
        InvalidArgument: INVALID_FIELD: a prior that is not one, alpha not in (0, 0.5), or shapes that do not fit.
    """
    alpha = checks.alpha(alpha)
    z = np.asarray(special.ndtri(1 - alpha / 2))
    mean, deviation = checks.finite("prior.mean", prior.mean), _deviation(prior)
    lower = np.asarray(lower_is_better, np.bool_)
    checks.same_shape(treatment=treatment.value, control=control.value, prior=mean, deviation=deviation)
    shape = np.broadcast_shapes(treatment.shape, control.shape, mean.shape, deviation.shape, lower.shape)
    t, c = _broadcast(treatment, shape), _broadcast(control, shape)
    obstacle, caution = contrast(t, c).obstacle, t.caution | c.caution
    if prior.scale is EffectScale.LIFT:
        obstacle = _with_known_control(c, z, obstacle)
        caution = caution | _imprecise(c)
        mean, deviation = mean * np.abs(c.value), deviation * np.abs(c.value)
    t, c, m, s = _posterior(t, c, mean, deviation, obstacle)
    lift, ends = lift_interval(t, c, z, Alternative.TWO_SIDED, obstacle)
    better = np.where(lower, -m, m)
    return BayesianComparison(
        method=NORMAL_EFFECT,
        alpha=alpha,
        lower_is_better=np.broadcast_to(lower, shape),
        treatment=t.value,
        control=c.value,
        treatment_unit_count=t.unit_count,
        control_unit_count=c.unit_count,
        difference=m,
        difference_low=m - z * s,
        difference_high=m + z * s,
        lift=lift,
        lift_low=ends.low,
        lift_high=ends.high,
        chance_to_beat=special.ndtr(better / s),
        treatment_loss=_shortfall(better, s),
        control_loss=_shortfall(-better, s),
        obstacle=obstacle,
        lift_obstacle=ends.obstacle,
        caution=caution,
    )


def _deviation(prior: EffectPrior) -> Floats:
    """Returns the prior's standard deviation; inf is one of them."""
    deviation = np.asarray(prior.standard_deviation, np.float64)
    checks.positive("prior.standard_deviation", np.where(deviation == np.inf, 1.0, deviation))
    return deviation


def _broadcast(arms: ArmEstimates, shape: tuple[int, ...]) -> ArmEstimates:
    return ArmEstimates(*(np.broadcast_to(getattr(arms, field.name), shape) for field in fields(arms)))


def _with_known_control(control: ArmEstimates, z: Floats, obstacle: Codes) -> Codes:
    """Returns the obstacles, with those of controls to which no prior on the lift can be related."""
    known = control.value**2 > z**2 * (control.variance + control.common_variance)
    found = np.where(control.value == 0, Obstacle.ZERO_CONTROL, np.where(known, 0, Obstacle.CONTROL_NEAR_ZERO))
    return np.where(obstacle == 0, found, obstacle).astype(np.int8)


def _imprecise(control: ArmEstimates) -> Flags:
    loose = control.variance > (MOST_IMPRECISE * control.value) ** 2
    return np.where(loose, Caution.CONTROL_IMPRECISE, 0).astype(np.int32)


def _posterior(
    treatment: ArmEstimates, control: ArmEstimates, mean: Floats, deviation: Floats, obstacle: Codes
) -> tuple[ArmEstimates, ArmEstimates, Floats, Floats]:
    """Returns both arms, the mean of their difference and its standard deviation, once the prior is heard.

    What the prior takes away of the arms' own variances it makes common to them, since it ties them to each other:
    conditioning the normal (D, C) on an observation m0 of D with variance s0^2.
    """
    v_t, v_c, s_t, s_c = treatment.variance, control.variance, treatment.common_variance, control.common_variance
    v = np.where(obstacle == 0, v_t + v_c, np.nan)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        kept = 1 / (1 + v / deviation**2)
    step = treatment.value - control.value - mean
    w = v_c + (s_c - s_t) / 2
    common = s_c + (1 - kept) * (v_c - w**2 / v)
    m = mean + kept * step
    level = control.value + w / v * (1 - kept) * step
    return (
        replace(treatment, value=level + m, variance=kept * v_t, common_variance=common - kept * (s_c - s_t)),
        replace(control, value=level, variance=kept * v_c, common_variance=common),
        m,
        np.sqrt(kept * v),
    )


def _shortfall(mean: Floats, deviation: Floats) -> Floats:
    """Returns E[max(-x, 0)] of normal x."""
    density = np.exp(-((mean / deviation) ** 2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(np.maximum(deviation * density - mean * special.ndtr(-mean / deviation), 0.0))
