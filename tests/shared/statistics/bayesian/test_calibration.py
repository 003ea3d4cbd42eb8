"""Posteriors keep their promises where truths come from the prior: intervals, chances, losses, value remaining."""

import itertools
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.answer import BayesianComparison
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.comparison import compare
from shared.statistics.bayesian.effects import FLAT, EffectPrior, EffectScale, compare_effects
from shared.statistics.bayesian.means import MeanPrior, means
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import BetaPrior, proportions
from shared.statistics.bayesian.rates import GammaPrior, rates
from shared.statistics.bayesian.value_remaining import value_remaining
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

BINS: Final = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, np.nextafter(1, 2)])
ARMS: Final = 3
SEED: Final = 71


class World(NamedTuple):
    """Is true values and what is believed of them, both of shape (repetitions, ARMS)."""

    truth: Floats
    posterior: Posterior


@cache
def betas(repetitions: int) -> World:
    """Returns proportions from Beta(4, 36), of 120, 200 and 400 units."""
    rng = np.random.default_rng(SEED)
    truth, units = rng.beta(4, 36, (repetitions, ARMS)), np.array([120, 200, 400])
    return World(truth, proportions(rng.binomial(units, truth), units, prior=BetaPrior(4, 36)))


@cache
def students(repetitions: int) -> World:
    """Returns means of normal values, of 10, 20 and 40 units, whose prior N(20, variance / 5) is worth 5 units of 2."""
    rng = np.random.default_rng(SEED)
    shape, units = (repetitions, ARMS), np.array([10, 20, 40])
    variance = 5 * 2.0**2 / rng.chisquare(5, shape)
    truth = 20 + np.sqrt(variance / 5) * rng.standard_normal(shape)
    found = truth + np.sqrt(variance / units) * rng.standard_normal(shape)
    moments = Moments.of_values(np.broadcast_to(units, shape), found, variance * rng.chisquare(units - 1, shape))
    return World(truth, means(moments, prior=MeanPrior(20.0, 2.0, 5.0)))


@cache
def gammas(repetitions: int) -> World:
    """Returns rates from Gamma(6, 3), seen for 5, 10 and 20 days."""
    rng = np.random.default_rng(SEED)
    truth, days = rng.gamma(6, 1 / 3, (repetitions, ARMS)), np.array([5.0, 10.0, 20.0])
    return World(truth, rates(rng.poisson(truth * days), days, prior=GammaPrior(6.0, 3.0)))


FAMILIES = pytest.mark.parametrize("world", [betas, students, gammas], ids=["beta", "student", "gamma"])
OFTEN = pytest.mark.parametrize("repetitions", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
SELDOM = pytest.mark.parametrize("repetitions", [200, pytest.param(3_000, marks=pytest.mark.slow)])
DIRECTIONS = pytest.mark.parametrize("lower_is_better", [False, True])


def disagreements(chance: Floats, happened: NDArray[np.bool_]) -> list[str]:
    """Returns the bins of predicted chances, of each column, where things happened too often or too seldom.

    All bins together may err once in 1,000 times: each has its part of that (Bonferroni). Of independent events with
    unlike chances fewer counts are far from the mean than of a binomial (Hoeffding 1956).
    """
    columns = list(zip(np.atleast_2d(chance.T), np.atleast_2d(happened.T), strict=True))
    confidence = 1 - 0.001 / (len(columns) * (BINS.size - 1))
    found = []
    for (predicted, seen), (low, high) in itertools.product(columns, itertools.pairwise(BINS)):
        inside = (predicted >= low) & (predicted < high)
        if inside.any():
            rate, mean = Rate(int(seen[inside].sum()), int(inside.sum())), float(predicted[inside].mean())
            ends = stats.binomtest(*rate).proportion_ci(confidence, method="exact")
            found += [] if ends.low <= mean <= ends.high else [f"[{low}, {high}): {mean:.4f} predicted, {rate}"]
    return found


def covered(low: Floats, high: Floats, truth: Floats) -> Rate:
    held = (low <= truth) & (truth <= high)
    return Rate(int(held.sum()), held.size)


@OFTEN
@FAMILIES
def test_intervals_of_arms_when_truths_come_from_the_prior_then_cover_95_percent(
    repetitions: int, world: Callable[[int], World]
) -> None:
    truth, posterior = world(repetitions)

    low, high = posterior.interval()

    assert covered(low, high, truth).agrees_with(0.95)


@OFTEN
@FAMILIES
@DIRECTIONS
def test_chances_of_being_best_when_truths_come_from_the_prior_then_are_how_often_arms_are(
    repetitions: int, world: Callable[[int], World], *, lower_is_better: bool
) -> None:
    truth, posterior = world(repetitions)

    found = best_arms(posterior, lower_is_better=lower_is_better)

    sign = -1 if lower_is_better else 1
    best = (sign * truth).max(axis=-1, keepdims=True)
    assert not disagreements(found.probability, sign * truth == best)
    error = best - sign * truth - found.expected_loss
    # 3.29 standard errors are passed once in 1,000 times.
    assert (np.abs(error.mean(axis=0)) <= 3.29 * error.std(axis=0) / np.sqrt(repetitions)).all()


@OFTEN
@FAMILIES
def test_chances_to_beat_when_truths_come_from_the_prior_then_are_how_often_treatments_do(
    repetitions: int, world: Callable[[int], World]
) -> None:
    truth, posterior = world(repetitions)

    chance = best_arms(posterior[:, :2]).probability[:, 1]

    assert not disagreements(chance, truth[:, 1] > truth[:, 0])


@pytest.mark.parametrize(
    ("prior", "repetitions"),
    [(BetaPrior(40, 360), 2_000), pytest.param(BetaPrior(0.01, 0.01), 20_000, marks=pytest.mark.slow)],
    ids=["too sure", "too vague"],
)
def test_chances_when_truths_do_not_come_from_the_prior_then_are_not_how_often_treatments_win(
    prior: BetaPrior, repetitions: int
) -> None:
    truth, posterior = betas(repetitions)
    successes = posterior.alpha - 4  # type: ignore[attr-defined]

    wrong = proportions(successes, posterior.unit_count, prior=prior)

    assert disagreements(best_arms(wrong[:, :2]).probability[:, 1], truth[:, 1] > truth[:, 0])


@cache
def compared(world: Callable[[int], World], repetitions: int) -> BayesianComparison:
    posterior = world(repetitions).posterior
    return compare(posterior[:, 1], posterior[:, 0])


@SELDOM
@FAMILIES
def test_intervals_of_effects_when_truths_come_from_the_prior_then_cover_95_percent_on_both_scales(
    repetitions: int, world: Callable[[int], World]
) -> None:
    truth = world(repetitions).truth
    control, treatment = truth[:, 0], truth[:, 1]

    found = compared(world, repetitions)

    assert covered(found.difference_low, found.difference_high, treatment - control).agrees_with(0.95)
    assert not found.lift_obstacle.any()
    assert covered(found.lift_low, found.lift_high, treatment / control - 1).agrees_with(0.95)


@SELDOM
@FAMILIES
@DIRECTIONS
def test_value_remaining_when_truths_come_from_the_prior_then_bounds_what_is_left_95_percent_of_times(
    repetitions: int, world: Callable[[int], World], *, lower_is_better: bool
) -> None:
    truth, posterior = world(repetitions)

    found = value_remaining(posterior, lower_is_better=lower_is_better)

    own = np.take_along_axis(truth, found.leader[:, None], axis=-1)[:, 0]
    left = (own - truth.min(axis=-1) if lower_is_better else truth.max(axis=-1) - own) / np.abs(own)
    open_ = found.potential > 0
    within = left <= found.potential
    assert Rate(int(within[open_].sum()), int(open_.sum())).agrees_with(0.95)
    assert Rate(int(within[~open_].sum()), int((~open_).sum())).is_at_least(0.95)


ABSOLUTE: Final = EffectPrior(0.3, 0.8, EffectScale.DIFFERENCE)
RELATIVE: Final = EffectPrior(0.003, 0.01, EffectScale.LIFT)
PRIORS = pytest.mark.parametrize(("prior", "error"), [(ABSOLUTE, 0.005), (RELATIVE, 0.004)], ids=["difference", "lift"])


def believed(
    prior: EffectPrior, used: EffectPrior, error: float, repetitions: int
) -> tuple[BayesianComparison, Floats, Floats]:
    """Returns comparisons with one prior of effects that come from the other, true differences and true controls.

    Controls are anywhere from 50 to 150. Both arms' standard error is that share of 100, or of their control where the
    prior is on the lift.
    """
    rng = np.random.default_rng(SEED)
    control = rng.uniform(50, 150, repetitions)
    drawn = rng.normal(np.asarray(prior.mean), np.asarray(prior.standard_deviation), repetitions)
    reference = control if prior.scale is EffectScale.LIFT else np.full(repetitions, 100.0)
    difference = drawn * control if prior.scale is EffectScale.LIFT else drawn
    t, c = np.stack([control + difference, control]) + error * reference * rng.standard_normal((2, repetitions))
    variance = (error * reference) ** 2
    return compare_effects(arms(t, variance), arms(c, variance), prior=used), difference, control


def arms(value: Floats, variance: Floats) -> ArmEstimates:
    zero = np.zeros(value.shape)
    return ArmEstimates(value, variance, zero, zero + np.inf, zero + 1000, zero.astype(np.int8), zero.astype(np.int32))


MANY: Final = 200_000
"""Effects are in closed form: as many cost less than a second."""


@PRIORS
def test_effects_when_they_come_from_their_prior_then_intervals_cover_and_chances_are_calibrated(
    prior: EffectPrior, error: float
) -> None:
    found, difference, control = believed(prior, prior, error, MANY)

    assert not found.obstacle.any()
    assert not found.lift_obstacle.any()
    assert not found.caution.any()
    assert covered(found.difference_low, found.difference_high, difference).agrees_with(0.95)
    assert covered(found.lift_low, found.lift_high, difference / control).agrees_with(0.95)
    assert not disagreements(found.chance_to_beat, difference > 0)
    for loss, gain in ((found.treatment_loss, -difference), (found.control_loss, difference)):
        excess = np.maximum(gain, 0) - loss
        assert abs(excess.mean()) <= 3.29 * excess.std() / np.sqrt(MANY)


@PRIORS
def test_effects_when_the_prior_is_flat_but_effects_are_small_then_chances_promise_too_much(
    prior: EffectPrior, error: float
) -> None:
    found, difference, _ = believed(prior, FLAT, error, MANY)

    assert covered(found.difference_low, found.difference_high, difference).agrees_with(0.95)
    assert disagreements(found.chance_to_beat, difference > 0)


def test_effects_when_the_control_is_imprecise_then_a_prior_on_the_lift_covers_less_and_is_flagged() -> None:
    prior = EffectPrior(0.0, 0.1, EffectScale.LIFT)

    found, difference, _ = believed(prior, prior, 0.1, MANY)

    assert (found.caution == Caution.CONTROL_IMPRECISE).all()
    assert not covered(found.difference_low, found.difference_high, difference).agrees_with(0.95)
