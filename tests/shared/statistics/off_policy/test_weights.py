"""Weights of a bandit's arms, evaluated from sums: exactness, invariances, refusals, coverage."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument, Reason
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.off_policy.values import Estimator, Evaluation
from shared.statistics.off_policy.weights import METHODS, evaluate_weights
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.adaptive.bandits import coverage
from tests.shared.statistics.adaptive.reference import batches_of, drawn
from tests.shared.statistics.off_policy import reference
from tests.shared.statistics.off_policy.coverage import SCENARIOS, judged

Floats = NDArray[np.float64]

SEEDS = st.integers(0, 2**32 - 1)
MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])
EVERY = pytest.mark.parametrize("estimator", Estimator)


def batches(count: list[list[int]], successes: list[list[int]], propensities: list[list[float]]) -> Batches:
    return Batches.of(Moments.of_successes(successes, count), propensities)


def obstacles(evaluation: Evaluation) -> set[Obstacle]:
    return {Obstacle(int(values.obstacle)) for values in evaluation.values}


@pytest.mark.parametrize("seed", range(8))
def test_evaluate_weights_when_summed_then_agrees_with_single_units(seed: int) -> None:
    rng = np.random.default_rng(seed)
    history, target = drawn(rng, 6, 3, most_units=8), rng.dirichlet(np.ones(3))

    found = evaluate_weights(batches_of(history), target)

    for estimator, expected in reference.answers(history, target).items():
        values = found.of(estimator)
        np.testing.assert_allclose(values.value, expected.value, rtol=1e-9)
        np.testing.assert_allclose(values.standard_error, expected.standard_error, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_evaluate_weights_when_summed_then_weights_are_those_of_single_units(seed: int) -> None:
    rng = np.random.default_rng(seed)
    history, target = drawn(rng, 5, 3), np.array([0.3, 0.0, 0.7])

    found = evaluate_weights(batches_of(history), target)

    weights = np.concatenate([target[units.arms] / units.propensities[units.arms] for units in history])
    assert found.unit_count == len(weights)
    np.testing.assert_allclose(found.effective_sample_size, weights.sum() ** 2 / (weights**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(found.largest_weight, weights.max(), rtol=1e-12)
    np.testing.assert_allclose(found.logged_value, np.concatenate([units.outcomes for units in history]).mean())


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_evaluate_weights_when_they_are_the_logged_ones_then_the_sample_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    history = [units._replace(propensities=np.array([0.2, 0.5, 0.3])) for units in drawn(rng, 4, 3)]

    found = evaluate_weights(batches_of(history), [0.2, 0.5, 0.3])

    for estimator in (Estimator.IPS, Estimator.SNIPS):
        np.testing.assert_allclose(found.of(estimator).value, found.logged_value, rtol=1e-12)
    assert found.effective_sample_size == pytest.approx(found.unit_count)
    assert not Caution.WEIGHTS_OFF & found.caution_at()


@given(seed=SEEDS, shift=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100.0))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_evaluate_weights_when_outcomes_are_shifted_and_scaled_then_all_but_ips_follow(
    seed: int, shift: float, scale: float
) -> None:
    history = drawn(np.random.default_rng(seed), 5, 3)
    moved = [units._replace(outcomes=shift + scale * units.outcomes) for units in history]

    found, after = (evaluate_weights(batches_of(one), [0.1, 0.4, 0.5]) for one in (history, moved))

    for estimator in (Estimator.SNIPS, Estimator.DOUBLY_ROBUST):
        one, other = found.of(estimator), after.of(estimator)
        np.testing.assert_allclose(other.value, shift + scale * one.value, rtol=1e-6, atol=1e-9 * abs(shift))
        np.testing.assert_allclose(other.standard_error, scale * one.standard_error, rtol=1e-5)


@given(seed=SEEDS, order=st.permutations([0, 1, 2]))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_evaluate_weights_when_arms_are_renamed_then_nothing_changes(seed: int, order: list[int]) -> None:
    whole = batches_of(drawn(np.random.default_rng(seed), 5, 3))
    renamed = Batches.of(
        Moments(whole.count[:, order], whole.moments.mean[:, order], whole.moments.products[:, order]),
        whole.propensities[:, order],
    )
    target = np.array([0.2, 0.3, 0.5])

    found, after = evaluate_weights(whole, target), evaluate_weights(renamed, target[order])

    for estimator in Estimator:
        np.testing.assert_allclose(after.of(estimator).value, found.of(estimator).value, rtol=1e-9)
        np.testing.assert_allclose(after.of(estimator).low, found.of(estimator).low, rtol=1e-9)


def enumerated(rates: Floats, first: float, units: int) -> tuple[Batches, Floats]:
    """Returns all that can happen in two versions of two arms, where the second follows the first, with its chance."""
    histories = list(itertools.product([(arm, reward) for arm in (0, 1) for reward in (0, 1)], repeat=2 * units))
    count, successes = np.zeros((2, len(histories), 2, 2))
    propensities, chance = np.zeros((len(histories), 2, 2)), np.ones(len(histories))
    for place, history in enumerate(histories):
        one = first
        for version in (0, 1):
            propensities[place, version] = one, 1 - one
            for arm, reward in history[version * units : (version + 1) * units]:
                count[place, version, arm] += 1
                successes[place, version, arm] += reward
                chance[place] *= propensities[place, version, arm] * (rates[arm] if reward else 1 - rates[arm])
            one = (1 + successes[place, 0, 0]) / (2 + successes[place, 0].sum() + 1)
    return Batches.of(Moments.of_successes(successes, count), propensities), chance


def test_evaluate_weights_when_all_that_can_happen_is_weighted_then_ips_and_doubly_robust_are_unbiased() -> None:
    rates, target = np.array([0.3, 0.6]), np.array([0.8, 0.2])
    everything, chance = enumerated(rates, 0.35, 3)
    assert chance.sum() == pytest.approx(1)

    found = evaluate_weights(everything, target)

    for estimator in (Estimator.IPS, Estimator.DOUBLY_ROBUST):
        values = found.of(estimator)
        constant = values.obstacle == Obstacle.ZERO_VARIANCE
        # Where nothing varies the value is that of all rewards alike.
        value = np.where(constant, found.logged_value, values.value)
        if estimator is Estimator.IPS:
            assert constant.sum() == (found.logged_value == 0).sum()
        assert (chance * value).sum() == pytest.approx(target @ rates, abs=1e-12)


@MANY_TIMES
@pytest.mark.parametrize("policy", ["first arm", "last arm", "equal split"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_evaluate_weights_when_weights_followed_the_data_then_intervals_cover(
    name: str, policy: str, repetitions: int
) -> None:
    found = judged(SCENARIOS[name], policy, repetitions, seed=90)

    for estimator, one in found.items():
        assert one.coverage.is_at_least(0.95), f"{estimator}: {one.coverage}"
        assert abs(one.bias) < 3.3, f"{estimator}: {one.bias}"


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_evaluate_weights_when_the_split_is_fixed_then_intervals_cover(share: float) -> None:
    rng = np.random.default_rng(4)
    count = rng.multinomial(4000, [share, 1 - share], size=2000)[:, None]
    successes = rng.binomial(count, [0.1, 0.15])
    found = evaluate_weights(Batches.of(Moments.of_successes(successes, count), [[share, 1 - share]]), [0.3, 0.7])

    for estimator in Estimator:
        values = found.of(estimator)
        rate = coverage(values.low, values.high, 0.135)
        assert rate.agrees_with(0.95), f"{estimator}: {rate}"


def test_evaluate_weights_when_arms_differ_much_then_their_means_pay() -> None:
    rng = np.random.default_rng(8)
    count = rng.multinomial(500, [0.5, 0.3, 0.2], size=(500, 4))
    mean = np.array([0.0, 5.0, 10.0]) + rng.standard_normal(count.shape) / np.sqrt(count)
    known = Batches.of(Moments.of_values(count, mean, count - 1.0), [0.5, 0.3, 0.2])

    found = evaluate_weights(known, [0.2, 0.2, 0.6])

    ips, snips, robust = (found.of(estimator).standard_error.mean() for estimator in Estimator)
    assert robust < snips / 2 < ips / 2


def test_evaluate_weights_when_a_version_lacks_an_arm_then_it_is_left_out() -> None:
    both = [[60, 40], [30, 70]], [[6, 8], [3, 14]], [[0.6, 0.4], [0.3, 0.7]]
    late = ([[100, 0], *both[0]], [[30, 0], *both[1]], [[1.0, 0.0], *both[2]])

    found, expected = (evaluate_weights(batches(*rows), [0.5, 0.5]) for rows in (late, both))

    assert found.unit_count == expected.unit_count == 200
    assert found.logged_value == expected.logged_value
    for estimator in Estimator:
        assert found.of(estimator).value == expected.of(estimator).value
    assert Caution.BATCHES_DROPPED & found.caution_at()
    assert not Caution.BATCHES_DROPPED & expected.caution_at()


def test_evaluate_weights_when_the_absent_arm_is_not_wanted_then_its_version_counts() -> None:
    found = evaluate_weights(batches([[100, 0], [60, 40]], [[30, 0], [6, 8]], [[1.0, 0.0], [0.6, 0.4]]), [1.0, 0.0])

    assert found.unit_count == 200
    assert not Caution.BATCHES_DROPPED & found.caution_at()


@pytest.mark.parametrize(
    ("count", "propensities", "target", "expected"),
    [
        ([[50, 50], [50, 50]], [[0.5, 0.5], [np.nan, np.nan]], [0.5, 0.5], Obstacle.MISSING_PROPENSITY),
        ([[0, 0], [0, 0]], [[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], Obstacle.NO_UNITS),
        ([[50, 0], [50, 0]], [[1.0, 0.0], [1.0, 0.0]], [0.5, 0.5], Obstacle.ARM_NEVER_ALLOCATED),
        ([[50, 0], [0, 0]], [[1.0, 0.0], [0.5, 0.5]], [0.5, 0.5], Obstacle.ARM_NEVER_ALLOCATED),
        ([[50, 0], [0, 50]], [[1.0, 0.0], [0.0, 1.0]], [0.5, 0.5], Obstacle.TOO_FEW_BATCHES),
        ([[1, 0], [0, 0]], [[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], Obstacle.TOO_FEW_UNITS),
        ([[50, 50], [50, 50]], [[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], Obstacle.ZERO_VARIANCE),
    ],
)
def test_evaluate_weights_when_the_data_cannot_tell_then_says_why(
    count: list[list[int]], propensities: list[list[float]], target: list[float], expected: Obstacle
) -> None:
    found = evaluate_weights(batches(count, [[0, 0], [0, 0]], propensities), target)

    assert (obstacles(found), found.obstacle) == ({expected}, expected)
    for values in found.values:
        assert values.report() == NotEstimable(expected)
        assert np.isnan([values.value, values.standard_error, values.low, values.high]).all()


def test_evaluate_weights_when_all_rewards_are_alike_then_only_ips_has_an_error() -> None:
    found = evaluate_weights(batches([[52, 48]], [[52, 48]], [[0.5, 0.5]]), [0.9, 0.1])

    assert found.of(Estimator.IPS).report() != NotEstimable(Obstacle.ZERO_VARIANCE)
    for estimator in (Estimator.SNIPS, Estimator.DOUBLY_ROBUST):
        assert found.of(estimator).report() == NotEstimable(Obstacle.ZERO_VARIANCE)
    assert found.obstacle is Obstacle.NONE


def test_evaluate_weights_when_few_units_carry_the_weight_then_warns() -> None:
    found = evaluate_weights(batches([[990, 10]], [[99, 2]], [[0.99, 0.01]]), [0.0, 1.0])

    assert found.effective_sample_size == pytest.approx(10)
    assert found.largest_weight == pytest.approx(100)
    assert Caution.HEAVY_WEIGHTS & found.caution_at()


@pytest.mark.parametrize(("units", "expected"), [([10, 15], True), ([15, 20], False)])
def test_evaluate_weights_when_units_are_few_then_warns(units: list[int], expected: bool) -> None:  # noqa: FBT001
    found = evaluate_weights(batches([units], [[3, 4]], [[0.5, 0.5]]), [0.5, 0.5])

    assert bool(Caution.FEW_UNITS & found.caution_at()) is expected


@pytest.mark.parametrize(("units", "expected"), [([5100, 4900], False), ([6000, 4000], True)])
def test_evaluate_weights_when_units_do_not_fit_propensities_then_warns(units: list[int], expected: bool) -> None:  # noqa: FBT001
    found = evaluate_weights(batches([units], [[300, 400]], [[0.5, 0.5]]), [1.0, 0.0])

    assert bool(Caution.WEIGHTS_OFF & found.caution_at()) is expected


@pytest.mark.parametrize("target", [[0.5, 0.6], [0.5], [1.5, -0.5], [np.nan, 1.0], [[0.5, 0.5]]])
def test_evaluate_weights_when_weights_are_none_then_refuses(target: list[float]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_weights(batches([[50, 50]], [[5, 9]], [[0.5, 0.5]]), target)

    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.violations[0].field == "target_weights"


@EVERY
def test_evaluate_weights_when_asked_then_says_what_it_is(estimator: Estimator) -> None:
    found = evaluate_weights(batches([[500, 500]], [[50, 90]], [[0.5, 0.5]]), [0.2, 0.8])

    assert isinstance(found.of(estimator).report(), Interval)
    assert found.of(estimator).method is METHODS[estimator]
    assert METHODS[estimator].validity is Validity.ADAPTIVE_FIXED_LOOK
