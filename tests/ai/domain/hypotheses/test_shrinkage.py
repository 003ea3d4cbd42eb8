import numpy as np
import pytest
from scipy import optimize, stats

from services.ai.domain.hypotheses.shrinkage import Belief, Kinsman, belief_of_effects, updated


def test_too_few_experiments_give_no_belief() -> None:
    assert belief_of_effects([0.1, 0.2], [0.01, 0.01]) is None


def test_spread_is_where_the_penalised_likelihood_is_largest() -> None:
    lifts, errors = np.array([0.05, -0.02, 0.08, 0.01]), np.array([0.01, 0.02, 0.03, 0.01])

    def loss(log_spread: float) -> float:
        spread = np.exp(log_spread)
        covariance = np.diag(errors**2 + spread**2) + spread**2
        return float(-log_spread - stats.multivariate_normal(np.zeros(4), covariance).logpdf(lifts))

    spread = float(np.exp(optimize.minimize_scalar(loss, bounds=(-9, 0), method="bounded").x))
    covariance = np.diag(errors**2 + spread**2) + spread**2
    mean = spread**2 * np.ones(4) @ np.linalg.solve(covariance, lifts)
    variance = spread**2 - spread**4 * np.ones(4) @ np.linalg.solve(covariance, np.ones(4))

    found = belief_of_effects(lifts.tolist(), errors.tolist())

    assert found is not None
    assert found.mean == pytest.approx(mean, rel=0.02)
    assert found.deviation == pytest.approx(np.sqrt(spread**2 + variance), rel=0.02)


def test_spread_is_above_nothing_even_where_effects_agree() -> None:
    found = belief_of_effects([0.0, 0.0, 0.0], [0.01, 0.01, 0.01])

    assert found is not None
    assert found.deviation > 0.001
    assert found.probability_good == pytest.approx(0.5)


def test_update_is_the_conditional_normal() -> None:
    belief, kin = Belief(0.01, 0.04), Kinsman(0.09, 0.02, 0.5)
    variance, covariance = 0.04**2 + 0.02**2, 0.5 * 0.04**2

    found = updated(belief, [kin])

    assert found.mean == pytest.approx(0.01 + covariance / variance * (0.09 - 0.01))
    assert found.deviation == pytest.approx(np.sqrt(0.04**2 - covariance**2 / variance))


def test_update_by_the_same_effect_twice_is_that_by_their_weighted_mean() -> None:
    belief = Belief(0.0, 0.05)

    twice = updated(belief, [Kinsman(0.02, 0.03), Kinsman(0.06, 0.01)])
    once = updated(belief, [Kinsman((0.02 / 9 + 0.06) / (1 / 9 + 1), 0.03 / np.sqrt(10))])

    assert twice.mean == pytest.approx(once.mean)
    assert twice.deviation == pytest.approx(once.deviation)


def test_update_by_nothing_changes_nothing() -> None:
    assert updated(Belief(0.01, 0.04), []).mean == pytest.approx(0.01)


def test_a_loser_speaks_for_its_opposite() -> None:
    assert updated(Belief(0.0, 0.05), [Kinsman(-0.05, 0.01, -0.5)]).probability_good > 0.6


@pytest.mark.parametrize("correlation", [1.0, 0.5, -0.5])
def test_probabilities_are_those_of_known_truths(correlation: float) -> None:
    rng, count = np.random.default_rng(20261127), 4000
    true = rng.normal(0.01, 0.04, count)
    kin = 0.01 + correlation * (true - 0.01) + np.sqrt(1 - correlation**2) * rng.normal(0, 0.04, count)
    measured = rng.normal(kin, 0.02)

    stated = np.array([updated(Belief(0.01, 0.04), [Kinsman(x, 0.02, correlation)]).probability_good for x in measured])

    for low in np.arange(0, 1, 0.2):
        of_bin = (low <= stated) & (stated < low + 0.2)
        # Each truth is a Bernoulli trial of its stated probability; four standard errors.
        tolerance = 4 * np.sqrt((stated * (1 - stated))[of_bin].sum())
        assert abs((true[of_bin] > 0).sum() - stated[of_bin].sum()) <= tolerance + 1e-9


def test_intervals_of_fitted_beliefs_cover_effects_to_come() -> None:
    rng, count, covered = np.random.default_rng(7), 400, 0
    for _ in range(count):
        mean, errors = rng.normal(0, 0.02), rng.uniform(0.008, 0.03, 12)
        found = belief_of_effects(rng.normal(rng.normal(mean, 0.04, 12), errors).tolist(), errors.tolist())
        assert found is not None
        low, high = found.interval(0.8)
        covered += low <= rng.normal(mean, 0.04) <= high

    # Four standard errors of a share of 0.8, on either side.
    assert abs(covered / count - 0.8) <= 4 * np.sqrt(0.8 * 0.2 / count)
