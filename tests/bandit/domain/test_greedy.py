"""Epsilon-greedy weights: the best mean, the share of the others, and how it decays."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.greedy import greedy_weights
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import EpsilonGreedy, MetricDirection
from tests.bandit.domain.rewards import scaled, turned
from tests.bandit.examples import counted, measured

UP, DOWN = MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE

statistics = st.lists(st.tuples(st.integers(0, 1000), st.integers(-50, 50)), min_size=2, max_size=6).map(
    lambda arms: [measured(str(place), [value / 4] * count) for place, (count, value) in enumerate(arms)]
)
algorithms = st.builds(EpsilonGreedy, st.floats(0.001, 1), st.integers(0, 5000))


def slow(algorithm: EpsilonGreedy, arms: list[ArmStatistics]) -> list[float]:
    """Returns the weights by the definition, where more is better."""
    units = sum(arm.unit_count for arm in arms)
    decay = algorithm.half_share_unit_count
    epsilon = algorithm.epsilon * decay / (decay + units) if decay else algorithm.epsilon
    unknown = [arm.arm_id for arm in arms if arm.unit_count == 0]
    highest = max((arm.mean for arm in arms if arm.unit_count), default=0.0)
    best = unknown or [arm.arm_id for arm in arms if arm.mean == highest]
    return [epsilon / len(arms) + (arm.arm_id in best) * (1 - epsilon) / len(best) for arm in arms]


@settings(deadline=None)
@given(algorithms, statistics)
def test_weights_when_arms_are_known_then_those_of_the_definition_and_they_sum_to_one(
    algorithm: EpsilonGreedy, arms: list[ArmStatistics]
) -> None:
    weights = greedy_weights(algorithm, arms, UP)

    assert weights.tolist() == pytest.approx(slow(algorithm, arms), abs=1e-12)
    assert weights.sum() == pytest.approx(1)


@settings(deadline=None)
@given(algorithms, statistics, st.randoms(use_true_random=False))
def test_weights_when_arms_are_relabelled_then_they_follow(
    algorithm: EpsilonGreedy, arms: list[ArmStatistics], chance: random.Random
) -> None:
    order = list(range(len(arms)))
    chance.shuffle(order)

    weights = greedy_weights(algorithm, [arms[place] for place in order], UP)

    assert weights.tolist() == pytest.approx([greedy_weights(algorithm, arms, UP)[place] for place in order])


@settings(deadline=None)
@given(algorithms, statistics, st.sampled_from([1e-3, 0.5, 64.0]))
def test_weights_when_signs_or_units_change_then_they_stay(
    algorithm: EpsilonGreedy, arms: list[ArmStatistics], factor: float
) -> None:
    weights = greedy_weights(algorithm, arms, UP).tolist()

    assert greedy_weights(algorithm, turned(arms), DOWN).tolist() == weights
    assert greedy_weights(algorithm, scaled(arms, factor), UP).tolist() == weights


@pytest.mark.parametrize(("direction", "best"), [(UP, 1), (DOWN, 0)])
def test_weights_when_there_are_two_arms_then_the_better_one_gets_all_but_half_of_epsilon(
    direction: MetricDirection, best: int
) -> None:
    weights = greedy_weights(EpsilonGreedy(0.2), [counted("a", 10, 1), counted("b", 10, 2)], direction)

    assert weights[best] == pytest.approx(0.9)


@pytest.mark.parametrize(("unit_count", "epsilon"), [(0, 0.4), (500, 0.2), (1500, 0.1)])
def test_weights_when_units_come_then_epsilon_is_halved_at_the_count_given(unit_count: int, epsilon: float) -> None:
    arms = [counted("a", unit_count, unit_count // 2), counted("b", 0)]

    weights = greedy_weights(EpsilonGreedy(0.4, 500), arms, UP)

    assert weights.sum() == pytest.approx(1)
    assert weights[0] == pytest.approx(epsilon / 2 if unit_count else 0.5)


def test_weights_when_nothing_is_known_or_all_is_equal_then_an_equal_split() -> None:
    nothing, equal = [counted(arm_id, 0) for arm_id in "abc"], [counted(arm_id, 8, 2) for arm_id in "abc"]

    for arms in (nothing, equal):
        assert greedy_weights(EpsilonGreedy(0.1), arms, UP).tolist() == pytest.approx([1 / 3] * 3)


def test_weights_when_the_best_arm_gets_better_then_nothing_changes() -> None:
    arms = [counted("a", 10, 1), counted("b", 10, 2)]
    better = [arms[0], replace(arms[1], value_sum=9.0, mean=0.9)]

    before, after = (greedy_weights(EpsilonGreedy(), one, UP).tolist() for one in (arms, better))
    assert before == after
