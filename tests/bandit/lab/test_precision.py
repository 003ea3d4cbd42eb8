"""Precision of an equal split beside itself, and of a lopsided one."""

import numpy as np
import pytest

from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.precision import precision_of
from services.bandit.lab.simulation import simulate
from tests.bandit.lab.runs import problem

PLAYED = problem(0.1, 0.2, batch_unit_count=200, batch_count=20)


def test_precision_when_the_split_is_equal_then_the_yardstick_itself() -> None:
    runs = simulate(PLAYED, EQUAL, runs=200, seed=5)

    found = precision_of("equal", runs, runs)

    assert found.ratio == pytest.approx(1)
    assert found.coverage == found.plain_coverage
    assert found.coverage.low <= 0.95 <= found.coverage.high
    # The known width: 2 z sqrt((p q + p' q') / n) with 2,000 units an arm.
    assert found.width.value == pytest.approx(2 * 1.96 * np.sqrt((0.09 + 0.16) / 2000), rel=0.02)


def test_precision_when_a_bandit_starves_an_arm_then_wider_and_still_valid() -> None:
    equal, bandit = (simulate(PLAYED, POLICIES[name], runs=40, seed=5) for name in ("equal", "thompson"))

    found = precision_of("thompson", bandit, equal)

    assert found.ratio > 1.5
    assert found.units_factor == pytest.approx(found.ratio**2)
    assert found.coverage.high >= 0.95
