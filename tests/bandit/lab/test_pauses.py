"""Pauses counted by hand, and guardrails that are played."""

import math

import numpy as np
import pytest

from services.bandit.lab.pauses import first_paused, pausing_of
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.simulation import Trajectories, simulate
from services.bandit.lab.studies import STUDIES
from shared.definition.model import MetricDirection
from tests.bandit.lab.runs import problem

HARMLESS = next(study for study in STUDIES if study.name == "harmless-five")


def served(*weights: list[list[float]], units: float = 100) -> Trajectories:
    """Returns runs that were served these weights, batch by batch."""
    shares = np.array(weights)
    nothing = np.zeros_like(shares)
    return Trajectories(MetricDirection.MAXIMIZE, nothing, shares, shares * units, nothing, nothing)


RUNS = served(
    [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.75, 0.0, 0.25]],
    [[0.5, 0.25, 0.25], [0.75, 0.0, 0.25], [0.75, 0.0, 0.25]],
    [[0.5, 0.25, 0.25], [0.75, 0.25, 0.0], [0.75, 0.25, 0.0]],
)


def test_first_paused_when_a_weight_is_nothing_then_that_batch() -> None:
    assert first_paused(RUNS).tolist() == [[-1, 2, -1], [-1, 1, -1], [-1, -1, 1]]


def test_pausing_when_worked_out_by_hand_then_those() -> None:
    found = pausing_of("thompson", RUNS, [0.1, 0.2, 0.1])

    assert found.caught.value == pytest.approx(2 / 3)
    # Within 100, 200 and never: half of three runs are two of them, 80 % are all.
    assert found.median_units == 200
    assert math.isnan(found.most_units)
    assert found.harmful_share.value == pytest.approx((50 + 25 + 75) / 900)
    assert found.falsely.value == pytest.approx(1 / 3)


def test_pausing_when_nobody_harms_then_only_false_pauses() -> None:
    found = pausing_of("thompson", RUNS, [0.1, 0.1, 0.1])

    assert found.falsely.value == 1
    assert math.isnan(found.caught.value)
    assert math.isnan(found.median_units)


def test_pausing_when_only_the_control_is_without_harm_then_nothing_is_falsely_paused() -> None:
    assert math.isnan(pausing_of("thompson", RUNS, [0.1, 0.2, 0.2]).falsely.value)


@pytest.mark.parametrize("name", ["equal", "thompson"])
def test_runs_when_the_better_arm_harms_then_it_is_paused_and_gets_nobody(name: str) -> None:
    harmful = problem(0.1, 0.2, batch_unit_count=500, batch_count=20, harm_rates=(0.05, 0.3))

    runs = simulate(harmful, POLICIES[name], runs=5, seed=5)

    assert (runs.weights[:, -1] == [1, 0]).all()
    assert (runs.counts[:, -1] == [500, 0]).all()


def test_runs_when_no_guardrail_is_asked_for_then_nobody_is_paused() -> None:
    free = problem(0.1, 0.2, batch_unit_count=500, batch_count=20)

    assert (first_paused(simulate(free, POLICIES["thompson"], runs=5, seed=5)) == -1).all()


def test_runs_when_nobody_harms_then_seldom_paused() -> None:
    runs = simulate(HARMLESS.problem, EQUAL, runs=40, seed=5)

    # Of 40 runs at the promised 5 %, six or more are paused once in 70 times.
    assert (first_paused(runs) != -1).any(axis=1).sum() < 6
