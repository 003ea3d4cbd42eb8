"""Batches of Thompson sampling lose about as much reward as Thompson sampling step by step, written out here."""

from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.learning import target_weights
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import BetaThompson, Experiment, GaussianThompson
from tests.bandit.examples import SALES, arms, experiment, policy

Floats: TypeAlias = NDArray[np.float64]

RATES = np.array([0.4, 0.5, 0.3])
GAPS = RATES.max() - RATES
HORIZONS = (500, 1000, 2000, 4000)
BATCH = 25
RUNS = 60
REFERENCE_RUNS = 1000

BETA = experiment(arms=arms("a", "b", "c"), allocation_policy=policy(BetaThompson()))
GAUSSIAN = experiment(arms=arms("a", "b", "c"), metrics=(SALES,), allocation_policy=policy(GaussianThompson()))


def step_by_step() -> Floats:
    """Returns the regret of textbook Beta-Bernoulli Thompson sampling, shape (REFERENCE_RUNS, horizons).

    Russo et al., A Tutorial on Thompson Sampling, 2018, Algorithm 3.2: draw from each posterior, play the largest.
    """
    rng = np.random.default_rng(1933)
    runs = np.arange(REFERENCE_RUNS)
    alpha, beta = np.ones((REFERENCE_RUNS, 3)), np.ones((REFERENCE_RUNS, 3))
    regret, at_horizons = np.zeros(REFERENCE_RUNS), []
    for step in range(1, HORIZONS[-1] + 1):
        played = rng.beta(alpha, beta).argmax(axis=1)
        good = rng.random(REFERENCE_RUNS) < RATES[played]
        alpha[runs, played] += good
        beta[runs, played] += ~good
        regret += GAPS[played]
        if step in HORIZONS:
            at_horizons.append(regret.copy())
    return np.stack(at_horizons, axis=1)


def in_batches(definition: Experiment, *, deviation: float = 0.0) -> Floats:
    """Returns the regret of our weights, updated every BATCH units, shape (RUNS, horizons).

    Args:
        definition: Whose weights.
        deviation: 0: rewards are 0 or 1. Otherwise they are normal with this standard deviation.
    """
    return np.array([_run(definition, np.random.default_rng([2026, seed]), deviation) for seed in range(RUNS)])


def _run(definition: Experiment, rng: np.random.Generator, deviation: float) -> list[float]:
    counts, sums, squares = np.zeros(3), np.zeros(3), np.zeros(3)
    regret, at_horizons = 0.0, []
    for step in range(BATCH, HORIZONS[-1] + 1, BATCH):
        played = rng.multinomial(BATCH, target_weights(definition, _statistics(counts, sums, squares)))
        for arm in range(3):
            drawn = (
                rng.normal(RATES[arm], deviation, played[arm]) if deviation else rng.random(played[arm]) < RATES[arm]
            )
            sums[arm] += drawn.sum()
            squares[arm] += (drawn * drawn).sum()
        counts += played
        regret += float(played @ GAPS)
        if step in HORIZONS:
            at_horizons.append(regret)
    return at_horizons


def _statistics(counts: Floats, sums: Floats, squares: Floats) -> list[ArmStatistics]:
    means = sums / np.maximum(counts, 1)
    return [
        ArmStatistics(arm_id, int(count), total, mean, max(square - total * mean, 0.0))
        for arm_id, count, total, mean, square in zip("abc", counts, sums, means, squares, strict=True)
    ]


@pytest.fixture(scope="module")
def reference() -> Floats:
    return step_by_step()


@pytest.fixture(scope="module")
def ours() -> Floats:
    return in_batches(BETA)


def standard_error(regret: Floats) -> Floats:
    return np.asarray(regret.std(axis=0, ddof=1) / np.sqrt(len(regret)))


def test_regret_when_updated_in_batches_then_that_of_the_reference_but_for_chance_and_delay(
    ours: Floats, reference: Floats
) -> None:
    # Answers that come up to b steps late cost at most b times the sum of the gaps, once: Joulani, Gyorgy and
    # Szepesvari, Online Learning under Delayed Feedback, 2013, Theorem 5.
    delay = BATCH * GAPS.sum()
    chance = 4 * np.hypot(standard_error(ours), standard_error(reference))
    more = ours.mean(axis=0) - reference.mean(axis=0)

    assert (more <= delay + chance).all(), more
    assert (more >= -chance).all(), more


def test_regret_when_compared_with_an_equal_split_then_far_below(ours: Floats) -> None:
    equal_split = GAPS.mean() * np.array(HORIZONS)

    assert (ours.mean(axis=0) < equal_split * np.array([0.6, 0.4, 0.25, 0.15])).all()


def test_regret_when_time_is_fourfold_then_it_grows_much_less_than_fourfold(ours: Floats) -> None:
    # Linear growth would give 4, the square root 2; Lai and Robbins' logarithm is below both.
    early, late = ours.mean(axis=0)[[1, 3]]

    assert late / early < 2 - 4 * float(standard_error(ours)[3]) / early


def test_regret_when_values_are_normal_then_far_below_an_equal_split_and_sublinear() -> None:
    regret = in_batches(GAUSSIAN, deviation=0.5).mean(axis=0)

    assert regret[3] < 0.15 * GAPS.mean() * HORIZONS[3]
    assert regret[3] / regret[1] < 2
