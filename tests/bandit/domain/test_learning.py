"""Weights follow the data within the controls of the experiment."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.learning import target_weights
from services.bandit.domain.posterior import beta_posterior
from shared.definition.model import BetaThompson, FixedSplit, GaussianThompson, MetricDirection
from tests.bandit.examples import CONVERSION, SALES, arms, counted, experiment, measured, policy, split

IDS = ("control", "blue", "green")


def learned(*results: tuple[int, int], **controls: Any) -> list[float]:
    """Returns the weights of control, blue and green after so many units with so many successes each."""
    statistics = [counted(arm_id, *result) for arm_id, result in zip(IDS, results, strict=True)]
    definition = experiment(allocation_policy=policy(BetaThompson(), **controls))
    return list(target_weights(definition, statistics))


def asked(*results: tuple[int, int]) -> list[float]:
    """Returns the probabilities of being best."""
    statistics = [counted(arm_id, *result) for arm_id, result in zip(IDS, results, strict=False)]
    return list(beta_posterior(BetaThompson(), statistics, MetricDirection.MAXIMIZE).probability_best)


def test_weights_when_nothing_is_controlled_then_the_probabilities_of_being_best() -> None:
    results = (100, 10), (100, 15), (100, 12)

    assert learned(*results) == pytest.approx(asked(*results))


@pytest.mark.parametrize("burn_in", [1, 100])
def test_weights_when_every_arm_burns_in_then_equal(burn_in: int) -> None:
    assert learned((0, 0), (0, 0), (0, 0), burn_in_unit_count=burn_in) == pytest.approx([1 / 3] * 3)


def test_weights_when_one_unit_is_missing_then_the_arm_burns_in_and_with_it_no_more() -> None:
    rest = (1000, 100), (1000, 200)

    assert learned((99, 0), *rest, burn_in_unit_count=100)[0] == pytest.approx(1 / 3)
    assert learned((100, 0), *rest, burn_in_unit_count=100)[0] < 0.01


def test_weights_when_an_arm_is_added_late_then_an_equal_share_and_the_others_divide_the_rest_as_without_it() -> None:
    results = (1000, 100), (1000, 110)

    weights = learned(*results, (0, 0), burn_in_unit_count=100)

    assert weights[2] == pytest.approx(1 / 3)
    assert weights[:2] == pytest.approx([2 / 3 * chance for chance in asked(*results)])


def test_weights_when_floors_are_given_then_they_are_added_under_what_is_asked() -> None:
    results = (1000, 100), (1000, 150), (1000, 100)

    weights = learned(*results, exploration_floor=0.05, min_control_share=0.2)

    assert weights == pytest.approx(np.array([0.2, 0.05, 0.05]) + 0.7 * np.array(asked(*results)))


def test_weights_when_the_floor_is_above_the_least_control_share_then_the_floor_holds_for_the_control() -> None:
    weights = learned((9000, 0), (9000, 9000), (9000, 0), exploration_floor=0.1, min_control_share=0.05)

    assert weights == pytest.approx([0.1, 0.8, 0.1])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(0, 1)), min_size=3, max_size=3),
    st.floats(0, 0.3),
    st.floats(0, 0.4),
    st.integers(0, 10**4),
)
def test_weights_when_anything_happens_then_they_sum_to_one_and_keep_the_floors(
    results: list[tuple[int, float]], floor: float, control: float, burn_in: int
) -> None:
    counts = [(count, round(count * rate)) for count, rate in results]

    weights = learned(*counts, exploration_floor=floor, min_control_share=control, burn_in_unit_count=burn_in)

    assert sum(weights) == pytest.approx(1)
    assert weights[0] >= max(floor, control) - 1e-12
    assert min(weights) >= floor - 1e-12


def test_weights_when_less_is_better_then_the_lowest_arm_gets_most() -> None:
    results = [counted("control", 1000, 100), counted("blue", 1000, 60), counted("green", 1000, 110)]
    fewer = replace(CONVERSION, direction=MetricDirection.MINIMIZE)
    definition = experiment(metrics=(fewer,), allocation_policy=policy(BetaThompson()))

    weights = target_weights(definition, results)

    assert weights[1] > 0.99


def test_weights_when_the_values_are_all_alike_then_equal_as_nothing_is_known() -> None:
    definition = experiment(metrics=(SALES,), allocation_policy=policy(GaussianThompson()))

    results = [measured("control", [0.1] * 3), measured("blue", [0.1] * 7), measured("green", [0.1] * 11)]
    weights = target_weights(definition, results)

    assert weights.tolist() == pytest.approx([1 / 3] * 3)


def test_weights_when_split_then_as_given_whatever_the_data_and_the_controls() -> None:
    statistics = [counted("control", 1000, 0), counted("blue", 1000, 999), counted("green", 0)]
    given_split = split(0.2, 0.3, 0.5)
    controlled = replace(given_split, controls=replace(given_split.controls, exploration_floor=0.33))

    assert target_weights(experiment(allocation_policy=given_split), statistics).tolist() == pytest.approx(
        [0.2, 0.3, 0.5]
    )
    assert target_weights(experiment(allocation_policy=controlled), statistics).tolist() == pytest.approx(
        [0.2, 0.3, 0.5]
    )


def test_weights_when_split_without_weights_then_equal() -> None:
    definition = experiment(arms=arms("a", "b", "c", "d"), allocation_policy=policy(FixedSplit()))

    assert target_weights(definition, [counted(arm.arm_id, 0) for arm in definition.arms]).tolist() == [0.25] * 4


def test_weights_when_split_in_another_order_than_the_arms_then_each_arm_has_its_own() -> None:
    shuffled = split(0.5, 0.3, 0.2, arm_ids=("green", "control", "blue"))

    weights = target_weights(experiment(allocation_policy=shuffled), [counted(arm_id, 0) for arm_id in IDS])

    assert weights.tolist() == pytest.approx([0.3, 0.2, 0.5])
