import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Floats, Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.estimates.means import means
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential import normal_mixture
from shared.statistics.sequential.confidence_sequence import anytime_comparison, intrinsic_unit_count
from tests.shared.statistics.sequential.streams import Draw, ever_missed, ever_missed_lift, ever_significant, watched
from tests.shared.statistics.simulation import Rate

SIDES = st.sampled_from(list(Alternative))


def arms(
    counts: tuple[float, float], values: tuple[float, float], deviations: tuple[float, float]
) -> tuple[ArmEstimates, ArmEstimates]:
    squares = [deviation**2 * max(count - 1, 0) for deviation, count in zip(deviations, counts, strict=True)]
    known = [value if count else 0.0 for value, count in zip(values, counts, strict=True)]
    both = means(Moments.of_values(counts, known, squares))
    return both[0:1], both[1:2]


PAIRS = st.builds(
    arms,
    st.tuples(st.integers(20, 100_000), st.integers(20, 100_000)),
    st.tuples(st.floats(5, 15), st.floats(5, 15)),
    st.tuples(st.floats(0.1, 30), st.floats(0.1, 30)),
)


def gbstats_optimum(optimal_unit_count: float) -> float:
    """Returns the optimum with which the exact precision is what gbstats approximates for its own optimum."""
    log = -2 * math.log(0.05)
    approximate = optimal_unit_count / (log + math.log(1 + log))
    exact = normal_mixture.precision_for(1, alpha=0.05, alternative=Alternative.TWO_SIDED)
    return approximate / float(exact)


# gbstats 8f1db44, SequentialTwoSidedTTest, difference_type "absolute": means 10.3 and 10, variances 16 and 25, 3,000
# units each; by its sequential_tuning_parameter.
@pytest.mark.parametrize(
    ("optimum", "low", "high", "p_value"),
    [
        (1000, -0.07121243623239448, 0.6712124362323959, 0.27721276817592416),
        (5000, -0.05499988149051027, 0.6549998814905117, 0.16480522436967673),
        (20000, -0.07405342491967815, 0.6740534249196796, 0.18092056425078576),
    ],
)
def test_evenly_split_arms_have_the_interval_and_p_value_of_gbstats(
    optimum: float, low: float, high: float, p_value: float
) -> None:
    treatment, control = arms((3000, 3000), (10.3, 10.0), (4.0, 5.0))

    found = anytime_comparison(treatment, control, optimal_unit_count=gbstats_optimum(optimum))

    assert float(found.difference_low[0]) == pytest.approx(low, rel=1e-9)
    assert float(found.difference_high[0]) == pytest.approx(high, rel=1e-9)
    assert float(found.p_value[0]) == pytest.approx(p_value, rel=1e-9)


def test_unevenly_split_arms_differ_from_gbstats_only_in_how_units_are_counted() -> None:
    # gbstats 8f1db44, as above, sums 2422.7 and 1396.87, sums of squares 134698.29 and 52377.9767, tuned at 5000.
    count, total, square = np.array([3461.0, 3000]), np.array([2422.7, 1396.87]), np.array([134698.29, 52377.9767])
    both = means(Moments.of_values(count, total / count, square - total**2 / count))
    treatment, control = both[0:1], both[1:2]
    factor = float(intrinsic_unit_count(contrast(treatment, control))[0]) / 6461

    found = anytime_comparison(treatment, control, optimal_unit_count=gbstats_optimum(5000) * factor)

    assert float(found.difference_low[0]) == pytest.approx(-0.16011652842982782, rel=1e-9)
    assert float(found.difference_high[0]) == pytest.approx(0.6288698617631612, rel=1e-9)
    assert float(found.p_value[0]) == pytest.approx(0.7601250075467714, rel=1e-9)


def test_published_interval_and_both_p_values_fit_one_number_of_units() -> None:
    # One data set, seen by three functions of gbstats (its units are not printed): sequence tuned at 5,000
    # (-.0988718, .6108722) with p .41421005, and Welch's p .02723126086. Two determine units and error, the third
    # has to follow.
    low, high, p_sequence, p_welch = -0.0988718, 0.6108722, 0.41421005, 0.02723126086
    difference = (low + high) / 2

    def answers(units: float) -> tuple[float, float]:
        treatment, control = arms((units / 2, units / 2), (difference, 0.0), (1.0, 1.0))
        unit_error = anytime_comparison(treatment, control, optimal_unit_count=gbstats_optimum(5000))
        scale = (high - low) / float(unit_error.difference_high[0] - unit_error.difference_low[0])
        treatment, control = arms((units / 2, units / 2), (difference, 0.0), (scale, scale))
        found = anytime_comparison(treatment, control, optimal_unit_count=gbstats_optimum(5000))
        error = float(found.standard_error[0])
        return float(found.p_value[0]), float(2 * stats.t.sf(difference / error, units - 2))

    units = optimize.brentq(lambda half: answers(2 * round(half))[0] - p_sequence, 2500, 9000, xtol=1)
    sequence, welch = answers(2 * round(units))

    assert sequence == pytest.approx(p_sequence, abs=2e-5)
    assert welch == pytest.approx(p_welch, abs=2e-5)


def test_width_at_the_planned_units_is_1549_thousandths_of_one_look() -> None:
    treatment, control = arms((2500, 2500), (10.0, 10.0), (3.0, 3.0))

    found = anytime_comparison(treatment, control, optimal_unit_count=5000)

    half = float(found.difference_high[0] - found.difference[0])
    assert half / (stats.norm.isf(0.025) * float(found.standard_error[0])) == pytest.approx(1.549, abs=5e-4)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pair=PAIRS, optimum=st.floats(100, 1e5), alpha=st.floats(0.001, 0.3), alternative=SIDES)
def test_intervals_leave_out_0_exactly_where_the_p_value_is_below_alpha(
    pair: tuple[ArmEstimates, ArmEstimates], optimum: float, alpha: float, alternative: Alternative
) -> None:
    found = anytime_comparison(*pair, optimal_unit_count=optimum, alpha=alpha, alternative=alternative)

    is_significant = bool(found.p_value[0] < alpha)
    assert bool((found.difference_low[0] > 0) | (found.difference_high[0] < 0)) == is_significant
    if found.lift_obstacle[0] == 0:
        assert bool((found.lift_low[0] > 0) | (found.lift_high[0] < 0)) == is_significant


@settings(max_examples=50, deadline=None, derandomize=True)
@given(pair=PAIRS, optimum=st.floats(100, 1e5))
def test_swapping_the_arms_turns_the_difference_around(pair: tuple[ArmEstimates, ArmEstimates], optimum: float) -> None:
    found = anytime_comparison(*pair, optimal_unit_count=optimum)

    swapped = anytime_comparison(pair[1], pair[0], optimal_unit_count=optimum)

    assert swapped.difference_low == pytest.approx(-found.difference_high, rel=1e-12)
    assert swapped.p_value == pytest.approx(found.p_value, rel=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    counts=st.tuples(st.integers(20, 10_000), st.integers(20, 10_000)),
    deviations=st.tuples(st.floats(0.1, 30), st.floats(0.1, 30)),
    scale=st.floats(1e-3, 1e3),
    alternative=SIDES,
)
def test_p_value_and_lift_do_not_change_with_the_unit_of_the_metric(
    counts: tuple[int, int], deviations: tuple[float, float], scale: float, alternative: Alternative
) -> None:
    found = anytime_comparison(
        *arms(counts, (11.0, 10.0), deviations), optimal_unit_count=5000, alternative=alternative
    )

    scaled = anytime_comparison(
        *arms(counts, (11.0 * scale, 10.0 * scale), (deviations[0] * scale, deviations[1] * scale)),
        optimal_unit_count=5000,
        alternative=alternative,
    )

    assert scaled.p_value == pytest.approx(found.p_value, rel=1e-9)
    assert scaled.lift_low == pytest.approx(found.lift_low, rel=1e-9, nan_ok=True)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(counts=st.tuples(st.integers(2, 10_000), st.integers(2, 10_000)), deviation=st.floats(0.1, 10))
def test_intrinsic_units_are_those_of_an_even_split_with_the_same_error(
    counts: tuple[int, int], deviation: float
) -> None:
    pair = contrast(*arms(counts, (1.0, 1.0), (deviation, deviation)))

    units = float(intrinsic_unit_count(pair)[0])

    assert units == pytest.approx(4 / (1 / counts[0] + 1 / counts[1]), rel=1e-9)


def test_report_says_that_it_holds_at_any_time() -> None:
    report = anytime_comparison(*arms((500, 500), (10.2, 10.0), (1.0, 1.0)), optimal_unit_count=1000).report(0)

    assert report.method.validity is Validity.ANY_TIME


@pytest.mark.parametrize(
    ("counts", "deviations", "obstacle"),
    [
        ((0, 500), (0.0, 1.0), Obstacle.NO_UNITS),
        ((1, 500), (0.0, 1.0), Obstacle.TOO_FEW_UNITS),
        ((500, 500), (0.0, 0.0), Obstacle.ZERO_VARIANCE),
    ],
)
def test_what_data_cannot_tell_is_an_obstacle(
    counts: tuple[float, float], deviations: tuple[float, float], obstacle: Obstacle
) -> None:
    report = anytime_comparison(*arms(counts, (10.0, 10.0), deviations), optimal_unit_count=1000).report(0)

    assert report.difference == NotEstimable(obstacle)
    assert report.p_value == NotEstimable(obstacle)


def test_lift_against_a_control_of_0_is_an_obstacle() -> None:
    report = anytime_comparison(*arms((500, 500), (10.0, 0.0), (1.0, 1.0)), optimal_unit_count=1000).report(0)

    assert report.lift == NotEstimable(Obstacle.ZERO_CONTROL)


@pytest.mark.parametrize("optimum", [0.0, -1.0, math.nan])
def test_optimum_that_is_not_above_0_is_refused(optimum: float) -> None:
    with pytest.raises(InvalidArgument, match="optimal_time"):
        anytime_comparison(*arms((500, 500), (10.0, 9.0), (1.0, 1.0)), optimal_unit_count=optimum)


@pytest.mark.parametrize(
    ("counts", "values", "deviations"),
    [
        ((99, 500), (50.0, 50.0), (1.0, 1.0)),
        ((500, 500), (0.0, 0.1), (0.0, 0.3)),
        ((500, 5000), (0.1, 0.1), (0.3, 0.3)),
    ],
    ids=["few units", "no variance", "few events in uneven arms"],
)
def test_burn_in_is_flagged_before_it_is_over(
    counts: tuple[float, float], values: tuple[float, float], deviations: tuple[float, float]
) -> None:
    found = anytime_comparison(*arms(counts, values, deviations), optimal_unit_count=1000)

    assert Caution.BEFORE_BURN_IN in Caution(int(found.caution[0]))


@pytest.mark.parametrize(
    ("counts", "values", "deviations"),
    [
        ((100, 500), (50.0, 50.0), (1.0, 1.0)),
        ((5000, 50_000), (0.1, 0.1), (0.3, 0.3)),
        ((500, 1000), (0.1, 0.1), (0.3, 0.3)),
    ],
    ids=["enough units", "many events in uneven arms", "few events in arms of similar size"],
)
def test_burn_in_is_not_flagged_when_it_is_over(
    counts: tuple[float, float], values: tuple[float, float], deviations: tuple[float, float]
) -> None:
    found = anytime_comparison(*arms(counts, values, deviations), optimal_unit_count=1000)

    assert Caution.BEFORE_BURN_IN not in Caution(int(found.caution[0]))


RNG_SEED = 20261125


def gaussian(rng: np.random.Generator) -> Draw:
    return lambda shape: rng.standard_normal(shape) + 10


def exponential(rng: np.random.Generator) -> Draw:
    return lambda shape: rng.exponential(10.0, shape)


def lognormal(rng: np.random.Generator) -> Draw:
    return lambda shape: rng.lognormal(0.0, 1.5, shape)


def successes(rate: float, rng: np.random.Generator) -> Draw:
    def draw(shape: tuple[int, ...]) -> Floats:
        return (rng.random(shape, dtype=np.float32) < rate).astype(np.float64)

    return draw


@pytest.mark.parametrize("alternative", list(Alternative))
@pytest.mark.parametrize("kind", ["gaussian", "exponential", "lognormal", "1 % successes", "50 % successes"])
def test_40_looks_ever_miss_at_most_as_often_as_alpha(kind: str, alternative: Alternative) -> None:
    rng = np.random.default_rng(RNG_SEED)
    draw = {
        "gaussian": gaussian(rng),
        "exponential": exponential(rng),
        "lognormal": lognormal(rng),
        "1 % successes": successes(0.01, rng),
        "50 % successes": successes(0.5, rng),
    }[kind]
    both = means(watched([draw, draw], experiment_count=1000, look_count=40, units_a_look=(100, 100)))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=4000, alternative=alternative)

    assert ever_missed(found, 0.0).is_at_most(0.05), ever_missed(found, 0.0)
    assert ever_missed_lift(found, 0.0).is_at_most(0.05), ever_missed_lift(found, 0.0)
    assert ever_significant(found).is_at_most(0.05), ever_significant(found)


def test_true_effect_is_ever_missed_at_most_as_often_as_alpha_in_uneven_arms_of_unlike_variance() -> None:
    rng = np.random.default_rng(RNG_SEED)
    draws: list[Draw] = [
        lambda shape: 11 + 3 * rng.standard_normal(shape),
        lambda shape: 10 + rng.standard_normal(shape),
    ]
    both = means(watched(draws, experiment_count=2000, look_count=40, units_a_look=(25, 75)))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=4000)

    assert ever_missed(found, 1.0).is_at_most(0.05), ever_missed(found, 1.0)
    assert ever_missed_lift(found, 0.1).is_at_most(0.05), ever_missed_lift(found, 0.1)


def test_shares_that_change_on_schedule_keep_the_error_rate() -> None:
    rng = np.random.default_rng(RNG_SEED)
    units = np.concatenate([np.full((20, 2), (2, 98)), np.full((20, 2), (50, 50)), np.full((20, 2), (98, 2))])
    steps = rng.standard_normal((4000, 60, 2)) * np.sqrt(units)
    count = np.broadcast_to(np.cumsum(units, axis=0).astype(np.float64), steps.shape)
    both = means(Moments.of_values(count, np.cumsum(steps, axis=1) / count, count - 1))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=1000)

    assert ever_missed(found, 0.0).is_at_most(0.05), ever_missed(found, 0.0)
    assert ever_missed(found, 0.0).is_at_least(0.005), ever_missed(found, 0.0)


def test_peeking_at_a_fixed_interval_at_40_looks_misses_far_more_often() -> None:
    rng = np.random.default_rng(RNG_SEED)
    both = means(watched([gaussian(rng)] * 2, experiment_count=2000, look_count=40, units_a_look=(50, 50)))

    z = contrast(both[:, :, 0], both[:, :, 1]).statistic
    missed = Rate(int((np.abs(z) > stats.norm.isf(0.025)).any(axis=1).sum()), 2000)

    assert missed.is_at_least(0.25), missed


@pytest.mark.parametrize("kind", ["1 % successes", "lognormal"])
def test_small_arm_of_rare_or_skewed_values_misses_too_often_and_only_while_flagged(kind: str) -> None:
    rng = np.random.default_rng(RNG_SEED)
    draw = {"1 % successes": successes(0.01, rng), "lognormal": lognormal(rng)}[kind]
    both = means(watched([draw, draw], experiment_count=1000, look_count=100, units_a_look=(20, 180)))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=400)
    missed = (found.difference_low > 0) | (found.difference_high < 0)
    flagged = (found.caution & Caution.BEFORE_BURN_IN) != 0

    ever = Rate(int(missed.any(axis=1).sum()), 1000)
    later = Rate(int((missed & ~flagged).any(axis=1).sum()), 1000)
    assert not ever.is_at_most(0.05), ever
    assert later.is_at_most(0.05), later


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", "exponential", "2 % successes"])
def test_1000_looks_ever_miss_at_most_as_often_as_alpha(kind: str) -> None:
    rng = np.random.default_rng(RNG_SEED)
    draw = {"gaussian": gaussian(rng), "exponential": exponential(rng), "2 % successes": successes(0.02, rng)}[kind]
    both = means(watched([draw, draw], experiment_count=1000, look_count=1000, units_a_look=(20, 20)))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=10_000)
    z = contrast(both[:, :, 0], both[:, :, 1]).statistic
    peeking = Rate(int((np.abs(np.nan_to_num(z)) > stats.norm.isf(0.025)).any(axis=1).sum()), 1000)

    assert ever_missed(found, 0.0).is_at_most(0.05), ever_missed(found, 0.0)
    assert ever_missed_lift(found, 0.0).is_at_most(0.05), ever_missed_lift(found, 0.0)
    assert peeking.is_at_least(0.4), peeking


@pytest.mark.slow
def test_gaussian_units_looked_at_one_by_one_from_the_second_on_miss_too_often_and_only_while_flagged() -> None:
    rng = np.random.default_rng(RNG_SEED)
    both = means(watched([gaussian(rng)] * 2, experiment_count=4000, look_count=1000, units_a_look=(1, 1)))

    found = anytime_comparison(both[:, :, 0], both[:, :, 1], optimal_unit_count=200)
    missed = (found.difference_low > 0) | (found.difference_high < 0)
    flagged = (found.caution & Caution.BEFORE_BURN_IN) != 0

    ever = Rate(int(missed.any(axis=1).sum()), 4000)
    later = Rate(int((missed & ~flagged).any(axis=1).sum()), 4000)
    assert not ever.is_at_most(0.05), ever
    assert later.is_at_most(0.05), later
