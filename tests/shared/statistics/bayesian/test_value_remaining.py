"""What may still be gained: against Scott's draws, quadrature and a closed form; symmetries and obstacles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats

from shared.errors import InvalidArgument, Reason
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.means import means
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import proportions
from shared.statistics.bayesian.rates import GammaPrior, rates
from shared.statistics.bayesian.value_remaining import value_remaining
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.bayesian import posteriors
from tests.shared.statistics.bayesian.posteriors import powers

Floats = NDArray[np.float64]

often = settings(max_examples=30, deadline=None, derandomize=True)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)

CASES: dict[str, Posterior] = {
    "beta": posteriors.beta([481, 551, 530, 3.0], [9521, 9451, 9400, 40.0]),
    "student": posteriors.student([10.0, 10.4, 10.1, 9.0], [0.3, 0.2, 0.5, 2.0], [40.0, 25.0, 8.0, 3.5]),
    "below zero": posteriors.student([-10.0, -10.4, -10.1], [0.3, 0.2, 0.5], [40.0, 25.0, 8.0]),
    "gamma": posteriors.gamma([30.0, 52.0, 45.0, 1.5], [10.0, 15.0, 14.0, 0.4]),
}
EVERY_CASE = pytest.mark.parametrize("posterior", CASES.values(), ids=CASES.keys())
DIRECTIONS = pytest.mark.parametrize("lower_is_better", [False, True])


def gains(sample: Floats, leader: int, *, lower_is_better: bool) -> Floats:
    """Returns Scott's value remaining of each draw; the sample has shape (arms, draws)."""
    own = sample[leader]
    best = own - sample.min(axis=0) if lower_is_better else sample.max(axis=0) - own
    return np.asarray(best / np.abs(own))


def chance_of_less(posterior: Posterior, leader: int, gain: float, *, lower_is_better: bool) -> float:
    """Returns P(value remaining <= gain), integrated over the leader with SciPy's distributions."""
    arms = [posteriors.frozen(posterior, arm) for arm in range(posterior.shape[0])]
    own, rivals = arms[leader], [arm for place, arm in enumerate(arms) if place != leader]
    tail = [1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3]
    ends = own.ppf(np.concatenate([tail, np.linspace(0.005, 0.995, 100), 1 - np.array(tail[::-1])]))
    half = np.diff(ends)[:, None] / 2
    x = ends[:-1, None] + half * (1 + NODES)
    reached = x - gain * np.abs(x) if lower_is_better else x + gain * np.abs(x)
    within = [rival.sf(reached) if lower_is_better else rival.cdf(reached) for rival in rivals]
    return float((half * WEIGHTS * own.pdf(x) * np.prod(within, axis=0)).sum())


@EVERY_CASE
@DIRECTIONS
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_value_remaining_when_compared_with_root_search_in_quadrature_then_agrees(
    posterior: Posterior, alpha: float, *, lower_is_better: bool
) -> None:
    found = value_remaining(posterior, lower_is_better=lower_is_better, alpha=alpha)

    def excess(gain: float) -> float:
        return chance_of_less(posterior, int(found.leader), gain, lower_is_better=lower_is_better) - (1 - alpha)

    expected = 0.0 if excess(0.0) >= 0 else optimize.brentq(excess, 0.0, 50.0, xtol=1e-12)
    assert float(found.potential) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@EVERY_CASE
@DIRECTIONS
def test_value_remaining_when_draws_are_counted_as_scott_does_then_agrees_within_their_own_error(
    posterior: Posterior, *, lower_is_better: bool
) -> None:
    rng, draws = np.random.default_rng(20_262), 400_000
    arms = [posteriors.frozen(posterior, arm) for arm in range(posterior.shape[0])]
    sample = np.stack([arm.rvs(draws, random_state=rng) for arm in arms])

    found = value_remaining(posterior, lower_is_better=lower_is_better)

    best = sample.argmin(axis=0) if lower_is_better else sample.argmax(axis=0)
    leader = int(np.bincount(best).argmax())
    assert int(found.leader) == leader
    share = (gains(sample, leader, lower_is_better=lower_is_better) <= float(found.potential)).mean()
    # 5 standard errors of a share of .95 are passed twice in 3 million times.
    assert share == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / draws))


@often
@given(powers(1.5, 1e5), powers(1.5, 1e5), st.floats(-3, 3), st.floats(0.01, 0.4))
def test_value_remaining_when_there_are_two_rates_then_is_a_quantile_of_beta_prime(
    first: float, second: float, deviations: float, alpha: float
) -> None:
    rate = second / first * np.exp(deviations * np.sqrt(1 / first + 1 / second))
    posterior = posteriors.gamma([first, second], [1.0, rate])

    found = value_remaining(posterior, alpha=alpha)

    leader = int(found.leader)
    shape, scale = posterior.parameters
    ratio = stats.betaprime(shape[1 - leader], shape[leader], scale=scale[leader] / scale[1 - leader])
    assert float(found.potential) == pytest.approx(max(ratio.ppf(1 - alpha) - 1, 0.0), rel=1e-6, abs=1e-8)


def test_value_remaining_when_the_leader_is_best_with_that_probability_then_is_zero() -> None:
    posterior = posteriors.beta([520, 550], [9480, 9450])
    chance = float(best_arms(posterior).probability[1])

    above, below = (value_remaining(posterior, alpha=1 - chance + step) for step in (1e-6, -1e-6))

    assert float(above.potential) == 0.0
    assert 0 < float(below.potential) < 1e-4


def test_value_remaining_when_data_grow_then_shrinks() -> None:
    few, many = (value_remaining(proportions([50 * n, 51 * n], 1000 * n)) for n in (1, 100))

    assert 0 < float(many.potential) < float(few.potential) / 5


def test_value_remaining_when_a_vague_arm_is_most_probably_best_then_it_is_the_leader_although_its_mean_is_not() -> (
    None
):
    posterior = posteriors.student([10.0, 10.0, 9.9], [0.01, 0.01, 1.0], [1e6, 1e6, 1e6])

    found = value_remaining(posterior)

    assert int(found.leader) == 2 != int(posterior.mean().argmax())
    own = stats.norm(9.9, 1.0)
    # What the leader may lose to arms that are all but known to be 10: (10 - theta) / theta.
    assert float(found.potential) == pytest.approx(10 / own.ppf(0.05) - 1, abs=2e-3)


@EVERY_CASE
@DIRECTIONS
def test_value_remaining_when_arms_are_relabelled_then_only_the_leader_changes(
    posterior: Posterior, *, lower_is_better: bool
) -> None:
    order = np.roll(np.arange(posterior.shape[0]), 1)

    found = value_remaining(posterior, lower_is_better=lower_is_better)
    relabelled = value_remaining(posterior[order], lower_is_better=lower_is_better)

    assert int(order[int(relabelled.leader)]) == int(found.leader)
    assert float(relabelled.potential) == pytest.approx(float(found.potential), rel=1e-8, abs=1e-12)


def test_value_remaining_when_means_change_sign_then_the_lowest_gains_what_the_highest_did() -> None:
    location, scale, freedom = CASES["student"].parameters
    mirrored = posteriors.student(list(-location), list(scale), list(freedom))

    found, turned = value_remaining(CASES["student"]), value_remaining(mirrored, lower_is_better=True)

    assert int(turned.leader) == int(found.leader)
    assert float(turned.potential) == pytest.approx(float(found.potential), rel=1e-9)


def three_means(factor: float) -> Posterior:
    centres = factor * np.array([10.0, 11.0, 10.7])
    return means(Moments.of_values([90, 70, 40], centres, factor**2 * np.array([900.0, 800.0, 300.0])))


@DIRECTIONS
@pytest.mark.parametrize(("factor", "tolerance"), [(2.0**-40, 0.0), (2.0**20, 0.0), (100.0, 1e-9)])
def test_value_remaining_when_the_unit_changes_then_stays(
    factor: float, tolerance: float, *, lower_is_better: bool
) -> None:
    plain, scaled = (value_remaining(three_means(one), lower_is_better=lower_is_better) for one in (1.0, factor))

    assert float(plain.potential) > 0
    assert float(scaled.potential) == pytest.approx(float(plain.potential), rel=tolerance, abs=0.0)


def test_value_remaining_when_there_is_one_arm_then_nothing_is_left() -> None:
    found = value_remaining(proportions([3], [10]))

    assert (int(found.leader), float(found.potential), int(found.obstacle)) == (0, 0.0, 0)


def test_value_remaining_when_an_arm_is_empty_then_the_others_are_compared_without_it() -> None:
    posterior = proportions([0, 48, 55], [0, 1000, 1000])

    found, without = value_remaining(posterior), value_remaining(posterior[1:])

    assert (int(found.leader), int(without.leader)) == (2, 1)
    assert float(found.potential) == float(without.potential) > 0
    assert int(found.obstacle) == 0


def test_value_remaining_when_no_arm_can_be_estimated_then_nobody_leads() -> None:
    found = value_remaining(proportions([[0, 0], [3, 4]], [[0, 0], [10, 10]]))

    assert found.leader.tolist() == [-1, 1]
    assert found.obstacle.tolist() == [Obstacle.NO_UNITS, 0]
    assert np.isnan(found.potential).tolist() == [True, False]
    assert found.report(0) == NotEstimable(Obstacle.NO_UNITS)
    assert found.report(1) == float(found.potential[1])


def test_value_remaining_when_the_leader_cannot_be_told_from_zero_then_has_no_value_to_relate_to() -> None:
    near = value_remaining(posteriors.student([0.1, -0.4], [1.0, 1.0], [50.0, 50.0]))
    least = value_remaining(rates([0, 9], [7, 7], prior=GammaPrior(1.0, 1.0)), lower_is_better=True)

    for found, leader in ((near, 0), (least, 0)):
        assert int(found.leader) == leader
        assert int(found.obstacle) == Obstacle.ZERO_DENOMINATOR
        assert np.isnan(found.potential)
        assert found.report() == NotEstimable(Obstacle.ZERO_DENOMINATOR)


def test_value_remaining_when_a_rival_is_near_zero_then_still_answers() -> None:
    found = value_remaining(posteriors.student([5.0, 0.1], [1.0, 3.0], [50.0, 50.0]))

    assert (int(found.leader), int(found.obstacle)) == (0, 0)
    assert float(found.potential) > 0


def test_value_remaining_when_there_are_many_metrics_then_each_has_its_own_direction() -> None:
    posterior = proportions([[48, 55, 60], [48, 55, 60]], 1000)

    found = value_remaining(posterior, lower_is_better=[False, True])

    alone = [value_remaining(posterior[row], lower_is_better=bool(row)) for row in (0, 1)]
    assert found.leader.tolist() == [int(one.leader) for one in alone] == [2, 0]
    assert found.potential.tolist() == [float(one.potential) for one in alone]


def test_value_remaining_when_it_answers_then_says_what_it_is_not() -> None:
    found = value_remaining(proportions([3, 4], 10))

    assert found.alpha == 0.05
    assert found.method.validity is Validity.BAYESIAN
    assert any("not that the leader is better" in assumption for assumption in found.method.assumptions)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, -0.1, np.nan])
def test_value_remaining_when_alpha_is_not_one_then_refuses(alpha: float) -> None:
    with pytest.raises(InvalidArgument) as caught:
        value_remaining(proportions([3, 4], 10), alpha=alpha)

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("posterior", "directions"), [(proportions(3, 10), False), (proportions([3, 4], 10), [True, False])]
)
def test_value_remaining_when_shapes_do_not_fit_then_refuses(posterior: Posterior, directions: bool) -> None:  # noqa: FBT001
    with pytest.raises(InvalidArgument) as caught:
        value_remaining(posterior, lower_is_better=directions)

    assert caught.value.reason is Reason.INVALID_FIELD
