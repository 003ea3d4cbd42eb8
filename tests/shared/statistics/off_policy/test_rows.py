"""Logged decisions, evaluated row by row: definitions, invariances, refusals, coverage and where it ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument, Reason
from shared.statistics.off_policy.rows import METHODS, Predictions, evaluate_rows
from shared.statistics.off_policy.values import Estimator, Evaluation
from shared.statistics.off_policy.weights import evaluate_weights
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.adaptive.reference import batches_of, drawn
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

SEEDS = st.integers(0, 2**32 - 1)
FINE = np.array([1.0, 2.0]), np.array([0.5, 0.5]), np.array([0.3, 0.9])


def logged(rng: np.random.Generator, size: int = 200) -> tuple[Floats, Floats, Floats, Predictions]:
    """Returns rewards, propensities, target propensities and predictions that are none too good."""
    propensities, target = rng.uniform(0.1, 1.0, size), rng.uniform(0.0, 1.0, size)
    rewards = rng.gamma(2.0, 1.0, size)
    return rewards, propensities, target, Predictions(rewards + rng.normal(0, 1, size), rng.gamma(2.0, 1.0, size))


@pytest.mark.parametrize("seed", range(4))
def test_evaluate_rows_when_summed_then_as_defined(seed: int) -> None:
    rewards, propensities, target, predictions = logged(np.random.default_rng(seed))

    found = evaluate_rows(rewards, propensities, target, predictions=predictions)

    size, ips, weighted, whole, scores = len(rewards), 0.0, 0.0, 0.0, []
    for row in range(size):
        weight = target[row] / propensities[row]
        ips += weight * rewards[row] / size
        weighted, whole = weighted + weight * rewards[row], whole + weight
        scores.append(predictions.policy[row] + weight * (rewards[row] - predictions.logged[row]))
    assert found.of(Estimator.IPS).value == pytest.approx(ips)
    assert found.of(Estimator.SNIPS).value == pytest.approx(weighted / whole)
    assert found.of(Estimator.DOUBLY_ROBUST).value == pytest.approx(np.mean(scores))
    assert found.of(Estimator.DOUBLY_ROBUST).standard_error == pytest.approx(np.std(scores, ddof=1) / np.sqrt(size))


@pytest.mark.parametrize("seed", range(4))
def test_evaluate_rows_when_rows_are_a_bandit_s_then_agrees_with_its_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    history, target = drawn(rng, 5, 3), rng.dirichlet(np.ones(3))

    rows = evaluate_rows(
        np.concatenate([units.outcomes for units in history]),
        np.concatenate([units.propensities[units.arms] for units in history]),
        np.concatenate([target[units.arms] for units in history]),
    )

    sums = evaluate_weights(batches_of(history), target)
    for estimator in (Estimator.IPS, Estimator.SNIPS):
        assert rows.of(estimator).value == pytest.approx(float(sums.of(estimator).value))
        # The sums' variance has a floor.
        assert rows.of(estimator).standard_error <= sums.of(estimator).standard_error * (1 + 1e-9)
    assert rows.effective_sample_size == pytest.approx(float(sums.effective_sample_size))
    assert rows.largest_weight == pytest.approx(float(sums.largest_weight))


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_evaluate_rows_when_the_policy_is_the_logged_one_then_the_sample_mean(seed: int) -> None:
    rewards, propensities, _, predictions = logged(np.random.default_rng(seed))
    same = predictions._replace(policy=predictions.logged)

    found = evaluate_rows(rewards, propensities, propensities, predictions=same)

    error = rewards.std(ddof=1) / np.sqrt(len(rewards))
    for values in found.values:
        assert values.value == pytest.approx(rewards.mean())
        assert values.standard_error == pytest.approx(error)
    assert found.effective_sample_size == pytest.approx(len(rewards))
    assert found.largest_weight == pytest.approx(1)


@given(seed=SEEDS, order=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_evaluate_rows_when_rows_are_shuffled_then_nothing_changes(seed: int, order: object) -> None:
    rng = np.random.default_rng(seed)
    rewards, propensities, target, predictions = logged(rng)
    shuffled = rng.permutation(len(rewards))

    found = evaluate_rows(rewards, propensities, target, predictions=predictions)
    moved = Predictions(*(column[shuffled] for column in predictions))
    after = evaluate_rows(rewards[shuffled], propensities[shuffled], target[shuffled], predictions=moved)

    for estimator in Estimator:
        np.testing.assert_allclose(after.of(estimator).low, found.of(estimator).low, rtol=1e-9)


def test_evaluate_rows_when_predictions_are_perfect_then_doubly_robust_needs_no_weights() -> None:
    rng = np.random.default_rng(3)
    rewards, propensities, target, _ = logged(rng)
    expected = rng.normal(5, 1, len(rewards))

    found = evaluate_rows(rewards, propensities, target, predictions=Predictions(rewards, expected))

    assert found.of(Estimator.DOUBLY_ROBUST).value == pytest.approx(expected.mean())


def test_evaluate_rows_when_there_are_no_predictions_then_not_doubly_robust() -> None:
    found = evaluate_rows(*FINE)

    assert [values.estimator for values in found.values] == [Estimator.IPS, Estimator.SNIPS]


@pytest.mark.parametrize(
    ("rewards", "propensities", "target", "expected"),
    [
        ([1.0, 2.0], [0.5, np.nan], [0.5, 0.5], Obstacle.MISSING_PROPENSITY),
        ([1.0, 2.0], [0.5, 0.0], [0.5, 0.5], Obstacle.MISSING_PROPENSITY),
        ([], [], [], Obstacle.NO_UNITS),
        ([1.0], [0.5], [0.5], Obstacle.TOO_FEW_UNITS),
        ([1.0, 2.0], [0.5, 0.5], [0.0, 0.0], Obstacle.ARM_NEVER_ALLOCATED),
        ([0.0, 0.0], [0.5, 0.5], [0.5, 0.1], Obstacle.ZERO_VARIANCE),
    ],
)
def test_evaluate_rows_when_the_rows_cannot_tell_then_says_why(
    rewards: list[float], propensities: list[float], target: list[float], expected: Obstacle
) -> None:
    found = evaluate_rows(rewards, propensities, target)

    assert found.obstacle is expected
    assert {values.report() for values in found.values} == {NotEstimable(expected)}


def test_evaluate_rows_when_an_action_has_no_support_then_says_so() -> None:
    assert evaluate_rows(*FINE, is_supported=False).obstacle is Obstacle.ARM_NEVER_ALLOCATED


@pytest.mark.parametrize(
    ("rewards", "propensities", "target", "field"),
    [
        ([np.nan, 1.0], [0.5, 0.5], [0.5, 0.5], "rewards"),
        ([1.0, 1.0], [1.5, 0.5], [0.5, 0.5], "propensities"),
        ([1.0, 1.0], [-0.5, 0.5], [0.5, 0.5], "propensities"),
        ([1.0, 1.0], [0.5], [0.5, 0.5], "propensities"),
        ([1.0, 1.0], [0.5, 0.5], [1.5, 0.5], "target_propensities"),
        ([1.0, 1.0], [0.5, 0.5], [np.nan, 0.5], "target_propensities"),
        ([1.0, 1.0], [0.5, 0.5], [0.5], "target_propensities"),
        ([[1.0, 1.0]], [[0.5, 0.5]], [[0.5, 0.5]], "target_propensities"),
    ],
)
def test_evaluate_rows_when_a_column_is_wrong_then_names_it(
    rewards: list[float], propensities: list[float], target: list[float], field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_rows(rewards, propensities, target)

    assert (caught.value.reason, caught.value.violations[0].field) == (Reason.INVALID_FIELD, field)


def test_evaluate_rows_when_predictions_are_of_other_rows_then_names_them() -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_rows(*FINE, predictions=Predictions(np.zeros(2), np.zeros(3)))

    assert caught.value.violations[0].field == "predictions.policy"


def covers(evaluation: Evaluation, truth: float) -> dict[Estimator, bool]:
    return {one.estimator: bool(one.low <= truth <= one.high) for one in evaluation.values}


def contextual(rng: np.random.Generator, size: int, floor: float) -> tuple[Floats, Floats, Floats, Predictions]:
    """Returns decisions of three actions where action k earns k + x in a context x, uniform in [0, 1].

    The policy takes them with chances (1 - x) / 2, 1 / 2 and x / 2, which earns 1.5. Predictions are off by x.
    """
    context = rng.uniform(size=size)
    chances = np.stack([1 - 2 * floor - context * (1 - 3 * floor), context * (1 - 3 * floor) + floor], axis=1)
    chances = np.column_stack([chances, np.full(size, floor)])
    taken = (rng.uniform(size=size)[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    policy = np.column_stack([0.5 - context / 2, np.full(size, 0.5), context / 2])
    rewards = rng.normal(taken + context, 1.0)
    rows = np.arange(size)
    predictions = Predictions(taken.astype(float), policy @ np.arange(3.0))
    return rewards, chances[rows, taken], policy[rows, taken], predictions


def test_evaluate_rows_when_contexts_decide_then_unbiased_and_intervals_cover() -> None:
    rng, truth, repetitions = np.random.default_rng(12), 1.5, 2000
    found = []
    for _ in range(repetitions):
        rewards, propensities, target, predictions = contextual(rng, 1000, 0.1)
        found.append(evaluate_rows(rewards, propensities, target, predictions=predictions))

    for estimator in Estimator:
        errors = np.array([float(one.of(estimator).value) - truth for one in found])
        rate = Rate(sum(covers(one, truth)[estimator] for one in found), repetitions)
        assert abs(errors.mean()) < 3.3 * errors.std() / np.sqrt(repetitions)
        assert rate.agrees_with(0.95), f"{estimator}: {rate}"
    assert found[0].of(Estimator.DOUBLY_ROBUST).standard_error < found[0].of(Estimator.IPS).standard_error


def rare_action(rng: np.random.Generator, propensity: float, size: int, *, rate: float) -> Evaluation:
    """Returns the evaluation of a policy that always takes an action that was logged with a small propensity."""
    taken = rng.uniform(size=size) < propensity
    rewards = rng.uniform(size=size) < rate
    return evaluate_rows(rewards, np.where(taken, propensity, 1 - propensity), taken)


def test_evaluate_rows_when_weights_are_heavy_then_intervals_fail_and_a_caution_says_so() -> None:
    rng, rate = np.random.default_rng(21), 0.2
    found = [rare_action(rng, 0.005, 1000, rate=rate) for _ in range(1000)]

    ips = Rate(sum(covers(one, rate)[Estimator.IPS] for one in found), len(found))
    warned = sum(bool((Caution.HEAVY_WEIGHTS | Caution.SKEWED) & one.caution_at()) for one in found)

    assert ips.interval[1] < 0.8
    assert warned == len(found)


def far_from_zero(rng: np.random.Generator, size: int) -> Evaluation:
    """Returns an evaluation of rewards about 10 with a deviation of 1, whose lognormal weights average 1.

    Predictions are off by as much as the rewards vary.
    """
    rewards, spread = rng.normal(10.0, 1.0, size), 0.7
    weights = np.exp(rng.normal(-(spread**2) / 2, spread, size))
    propensities = np.minimum(0.02 / weights, 1.0)
    predictions = Predictions(rng.normal(10.0, 1.0, size), rng.normal(10.0, 1.0, size))
    return evaluate_rows(rewards, propensities, weights * propensities, predictions=predictions)


def test_evaluate_rows_when_rewards_are_far_from_0_then_only_ips_is_skewed_and_the_others_cover() -> None:
    rng, repetitions = np.random.default_rng(31), 2000
    found = [far_from_zero(rng, 1000) for _ in range(repetitions)]

    def flagged(estimator: Estimator) -> Rate:
        return Rate(sum(bool(Caution.SKEWED & one.of(estimator).caution_at()) for one in found), repetitions)

    assert flagged(Estimator.IPS).is_at_least(0.99), flagged(Estimator.IPS)
    for estimator in (Estimator.SNIPS, Estimator.DOUBLY_ROBUST):
        assert flagged(estimator).is_at_most(0.1), flagged(estimator)
        rate = Rate(sum(covers(one, 10.0)[estimator] for one in found), repetitions)
        assert rate.agrees_with(0.95), f"{estimator}: {rate}"


def test_evaluate_rows_when_any_estimate_is_weak_then_the_evaluation_says_so() -> None:
    found = far_from_zero(np.random.default_rng(31), 1000)

    each = [values.caution_at() for values in found.values]

    assert each[0] != each[1]
    assert found.caution_at() == each[0] | each[1] | each[2]


def test_evaluate_rows_when_nothing_is_heavy_then_no_caution_and_intervals_cover() -> None:
    rng, rate = np.random.default_rng(22), 0.5
    found = [rare_action(rng, 0.5, 4000, rate=rate) for _ in range(2000)]

    covered = Rate(sum(covers(one, rate)[Estimator.SNIPS] for one in found), len(found))

    assert covered.agrees_with(0.95)
    warned = Rate(sum(bool(one.caution_at()) for one in found), len(found))
    assert warned.is_at_most(0.001)


def test_evaluate_rows_when_an_action_is_missing_from_the_log_then_weights_are_off() -> None:
    rng = np.random.default_rng(23)
    propensities = np.full(1000, 0.5)

    found = evaluate_rows(rng.normal(size=1000), propensities, rng.choice([0.1, 0.5], 1000))

    assert Caution.WEIGHTS_OFF & found.caution_at()


@pytest.mark.parametrize(
    ("estimator", "validity"),
    [
        (Estimator.IPS, Validity.ADAPTIVE_FIXED_LOOK),
        (Estimator.SNIPS, Validity.ADAPTIVE_FIXED_LOOK),
        (Estimator.DOUBLY_ROBUST, Validity.FIXED_LOOK),
    ],
)
def test_methods_when_asked_then_say_when_they_hold(estimator: Estimator, validity: Validity) -> None:
    assert METHODS[estimator].validity is validity
