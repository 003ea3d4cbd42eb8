import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from shared.errors import InvalidArgument
from shared.kernels.best_arm import beta_best_arm
from shared.statistics.planning.bandit import Forecast, advantage, forecast, forecast_fixed
from shared.statistics.planning.bandit_plan import (
    BanditPlan,
    ExpectedLoss,
    LikelihoodRatio,
    Never,
    ProbabilityBest,
    Stopping,
)
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.beliefs import Algorithm
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

WEEKS = BanditPlan(daily_unit_count=2000, horizon_days=28, batch_unit_count=2000)
"""The setting of the simulated stopping rules: 28 daily updates of 2000 units, rates of 10 %."""


def _run(values: list[float], plan: BanditPlan = WEEKS, *, seed: int = 1, repetitions: int = 1000) -> Forecast:
    return forecast(Baseline.proportion(values), plan, rng=np.random.default_rng(seed), repetitions=repetitions)


def _rate(share: float, repetitions: int) -> Rate:
    return Rate(round(share * repetitions), repetitions)


def test_same_state_of_chance_gives_the_same_forecast() -> None:
    assert _run([0.1, 0.11], seed=3) == _run([0.1, 0.11], seed=3)


def _one_by_one(values: list[float], threshold: float, *, seed: int, repetitions: int) -> tuple[Floats, Floats]:
    """Returns which runs stop early and what each gains: one bandit after the other, with exact Beta posteriors."""
    rng, size = np.random.default_rng(seed), len(values)
    early, gain = np.zeros(repetitions), np.zeros(repetitions)
    for run in range(repetitions):
        hits, units, shares, days = np.zeros(size), np.zeros(size), np.full(size, 1 / size), 0
        while days < 28:
            counts = rng.multinomial(2000, shares)
            hits, units, days = hits + rng.binomial(counts, values), units + counts, days + 1
            best, _ = beta_best_arm(1 + hits, 1 + units - hits)
            shares = 0.01 + (1 - 0.01 * size) * best
            if best.max() >= threshold:
                break
        early[run] = days < 28
        rest = 2000 * (28 - days) * values[np.argmax(hits / units)]
        gain[run] = units @ values + rest - 56_000 * np.mean(values)
    return early, gain


@pytest.mark.parametrize(
    ("values", "threshold"),
    [([0.1, 0.1], 0.95), ([0.1, 0.1, 0.1], 0.9), ([0.1, 0.108], 0.99), ([0.11, 0.1, 0.1], 0.97)],
)
def test_forecast_agrees_with_bandits_run_one_by_one_on_exact_posteriors(values: list[float], threshold: float) -> None:
    early, gain = _one_by_one(values, threshold, seed=2, repetitions=200)

    found = _run(values, replace(WEEKS, stopping=ProbabilityBest(threshold)), repetitions=1000)

    for estimate, expected in ((found.ends_early, early), (found.gain, gain)):
        error = math.hypot(estimate.standard_error, expected.std(ddof=1) / math.sqrt(expected.size))
        assert abs(estimate.value - expected.mean()) <= 3.3 * error + 1e-9


def _loss(score: float) -> float:
    """Returns the leader's expected loss in standard errors, where it leads by so many."""
    return float(stats.norm.pdf(score) - score * stats.norm.sf(score))


@pytest.mark.parametrize(
    ("stopping", "score"),
    [
        (ProbabilityBest(0.9), stats.norm.ppf(0.9)),
        (ExpectedLoss(0.1 * math.sqrt(4 / 1000)), optimize.brentq(lambda z: _loss(z) - 0.1, 0, 3)),
        (LikelihoodRatio(0.4), math.sqrt(2 * math.log(2 * 2000 / 0.4))),
    ],
)
def test_rules_stop_at_the_first_look_beyond_their_score(stopping: Stopping, score: float) -> None:
    # Two arms of variance 2 and about 1000 units: the lead is normal with variance 4 / 1000.
    plan = BanditPlan(daily_unit_count=2000, horizon_days=2, batch_unit_count=2000, stopping=stopping)
    lead = 4.0 if isinstance(stopping, LikelihoodRatio) else 1.0
    arms = Baseline.mean([0.0, lead * math.sqrt(4 / 1000)], 2.0)

    found = forecast(arms, plan, rng=np.random.default_rng(8), repetitions=10_000)

    expected = stats.norm.sf(score - lead) + stats.norm.cdf(-score - lead)
    assert _rate(found.ends_early.value, 10_000).agrees_with(expected)


def test_likelihood_ratio_rule_is_wrong_in_no_more_than_its_error() -> None:
    plan = replace(WEEKS, horizon_days=60, stopping=LikelihoodRatio(0.05), algorithm=Algorithm.TOP_TWO)

    found = _run([0.1, 0.1, 0.1], plan)

    assert _rate(found.ends_early.value, 1000).is_at_most(0.05)


def test_probability_of_being_best_stops_by_chance_far_more_often_than_it_says() -> None:
    found = _run([0.1, 0.1], replace(WEEKS, stopping=ProbabilityBest(0.95)))

    assert not _rate(found.ends_early.value, 1000).is_at_most(0.05)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_gain_is_positive_and_below_that_of_knowing_the_best(algorithm: Algorithm) -> None:
    found = _run([0.1, 0.1, 0.13], replace(WEEKS, algorithm=algorithm))

    most = 56_000 * (0.13 - 0.11)
    assert 5 * found.gain.standard_error < found.gain.value < most


def test_gain_without_differences_is_nothing() -> None:
    found = _run([0.1, 0.1, 0.1], replace(WEEKS, stopping=ProbabilityBest()))

    assert found.gain.value == pytest.approx(0, abs=1e-9)
    assert found.right_selection.value == 1


def test_gain_of_an_equal_split_throughout_is_nothing() -> None:
    plan = replace(WEEKS, floor=0.499999)

    found = _run([0.1, 0.2], plan)

    assert abs(found.gain.value) < 4 * found.gain.standard_error + 56_000 * 0.1 * 1e-5


def test_lower_is_better_mirrors_higher_is_better() -> None:
    high = forecast(Baseline.mean([1.0, 1.2], 4.0), WEEKS, rng=np.random.default_rng(1), repetitions=1000)

    low = forecast(
        Baseline.mean([-1.0, -1.2], 4.0),
        replace(WEEKS, is_higher_better=False),
        rng=np.random.default_rng(2),
        repetitions=1000,
    )

    error = math.hypot(high.gain.standard_error, low.gain.standard_error)
    assert abs(high.gain.value - low.gain.value) < 4 * error
    assert high.gain.value > 0


def test_monte_carlo_error_is_what_repeated_forecasts_show() -> None:
    gains = [_run([0.1, 0.105], seed=seed, repetitions=100).gain for seed in range(40)]

    spread = np.std([gain.value for gain in gains], ddof=1)
    stated = np.sqrt(np.mean([gain.standard_error**2 for gain in gains]))
    low, high = stats.chi2.ppf([0.0005, 0.9995], 39) / 39
    assert low < (spread / stated) ** 2 < high


def test_days_are_counted_until_all_units_go_to_one_arm() -> None:
    found = _run([0.1, 0.2], replace(WEEKS, stopping=ProbabilityBest(0.99), burn_in_unit_count=2))

    # 1000 units an arm tell 10 % from 20 % at the first update.
    assert found.days_quantiles == (1.0, 1.0, 1.0)
    assert (found.ends_early.value, found.right_selection.value) == (1, 1)


def test_days_without_a_rule_are_those_of_the_horizon() -> None:
    found = _run([0.1, 0.11])

    assert found.days.value == 28
    assert found.ends_early.value == 0


def test_weights_stay_equal_until_every_arm_has_its_burn_in() -> None:
    plan = replace(WEEKS, burn_in_unit_count=10**6, stopping=ProbabilityBest())

    found = _run([0.1, 0.2], plan)

    assert found.ends_early.value == 0
    assert abs(found.gain.value) < 4 * found.gain.standard_error


def test_fixed_split_selects_right_as_often_as_the_normal_distribution_says() -> None:
    values, count = [1.0, 1.0, 1.1], 9000
    found = forecast_fixed(
        Baseline.mean(values, 4.0), WEEKS, unit_count=count, rng=np.random.default_rng(4), repetitions=20_000
    )

    error = math.sqrt(4 / 3000)
    expected = integrate.quad(lambda z: stats.norm.pdf(z) * stats.norm.cdf(z + 0.1 / error) ** 2, -9, 9)[0]
    assert _rate(found.right_selection.value, 20_000).agrees_with(expected)


def test_fixed_split_gains_nothing_before_it_ends() -> None:
    found = forecast_fixed(
        Baseline.proportion([0.1, 0.2]), WEEKS, unit_count=14_000, rng=np.random.default_rng(5), repetitions=100
    )

    assert found.days.value == 7
    assert found.gain.value == pytest.approx(42_000 * 0.05)


def test_advantage_of_many_arms_is_the_bandits() -> None:
    arms = Baseline.proportion([0.1] * 5 + [0.13])
    bandit = forecast(arms, WEEKS, rng=np.random.default_rng(6), repetitions=500)
    fixed = forecast_fixed(arms, WEEKS, unit_count=42_000, rng=np.random.default_rng(7), repetitions=500)

    found = advantage(bandit, fixed)

    assert found.value == bandit.gain.value - fixed.gain.value
    assert found.value > 5 * found.standard_error


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(WEEKS, daily_unit_count=0),
        lambda: replace(WEEKS, batch_unit_count=0),
        lambda: replace(WEEKS, batch_unit_count=56_001),
        lambda: replace(WEEKS, batch_unit_count=2),
        lambda: replace(WEEKS, burn_in_unit_count=1),
        lambda: ProbabilityBest(1.0),
        lambda: ExpectedLoss(0.0),
        lambda: LikelihoodRatio(0.0),
        lambda: _run([0.1]),
        lambda: _run([0.1, 0.1], replace(WEEKS, floor=0.5)),
        lambda: _run([0.1, 0.1], replace(WEEKS, floor=-0.1)),
        lambda: _run([0.1, 0.1], repetitions=10),
        lambda: forecast_fixed(Baseline.proportion([0.1, 0.2]), WEEKS, unit_count=56_001, rng=np.random.default_rng(1)),
        lambda: forecast_fixed(Baseline.proportion([0.1, 0.2]), WEEKS, unit_count=3, rng=np.random.default_rng(1)),
    ],
)
def test_bandits_that_cannot_be_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgument):
        make()


def test_never_is_the_rule_unless_another_is_named() -> None:
    assert WEEKS.stopping == Never()
