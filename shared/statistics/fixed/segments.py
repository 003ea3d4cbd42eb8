"""Effects per segment, and whether they differ between segments: the question to ask before one is singled out.

The interaction test asks whether effects d_s with standard errors e_s are one and the same (Welch 1951; with
w = 1 / e^2, weighted mean d and S segments):

    Q = sum w_s (d_s - d)^2                            chi-square on S - 1 for many units (Cochran 1954)
    L = sum (1 - w_s / sum w)^2 / f_s                  f_s: Welch-Satterthwaite's degrees of freedom
    F = Q / (S - 1) / (1 + 2 (S - 2) / (S^2 - 1) L)    on S - 1 and (S^2 - 1) / (3 L)

With two segments it is Welch's t-test of the difference of both effects. On the relative scale d is log(T / C), with
variance V_T / T^2 + V_C / C^2 - 2 S / (T C): effects that are the same share of different controls do not
interact there.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.fixed.difference import compare, welch_freedom
from shared.statistics.fixed.multiplicity import Procedure, adjusted
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats: TypeAlias = NDArray[np.float64]

FEW_IN_SEGMENT: Final = 100
"""Units of an arm below which only effects of 0.4 standard deviations and more are seen with power 0.8."""

SEGMENTS: Final = Method(
    "Welch's t in each segment, Welch's F for their interaction",
    Validity.FIXED_LOOK,
    (
        "segments were fixed before units were exposed, and no unit is in two of them",
        "units are independent of each other",
        "arms were randomised with weights that did not follow the data",
        "the arms' means are nearly normal in every segment",
        "the data are looked at once, at a time that was set beforehand",
    ),
    "Welch 1947, 1951; Cochran 1954",
)


class Interaction(NamedTuple):
    """Holds tests of equal effects in all segments; shape M, without the segments.

    Attributes:
        heterogeneity: Cochran's Q.
        statistic: Welch's F.
        numerator_freedom, denominator_freedom: Its degrees of freedom.
        p_value: NaN exactly where `obstacle` is not 0.
        segment_count: Segments in which the effect is estimable; the test is of these.
        obstacle: `Obstacle` as int8.
    """

    heterogeneity: Floats
    statistic: Floats
    numerator_freedom: Floats
    denominator_freedom: Floats
    p_value: Floats
    segment_count: Floats
    obstacle: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class SegmentEffects:
    """Holds effects in segments and how they differ.

    Attributes:
        effects: Shape M + (segments,); its intervals and p-values are those of each segment alone.
        adjusted_p_value: Of all segments as one family.
        absolute, relative: Interaction on either scale.
        pairs: Positions of both segments, shape (pairs, 2).
        differences: The second segment's effect against the first one's, shape M + (pairs,): `difference` says by how
            much they differ, in the metric's unit.
        differences_adjusted_p_value: Of all pairs as one family.
    """

    effects: Comparison
    adjusted_p_value: Floats
    absolute: Interaction
    relative: Interaction
    pairs: NDArray[np.intp]
    differences: Comparison
    differences_adjusted_p_value: Floats


def segment_effects(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    alpha: float = 0.05,
    procedure: Procedure = Procedure.HOLM,
) -> SegmentEffects:
    """Returns effects in segments, which are the last axis of both arguments.

    Args:
        treatment: For example of shape (metrics, arms - 1, segments).
        control: For example of shape (metrics, 1, segments).
        alpha: 1 minus the confidence level of every interval.
        procedure: How the segments' p-values, and those of the pairs, are adjusted.

    Raises:
        InvalidArgument: INVALID_FIELD: no axis of segments, alpha, or shapes that do not fit.
    """
    effects = _flagged(compare(treatment, control, alpha=alpha, method=SEGMENTS))
    if not effects.shape:
        raise invalid_field("treatment", "must have an axis of segments")
    freedom = np.broadcast_to(welch_freedom(treatment, control), effects.shape)
    first, second = np.triu_indices(effects.shape[-1], 1)
    differences = compare(
        _as_arms(effects, freedom, second), _as_arms(effects, freedom, first), alpha=alpha, method=SEGMENTS
    )
    return SegmentEffects(
        effects=effects,
        adjusted_p_value=adjusted(effects.p_value, procedure),
        absolute=_interaction(effects.difference, effects.standard_error**2, freedom, effects.obstacle == 0),
        relative=_relative_interaction(treatment, control, effects.lift_obstacle == 0),
        pairs=np.stack([first, second], axis=-1),
        differences=differences,
        differences_adjusted_p_value=adjusted(differences.p_value, procedure),
    )


def _flagged(effects: Comparison) -> Comparison:
    units = np.minimum(effects.treatment_unit_count, effects.control_unit_count)
    few = np.where(units < FEW_IN_SEGMENT, Caution.FEW_UNITS, 0).astype(np.int32)
    return replace(effects, caution=effects.caution | few)


def _as_arms(effects: Comparison, freedom: Floats, places: NDArray[np.intp]) -> ArmEstimates:
    """Returns the effects of some segments as if they were arms' values, to be compared in turn."""
    return ArmEstimates(
        value=effects.difference[..., places],
        variance=effects.standard_error[..., places] ** 2,
        common_variance=np.zeros(effects.shape)[..., places],
        degrees_of_freedom=freedom[..., places],
        unit_count=(effects.treatment_unit_count + effects.control_unit_count)[..., places],
        obstacle=effects.obstacle[..., places],
        caution=effects.caution[..., places],
    )


def _relative_interaction(treatment: ArmEstimates, control: ArmEstimates, fine: NDArray[np.bool_]) -> Interaction:
    fine = fine & (treatment.value * control.value > 0)
    t, c = np.where(fine, treatment.value, 1.0), np.where(fine, control.value, 1.0)
    of_treatment, of_control = (
        replace(arm, variance=arm.variance / value**2) for arm, value in ((treatment, t), (control, c))
    )
    shared = treatment.common_variance / t * (1 / t - 1 / c) + control.common_variance / c * (1 / c - 1 / t)
    variance = of_treatment.variance + of_control.variance + shared
    return _interaction(np.log(t / c), variance, welch_freedom(of_treatment, of_control), fine)


def _interaction(effect: Floats, variance: Floats, freedom: Floats, fine: NDArray[np.bool_]) -> Interaction:
    count = fine.sum(-1).astype(np.float64)
    enough = count >= 2
    size = np.where(enough, count, 2.0)
    weight = np.where(fine, 1 / np.where(fine, variance, 1.0), 0.0)
    share = weight / np.maximum(weight.sum(-1, keepdims=True), np.finfo(float).tiny)
    away = np.where(fine, effect, 0.0)
    away = away - (share * away).sum(-1, keepdims=True)
    heterogeneity = (weight * away**2).sum(-1)
    doubt = np.where(fine, (1 - share) ** 2 / freedom, 0.0).sum(-1)
    statistic = heterogeneity / (size - 1) / (1 + 2 * (size - 2) / (size**2 - 1) * doubt)
    below = np.where(doubt > 0, (size**2 - 1) / (3 * np.where(doubt > 0, doubt, 1.0)), np.inf)
    heterogeneity, statistic, above, below, p_value = (
        np.where(enough, number, np.nan)
        for number in (heterogeneity, statistic, size - 1, below, _upper_tail(statistic, size - 1, below))
    )
    obstacle = np.where(enough, Obstacle.NONE, Obstacle.FEWER_THAN_TWO_SEGMENTS).astype(np.int8)
    return Interaction(heterogeneity, statistic, above, below, p_value, count, obstacle)


def _upper_tail(statistic: Floats, above: Floats, below: Floats) -> Floats:
    """Returns the upper tail of F, which is that of chi-square where the denominator is known."""
    known = np.isinf(below)
    return np.asarray(
        np.where(
            known,
            special.chdtrc(above, statistic * above),
            special.fdtrc(above, np.where(known, 1.0, below), statistic),
        )
    )
