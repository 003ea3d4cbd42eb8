"""Forgetting pays where arms change, as in Garivier and Moulines 2011, and costs little where they do not."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.definition.model import Algorithm, BetaThompson, KlUcb, Ucb1
from tests.bandit.domain.regret.served import HOUR, regret
from tests.bandit.domain.rewards import definition_of

HOURS, VISITORS = 80, 1000
FORGETTING = [{"half_life": 6 * HOUR}, {"window": 12 * HOUR}]


def switching(hour: int) -> Sequence[float]:
    """Returns rates of which the best becomes the worst, and comes back."""
    return (0.5, 0.3, 0.2) if hour < 25 or hour >= 60 else (0.1, 0.3, 0.5)


def steady(hour: int) -> Sequence[float]:
    return (0.5, 0.3, 0.2)


def losses(
    algorithm: Algorithm, rates: Callable[[int], Sequence[float]], *, runs: int, **controls: Any
) -> NDArray[np.float64]:
    definition = definition_of(algorithm, exploration_floor=0.01, **controls)
    return np.array([regret(definition, rates, hours=HOURS, visitors=VISITORS, seed=seed) for seed in range(runs)])


@pytest.mark.parametrize("algorithm", [BetaThompson(), Ucb1(), KlUcb()])
@pytest.mark.parametrize("controls", FORGETTING)
def test_regret_when_arms_switch_then_who_forgets_loses_less(algorithm: Algorithm, controls: dict[str, Any]) -> None:
    plain = losses(algorithm, switching, runs=5)
    forgetting = losses(algorithm, switching, runs=5, **controls)

    saved = plain - forgetting
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))


@pytest.mark.parametrize("controls", FORGETTING)
def test_regret_when_arms_are_steady_and_plain_then_forgetting_costs_hardly_anything(controls: dict[str, Any]) -> None:
    plain, forgetting = (losses(BetaThompson(), steady, runs=5, **one) for one in ({}, controls))

    extra = forgetting - plain
    assert extra.mean() < 0.05 * plain.mean() + 3 * extra.std(ddof=1) / np.sqrt(len(extra))
