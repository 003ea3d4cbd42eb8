"""Priors on the effect: against figures of gbstats, against numerical integration, and on both scales."""

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, special, stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.answer import BayesianComparison
from shared.statistics.bayesian.effects import FLAT, EffectPrior, EffectScale, compare_effects
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.bayesian.posteriors import powers

Floats = NDArray[np.float64]
Case = tuple[ArmEstimates, ArmEstimates]

often = settings(max_examples=100, deadline=None, derandomize=True)


def arms(value: ArrayLike, variance: ArrayLike, common: float = 0.0) -> ArmEstimates:
    values, variances = np.broadcast_arrays(np.asarray(value, float), np.asarray(variance, float))
    zero = np.zeros(values.shape)
    return ArmEstimates(
        values, variances, zero + common, zero + np.inf, zero + 1000, zero.astype(np.int8), zero.astype(np.int32)
    )


def on_difference(mean: float, deviation: float) -> EffectPrior:
    return EffectPrior(mean, deviation, EffectScale.DIFFERENCE)


def on_lift(mean: float, deviation: float) -> EffectPrior:
    return EffectPrior(mean, deviation, EffectScale.LIFT)


PROPORTIONS: Final = arms(0.055, 0.055 * 0.945 / 10_000), arms(0.048, 0.048 * 0.952 / 10_000)
MEANS: Final = arms(10.2, 25 / 3500), arms(10.0, 20.25 / 4000)
NEGATIVE: Final = arms(-3.1, 6.25 / 1100), arms(-3.0, 4 / 900)

# EffectBayesianABTest of gbstats at growthbook 8f1db44, difference_type "absolute", numpy 2.4.6, scipy 1.17.1:
# chance to win, expected difference, its interval's ends, risk of control and of treatment.
GBSTATS: Final[list[tuple[Case, EffectPrior, list[float]]]] = [
    (
        PROPORTIONS,
        FLAT,
        [
            0.9874490470114203,
            0.006999999999999999,
            0.0008746500142766027,
            0.013125349985723393,
            0.007013627761869757,
            1.3627761869758015e-05,
        ],
    ),
    (
        PROPORTIONS,
        on_difference(0.0, 0.004),
        [
            0.961217342939183,
            0.004346628064469808,
            -0.00048015886475865667,
            0.00917341499369827,
            0.004385003907405724,
            3.8375842935915815e-05,
        ],
    ),
    (
        PROPORTIONS,
        on_lift(0.02, 0.05),
        [
            0.9536629353469706,
            0.003200624456595244,
            -0.0005301326492324087,
            0.006931381562422896,
            0.0032370390192674714,
            3.6414562672227625e-05,
        ],
    ),
    (
        MEANS,
        FLAT,
        [
            0.964876717635563,
            0.1999999999999993,
            -0.016532623075948882,
            0.4165326230759474,
            0.2015366419479169,
            0.0015366419479175882,
        ],
    ),
    (
        MEANS,
        on_difference(0.1, 0.2),
        [
            0.9661041860524716,
            0.17662048913972922,
            -0.012917294130730284,
            0.36615827241018867,
            0.1779119288662885,
            0.0012914397265593074,
        ],
    ),
    (
        MEANS,
        on_lift(0.02, 0.05),
        [
            0.9681291361504084,
            0.19999999999999932,
            -0.011432897291984545,
            0.4114328972919831,
            0.20134277038272133,
            0.0013427703827220035,
        ],
    ),
    (
        NEGATIVE,
        FLAT,
        [
            0.16017326355780181,
            -0.10000000000000009,
            -0.2972298681394932,
            0.09722986813949297,
            0.00848430435047161,
            0.1084843043504717,
        ],
    ),
    (
        NEGATIVE,
        on_difference(0.1, 0.2),
        [
            0.2536707626891215,
            -0.05959697732997488,
            -0.23578241816915038,
            0.11658846350920057,
            0.013668281482827147,
            0.07326525881280203,
        ],
    ),
    (
        NEGATIVE,
        on_lift(0.02, 0.05),
        [
            0.2734535547574334,
            -0.05034055727554187,
            -0.21412787833558414,
            0.11344676378450033,
            0.01404043766163433,
            0.0643809949371762,
        ],
    ),
]


def figures(found: BayesianComparison) -> list[float]:
    columns = (found.chance_to_beat, found.difference, found.difference_low, found.difference_high)
    return [float(column) for column in (*columns, found.control_loss, found.treatment_loss)]


@pytest.mark.parametrize(("case", "prior", "expected"), GBSTATS)
def test_effects_when_compared_with_gbstats_then_agree(case: Case, prior: EffectPrior, expected: list[float]) -> None:
    found = compare_effects(*case, prior=prior)

    np.testing.assert_allclose(figures(found), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("prior", "chance", "risks"),
    [
        (FLAT, 0.9817772742, (0.1462944163, 0.0004610830)),
        (on_difference(0.0, 0.05), 0.8886192070, (0.0517278615, 0.0021910406)),
    ],
)
def test_effects_when_given_the_delta_methods_lift_then_reproduce_gbstats_figures(
    prior: EffectPrior, chance: float, risks: tuple[float, float]
) -> None:
    # gbstats takes the lift for normal, with its variance at the lift that was observed: 550 against 480 of 10,000.
    treatment, control = PROPORTIONS
    ratio = treatment.value / control.value
    lift = arms(ratio - 1, (treatment.variance + ratio**2 * control.variance) / control.value**2)

    found = compare_effects(lift, arms(0.0, 0.0), prior=prior)

    assert float(found.chance_to_beat) == pytest.approx(chance, abs=5e-11)
    assert [float(found.control_loss), float(found.treatment_loss)] == pytest.approx(risks, abs=5e-11)


def test_effects_when_the_prior_is_absolute_then_the_lift_honours_it() -> None:
    # gbstats takes this prior for one on the lift, in effect none: (.0042, .0757). Read as meant, its formula gives
    # (-.0046, .0482), with the variance at the observed lift; these are the exact quantiles of the ratio.
    treatment, control = arms(52.0, 0.4), arms(50.0, 0.4)

    found = compare_effects(treatment, control, prior=on_difference(0, 1))

    low, high = exact_lift_interval(treatment, control, 0, 1)
    assert [float(found.lift_low), float(found.lift_high)] == pytest.approx([low, high], abs=1e-7)
    assert (round(low, 4), round(high, 4)) == (-0.0038, 0.0486)


def exact_lift_interval(treatment: ArmEstimates, control: ArmEstimates, mean: float, deviation: float) -> Floats:
    """Returns quantiles of difference over control, integrated over the control's mean on a grid."""
    t, c, v_t, v_c = (float(entry) for entry in (treatment.value, control.value, treatment.variance, control.variance))
    place = np.linspace(c - 9 * v_c**0.5, c + 9 * v_c**0.5, 2001)
    # Given the control's mean, the difference has the prior and the likelihood N(t - place, v_t).
    share = deviation**2 / (v_t + deviation**2)
    centre = mean + share * (t - place - mean)
    mass = stats.norm.pdf(place, c, v_c**0.5) * stats.norm.pdf(t - place, mean, (v_t + deviation**2) ** 0.5)
    lifts = np.linspace(-0.02, 0.07, 2001)
    chances = special.ndtr((lifts[:, None] * place - centre) / (share * v_t) ** 0.5) @ mass / mass.sum()
    return np.interp([0.025, 0.975], chances, lifts)


def exact_lift_posterior(treatment: ArmEstimates, control: ArmEstimates, mean: float, deviation: float) -> float:
    """Returns P(lift > 0) under a normal prior on the lift and a flat one on the control, by summing over the lift.

    With the control integrated out, T - (1 + l) C is normal with variance v_T + (1 + l)^2 v_C.
    """
    t, c, v_t, v_c = (float(entry) for entry in (treatment.value, control.value, treatment.variance, control.variance))

    lift = (np.arange(-19_000, 60_000) + 0.5) / 20_000
    spread = np.sqrt(v_t + (1 + lift) ** 2 * v_c)
    mass = stats.norm.pdf(lift, mean, deviation) * stats.norm.pdf(t - (1 + lift) * c, 0, spread)
    return float(mass[lift > 0].sum() / mass.sum())


@often
@given(st.floats(0.005, 0.1), st.floats(0.2, 5), st.floats(-3, 3), st.floats(-1, 1), powers(0.3, 30))
def test_effects_when_the_prior_is_on_the_lift_then_chances_are_nearly_those_of_integration(
    precision: float, ratio: float, deviations: float, lean: float, width: float
) -> None:
    spread = precision * np.sqrt(1 + ratio)
    control = arms(50.0, (50 * precision) ** 2)
    treatment = arms(50 * (1 + deviations * spread), ratio * (50 * precision) ** 2)
    mean, deviation = lean * spread, min(width * spread, 0.3)

    found = compare_effects(treatment, control, prior=on_lift(mean, deviation))

    # The variance v of T - (1 + l) C is taken at l = 0. To first order in l that tilts the log likelihood, at z
    # standard errors from 0, by (z^2 - 1) v_C / v, and so moves the posterior by less than that many of
    # its own deviations.
    expected = exact_lift_posterior(treatment, control, mean, deviation)
    tilt = (deviations**2 + 1) / (1 + ratio) * spread
    assert float(found.chance_to_beat) == pytest.approx(expected, abs=tilt / np.sqrt(2 * np.pi))


def test_effects_when_the_control_is_imprecise_then_a_prior_on_the_lift_is_flagged_and_off() -> None:
    loose, tight = (arms(100.0, (100 * precision) ** 2) for precision in (0.1, 0.019))
    treatment, prior = arms(140.0, 100.0), on_lift(0.0, 0.1)

    found = compare_effects(treatment, loose, prior=prior)

    assert found.caution == Caution.CONTROL_IMPRECISE
    assert abs(float(found.chance_to_beat) - exact_lift_posterior(treatment, loose, 0.0, 0.1)) > 0.01
    assert compare_effects(treatment, tight, prior=prior).caution == 0
    assert compare_effects(treatment, loose, prior=on_difference(0.0, 10.0)).caution == 0


def test_effects_when_the_prior_is_on_the_lift_then_are_nearer_to_integration_than_the_delta_method() -> None:
    found = compare_effects(*PROPORTIONS, prior=on_lift(0.0, 0.05))

    exact = exact_lift_posterior(*PROPORTIONS, 0.0, 0.05)
    assert exact == pytest.approx(0.9185, abs=5e-5)
    assert float(found.chance_to_beat) == pytest.approx(0.9137, abs=5e-5)  # gbstats: 0.8886.


@often
@given(powers(0.01, 0.2), st.floats(-3, 3), powers(0.1, 10))
def test_effects_when_the_prior_is_said_on_either_scale_then_answers_are_the_same(
    precision: float, deviations: float, width: float
) -> None:
    case = arms(50 * (1 + deviations * precision), (50 * precision) ** 2), arms(50.0, (25 * precision) ** 2)

    absolute = compare_effects(*case, prior=on_difference(0.5, 50 * width * precision))
    relative = compare_effects(*case, prior=on_lift(0.01, width * precision))

    np.testing.assert_allclose(figures(relative), figures(absolute), rtol=1e-9, atol=1e-15)
    assert float(relative.lift_low) == pytest.approx(float(absolute.lift_low), rel=1e-9, nan_ok=True)


@often
@given(powers(1e-3, 0.3), st.floats(-4, 4), powers(0.1, 100), st.floats(-1, 1), st.sampled_from([-1.0, 1.0]))
def test_effects_when_there_is_a_verdict_then_it_is_the_same_on_both_scales(
    precision: float, deviations: float, width: float, lean: float, sign: float
) -> None:
    case = arms(sign * (1 + deviations * precision), precision**2, 1e-5), arms(sign, precision**2 / 2, 1e-5)

    found = compare_effects(*case, prior=on_difference(lean * precision, width * precision))

    if found.lift_obstacle == 0 and min(abs(found.chance_to_beat - share) for share in (0.025, 0.975)) > 1e-9:
        chance = float(found.chance_to_beat)
        verdict = 2 if chance > 0.975 else -2 if chance < 0.025 else 0
        assert np.sign([found.difference_low, found.difference_high]).sum() == verdict
        assert np.sign([found.lift_low, found.lift_high]).sum() == verdict


def test_effects_when_the_prior_is_flat_then_intervals_are_those_of_the_normal_test() -> None:
    treatment, control = arms(52.0, 0.4, 0.1), arms(50.0, 0.7, 0.1)

    found, test = compare_effects(treatment, control), compare(treatment, control)

    for name in ("difference_low", "difference_high", "lift_low", "lift_high"):
        assert float(getattr(found, name)) == pytest.approx(float(getattr(test, name)), rel=1e-12)
    assert float(found.chance_to_beat) == pytest.approx(1 - float(test.p_value) / 2, rel=1e-12)


def test_effects_when_the_prior_is_narrow_then_the_arms_are_pooled() -> None:
    found = compare_effects(arms(52.0, 0.4), arms(50.0, 1.2), prior=on_difference(0, 1e-6))

    pooled = (52.0 / 0.4 + 50.0 / 1.2) / (1 / 0.4 + 1 / 1.2)
    assert [float(found.treatment), float(found.control)] == pytest.approx([pooled, pooled], rel=1e-9)


@often
@given(powers(1e-9, 1e9), st.floats(-5, 5))
def test_effects_when_the_unit_changes_then_chance_and_lift_stay(factor: float, difference: float) -> None:
    plain = compare_effects(arms(50 + difference, 0.4), arms(50.0, 0.7), prior=on_difference(0.5, 2))
    scaled = compare_effects(
        arms(factor * (50 + difference), 0.4 * factor**2),
        arms(factor * 50.0, 0.7 * factor**2),
        prior=on_difference(factor * 0.5, factor * 2),
    )

    assert float(scaled.chance_to_beat) == pytest.approx(float(plain.chance_to_beat), rel=1e-12)
    assert float(scaled.lift_high) == pytest.approx(float(plain.lift_high), rel=1e-9)
    assert float(scaled.treatment_loss) / factor == pytest.approx(float(plain.treatment_loss), rel=1e-9)


@often
@given(st.floats(-3, 3), powers(0.1, 10))
def test_effects_when_losses_are_integrated_then_agree(difference: float, variance: float) -> None:
    found = compare_effects(arms(difference, variance), arms(0.0, 0.5), prior=on_difference(0.2, 1.5))
    m, s = float(found.difference), float(found.difference_high - found.difference) / special.ndtri(0.975)

    def shortfall(place: float) -> float:
        return float(max(-place, 0.0) * stats.norm.pdf(place, m, s))

    expected = integrate.quad(shortfall, -12 * s + min(m, 0), 0, epsabs=1e-13, epsrel=1e-11)[0]
    assert float(found.treatment_loss) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_effects_when_lower_is_better_then_only_chance_and_losses_change() -> None:
    higher, lower = (compare_effects(*MEANS, lower_is_better=direction) for direction in (False, True))

    assert float(lower.chance_to_beat) == pytest.approx(1 - float(higher.chance_to_beat), rel=1e-12)
    assert (lower.treatment_loss, lower.control_loss) == (higher.control_loss, higher.treatment_loss)
    assert lower.lift_low == higher.lift_low


def test_effects_when_data_cannot_tell_then_say_why() -> None:
    empty = means(Moments.of_values([0, 50, 50, 50], [0, 3.0, 3.0, 0.0], [0.0, 0.0, 9.0, 9.0]))

    found = compare_effects(empty, means(Moments.of_values([50], [3.0], [0.0])))

    assert found.obstacle.tolist() == [Obstacle.NO_UNITS, Obstacle.ZERO_VARIANCE, 0, 0]
    assert (np.isnan(found.chance_to_beat) == (found.obstacle != 0)).all()
    assert found.report(0).chance_to_beat == NotEstimable(Obstacle.NO_UNITS)


def test_effects_when_the_control_is_zero_then_only_lifts_and_priors_on_them_are_missing() -> None:
    control = arms([0.0, 0.1], 1.0)

    absolute = compare_effects(arms(1.0, 1.0), control)
    relative = compare_effects(arms(1.0, 1.0), control, prior=on_lift(0, 1))

    missing = [Obstacle.ZERO_CONTROL, Obstacle.CONTROL_NEAR_ZERO]
    assert (absolute.obstacle.tolist(), absolute.lift_obstacle.tolist()) == ([0, 0], missing)
    assert relative.obstacle.tolist() == missing
    assert np.isnan(relative.difference).all()


@pytest.mark.parametrize("deviation", [0.0, -1.0, np.nan])
def test_effects_when_the_prior_has_no_width_then_refuse(deviation: float) -> None:
    with pytest.raises(InvalidArgument):
        compare_effects(*MEANS, prior=on_difference(0, deviation))


def test_effects_when_the_prior_has_no_mean_then_refuse() -> None:
    with pytest.raises(InvalidArgument):
        compare_effects(*MEANS, prior=on_difference(np.inf, 1))


def test_effects_when_shapes_do_not_fit_then_refuse() -> None:
    with pytest.raises(InvalidArgument):
        compare_effects(arms([1.0, 2.0], 1.0), arms(1.0, 1.0), prior=EffectPrior([0, 0, 0], 1, EffectScale.DIFFERENCE))
