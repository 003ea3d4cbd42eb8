"""The fixed test's size against the planner, and decisions against cases that were worked out by hand."""

import numpy as np
import pytest

from services.bandit.lab.decisions import (
    NEVER,
    POWER,
    Shown,
    first_shown,
    fixed_choice,
    fixed_power,
    fixed_unit_count,
    timing,
)
from services.bandit.lab.policies import EQUAL
from services.bandit.lab.simulation import simulate
from services.bandit.lab.studies import STUDIES, Question
from services.bandit.lab.verdicts import any_time_decision, false_alarms, fixed_decision, planned_decision
from shared.statistics.adaptive.stopping_rules import AnyTime
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.sample_size import sample_size
from tests.bandit.lab.runs import problem, trajectories

RATES = np.array([0.1, 0.12])
STUDY = next(study for study in STUDIES if study.question is Question.DECISION)


def test_fixed_units_when_there_are_two_arms_then_those_of_the_planner() -> None:
    planned = sample_size(Baseline.proportion(0.1), Plan(), difference=0.02)

    # The planner's two-sided power counts wrong-sign rejections, too: less than 1e-6 of them.
    assert fixed_unit_count(RATES, RATES * (1 - RATES)) == pytest.approx(float(planned.arms.sum()), abs=4)


def test_fixed_power_when_there_are_five_arms_then_that_of_simulated_tests() -> None:
    rates = np.array([0.1, 0.1, 0.11, 0.1, 0.13])
    rng, units, runs = np.random.default_rng(3), 6000, 20_000
    successes = rng.binomial(units, rates, (runs, 5))
    counts = np.full((runs, 5), float(units))

    chosen = fixed_choice(successes / units, counts, successes * (1 - successes / units))

    power = fixed_power(rates, rates * (1 - rates), units)
    assert (chosen == 4).mean() == pytest.approx(power, abs=4 * np.sqrt(power * (1 - power) / runs))


def test_fixed_choice_when_no_arm_leads_far_enough_then_none() -> None:
    values, counts = np.array([[0.1, 0.101], [0.1, 0.2]]), np.full((2, 2), 1000.0)

    assert fixed_choice(values, counts, counts * values * (1 - values)).tolist() == [NEVER, 1]


def test_timing_when_a_fifth_never_decides_then_the_rest_gives_the_plan() -> None:
    shown = Shown(np.array([0, 1, 2, 3, NEVER]), np.zeros(5, dtype=int))

    found = timing(shown, 100)

    assert found.most_units == 400
    assert found.expected_units == pytest.approx((100 + 200 + 300 + 400 + 400) / 5)


def test_timing_when_too_few_decide_then_not_told() -> None:
    assert np.isnan(timing(Shown(np.array([0, 1, NEVER, NEVER, NEVER]), np.zeros(5, dtype=int)), 100).most_units)


def test_first_shown_when_an_arm_is_far_better_then_it_and_at_once() -> None:
    counts = np.full((2, 5, 2), 500.0)
    runs = trajectories(np.array([[[0.1, 0.9]] * 5, [[0.5, 0.5]] * 5]), counts)

    found = first_shown(runs, AnyTime(5000))

    assert found.batch.tolist() == [0, NEVER]
    assert found.arm[0] == 1


def test_decisions_when_the_split_is_equal_then_power_and_error_are_as_planned() -> None:
    runs = simulate(STUDY.problem, EQUAL, runs=400, seed=5)

    fixed = fixed_decision(STUDY, runs)
    planned, any_time = planned_decision(STUDY, "equal", runs), any_time_decision(STUDY, "equal", runs)

    assert fixed.decided.low <= POWER <= fixed.decided.high
    assert fixed.wrong.low <= 0.05
    # What looking costs: O'Brien-Fleming's last look is a few percent later, a confidence sequence's far more.
    assert 0.85 < planned.most < 1.25 < any_time.most
    assert planned.expected < 1
    assert planned.decided.value >= POWER


def test_false_alarms_when_arms_are_alike_then_rules_keep_their_level_and_peeking_does_not() -> None:
    runs = simulate(problem(0.1, 0.1, batch_unit_count=500, batch_count=40), EQUAL, runs=400, seed=5)

    any_time, planned, peeking = false_alarms("equal", runs)

    assert any_time.within_level
    assert planned.within_level
    assert not peeking.within_level
