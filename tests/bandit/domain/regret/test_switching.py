"""Forgetting pays where arms change, as in Garivier and Moulines 2011, and costs little where they do not."""

from collections.abc import Sequence

import numpy as np
import pytest

from shared.definition.model import Algorithm, BetaThompson, KlUcb, Ucb1
from tests.bandit.domain.regret.served import HOUR, regret
from tests.bandit.domain.rewards import definition_of

FORGETTING = [{"half_life": 6 * HOUR}, {"window": 12 * HOUR}]


def switching(hour: int) -> Sequence[float]:
    """Returns rates of which the best becomes the worst, and comes back."""
    return (0.5, 0.3, 0.2) if hour < 25 or hour >= 60 else (0.1, 0.3, 0.5)


def steady(hour: int) -> Sequence[float]:
    return (0.5, 0.3, 0.2)


def losses(algorithm: Algorithm, rates: object, *, runs: int, **controls: object) -> np.ndarray:
    definition = definition_of(algorithm, exploration_floor=0.01, **controls)
    return np.array([regret(definition, rates, hours=80, visitors=40, seed=seed) for seed in range(runs)])  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", [BetaThompson(), Ucb1(), KlUcb()])
@pytest.mark.parametrize("controls", FORGETTING)
def test_regret_when_arms_switch_then_who_forgets_loses_less(algorithm: Algorithm, controls: dict[str, object]) -> None:
    plain = losses(algorithm, switching, runs=6)
    forgetting = losses(algorithm, switching, runs=6, **controls)

    saved = plain - forgetting
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))


@pytest.mark.parametrize("controls", FORGETTING)
def test_regret_when_arms_are_steady_then_forgetting_costs_but_stays_far_below_an_equal_split(
    controls: dict[str, object],
) -> None:
    plain, forgetting = (losses(BetaThompson(), steady, runs=6, **one) for one in ({}, controls))

    equal_split = 80 * 40 * (0.5 - 1 / 3)
    assert plain.mean() < forgetting.mean() < 0.5 * equal_split
