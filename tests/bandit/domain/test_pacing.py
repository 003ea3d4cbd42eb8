"""A budget lasts: weights are mixed with the cheapest arm's, as little as what is left allows."""

from datetime import timedelta
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit.domain.pacing import Allowance, allowance, cheapest_arm, kept_share, paced, spent, unit_costs
from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import Arm, Budget, Experiment, GaussianThompson
from tests.bandit.examples import MINUTE, NOW, by_arm, counted, experiment, policy

Floats = NDArray[np.float64]

HOUR = timedelta(hours=1)
NOBODY: frozenset[str] = frozenset()
TOLERANCE = 1e-9

fractions = st.floats(0, 1)
amounts = st.floats(1e-6, 1e9)
cases = st.lists(st.tuples(st.floats(1e-6, 1), st.floats(0, 1e6)), min_size=2, max_size=6)


def budgeted(*costs: float, amount: float = 100.0, **controls: Any) -> Experiment:
    """Returns an experiment with a budget for the two hours after its start."""
    arms = tuple(Arm(f"arm{place}", control=place == 1, cost=cost) for place, cost in enumerate(costs))
    budget = Budget(amount, NOW + 2 * HOUR)
    return experiment(arms=arms, allocation_policy=policy(GaussianThompson(), budget=budget, **controls))


def asked_of(case: list[tuple[float, float]]) -> tuple[Experiment, Floats]:
    """Returns an experiment with these costs, and weights."""
    weights = np.array([weight for weight, _ in case])
    return budgeted(*(cost for _, cost in case)), weights / weights.sum()


def cost_of(weights: Floats, definition: Experiment) -> float:
    """Returns what a unit costs on average."""
    return float(weights @ [arm.cost for arm in definition.arms])


def share_of(definition: Experiment, asked: Floats, allowed: Allowance) -> float:
    """Returns the share of the weights that is kept."""
    return kept_share(asked, unit_costs(definition), cheapest_arm(definition, NOBODY), allowed)


@given(cases, amounts, st.floats(0, 1e9))
def test_paced_when_units_come_as_expected_then_never_above_what_is_left(
    case: list[tuple[float, float]], left: float, unit_count: float
) -> None:
    definition, asked = asked_of(case)
    cheapest = cheapest_arm(definition, NOBODY)

    mixed = paced(asked, definition, NOBODY, Allowance(left, unit_count))

    assert mixed.sum() == pytest.approx(1, abs=TOLERANCE)
    spending = cost_of(mixed, definition) * unit_count
    assert spending <= left * (1 + TOLERANCE) or mixed.tolist() == np.eye(len(case))[cheapest].tolist()


@given(cases, amounts, st.floats(0, 1e9), fractions)
def test_share_when_more_were_kept_then_more_than_what_is_left_would_be_spent(
    case: list[tuple[float, float]], left: float, unit_count: float, fraction: float
) -> None:
    definition, asked = asked_of(case)
    kept = share_of(definition, asked, Allowance(left, unit_count))
    more = kept + fraction * (1 - kept)

    mixed = more * asked
    mixed[cheapest_arm(definition, NOBODY)] += 1 - more

    assert 0 <= kept <= 1
    assert more == kept or cost_of(mixed, definition) * unit_count >= left * (1 - TOLERANCE)


@given(cases, amounts, st.floats(1, 1e9), st.floats(1, 10))
def test_share_when_more_is_left_or_fewer_units_come_then_no_less_is_kept(
    case: list[tuple[float, float]], left: float, unit_count: float, factor: float
) -> None:
    definition, asked = asked_of(case)

    kept = share_of(definition, asked, Allowance(left, unit_count))

    assert share_of(definition, asked, Allowance(left * factor, unit_count)) >= kept
    assert share_of(definition, asked, Allowance(left, unit_count * factor)) <= kept


@given(cases, amounts, st.floats(1, 1e9))
def test_paced_when_weights_are_mixed_then_the_other_arms_stay_in_proportion(
    case: list[tuple[float, float]], left: float, unit_count: float
) -> None:
    definition, asked = asked_of(case)
    cheapest = cheapest_arm(definition, NOBODY)

    mixed = np.delete(paced(asked, definition, NOBODY, Allowance(left, unit_count)), cheapest)

    others = np.delete(asked, cheapest)
    assert mixed * others.sum() == pytest.approx(others * mixed.sum(), rel=1e-6, abs=1e-12)


def test_paced_when_there_is_no_budget_or_enough_is_left_then_as_asked() -> None:
    definition, asked = budgeted(1.0, 0.0, 2.0), np.array([0.2, 0.3, 0.5])

    assert paced(asked, definition, NOBODY, None) is asked
    assert paced(asked, definition, NOBODY, Allowance(12.0, 10.0)).tolist() == asked.tolist()
    assert paced(asked, definition, NOBODY, Allowance(1e-9, 0.0)).tolist() == asked.tolist()


def test_paced_when_half_of_it_is_left_then_half_goes_to_the_cheapest() -> None:
    mixed = paced(np.array([0.2, 0.3, 0.5]), budgeted(1.0, 0.0, 2.0), NOBODY, Allowance(6.0, 10.0))

    assert mixed.tolist() == pytest.approx([0.1, 0.65, 0.25])


@pytest.mark.parametrize("left", [0.0, -3.0])
def test_paced_when_nothing_is_left_then_everybody_gets_the_cheapest(left: float) -> None:
    for unit_count in (0.0, 10.0):
        mixed = paced(np.array([0.2, 0.3, 0.5]), budgeted(1.0, 0.0, 2.0), NOBODY, Allowance(left, unit_count))

        assert mixed.tolist() == [0.0, 1.0, 0.0]


def test_paced_when_even_the_cheapest_is_too_dear_then_everybody_gets_it() -> None:
    mixed = paced(np.array([0.2, 0.3, 0.5]), budgeted(3.0, 2.0, 1.0), NOBODY, Allowance(5.0, 10.0))

    assert mixed.tolist() == [0.0, 0.0, 1.0]


def test_paced_when_all_arms_cost_the_same_then_as_asked_while_it_is_within_what_is_left() -> None:
    asked, definition = np.array([0.2, 0.3, 0.5]), budgeted(1.0, 1.0, 1.0)

    assert paced(asked, definition, NOBODY, Allowance(10.0, 10.0)).tolist() == asked.tolist()
    assert paced(asked, definition, NOBODY, Allowance(9.0, 10.0)).tolist() == [0.0, 1.0, 0.0]


def test_cheapest_when_arms_cost_the_same_then_the_control_then_the_first() -> None:
    assert cheapest_arm(budgeted(0.0, 0.0, 0.0), NOBODY) == 1
    assert cheapest_arm(budgeted(0.0, 1.0, 0.0), NOBODY) == 0
    assert cheapest_arm(budgeted(2.0, 1.0, 0.5), NOBODY) == 2


def test_cheapest_when_an_arm_is_paused_then_it_is_no_way_out() -> None:
    assert cheapest_arm(budgeted(2.0, 1.0, 0.5), frozenset({"arm2"})) == 1


def version(number: int, costs: dict[str, float], *unit_counts: int) -> VersionStatistics:
    """Returns what is known of the units of one version."""
    arms = by_arm(*(counted(f"arm{place}", count) for place, count in enumerate(unit_counts)))
    return VersionStatistics(number, None, arms, {}, costs)


def test_spent_when_costs_changed_and_arms_went_then_by_what_they_cost_then() -> None:
    versions = [
        version(1, {"arm0": 1.0, "arm1": 0.0, "arm2": 2.5}, 10, 20, 4),
        version(2, {"arm0": 3.0, "arm1": 0.0}, 5, 20),
        version(3, {}, 100, 100),
    ]

    assert spent(versions) == 10 + 10 + 15
    assert spent([]) == 0


def test_allowance_when_units_came_then_they_are_expected_to_come_as_they_did() -> None:
    known = [version(1, {"arm0": 2.0}, 10, 20, 0)]

    allowed = allowance(budgeted(2.0, 0.0, 0.0), known, now=NOW + HOUR / 2)

    assert allowed is not None
    assert (allowed.left, allowed.unit_count) == pytest.approx((80.0, 90.0))


def test_allowance_when_the_end_is_near_then_for_one_update_interval_at_least() -> None:
    known = [version(1, {"arm0": 2.0}, 10, 20, 0)]

    allowed = allowance(budgeted(2.0, 0.0, 0.0, update_interval=HOUR), known, now=NOW + 2 * HOUR - MINUTE)

    assert allowed is not None
    assert allowed.unit_count == pytest.approx(30 * 60 / 119)


@pytest.mark.parametrize("after", [2 * HOUR, 5 * HOUR])
def test_allowance_when_the_budget_has_ended_then_nothing_is_left(after: timedelta) -> None:
    allowed = allowance(budgeted(2.0, 0.0, 0.0), [], now=NOW + after)

    assert allowed is not None
    assert allowed.is_used_up


def test_allowance_when_it_has_only_started_then_nobody_is_expected_yet() -> None:
    allowed = allowance(budgeted(2.0, 0.0, 0.0), [], now=NOW)

    assert allowed == Allowance(100.0, 0.0)
    assert allowed.limit == inf


def test_allowance_when_there_is_no_budget_then_none() -> None:
    assert allowance(experiment(), [], now=NOW) is None
