"""An earlier experiment is where warm policies start, and nothing to cold ones."""

import numpy as np
import pytest

from services.bandit.lab.measures import regret
from services.bandit.lab.policies import POLICIES
from services.bandit.lab.problems import Earlier
from services.bandit.lab.simulation import simulate
from tests.bandit.lab.runs import problem

RATES = (0.1, 0.1, 0.3)
ALIKE = problem(*RATES, earlier=Earlier(RATES, 1000))
MISLEADING = problem(*RATES, earlier=Earlier(RATES[::-1], 1000))


def test_weights_when_the_earlier_experiment_was_plain_then_from_the_first_unit() -> None:
    runs = simulate(ALIKE, POLICIES["thompson-warm"], runs=3, seed=5)

    assert (runs.weights[:, 0, 2] > 0.9).all()


def test_weights_when_policies_start_cold_then_as_if_there_had_been_no_earlier_experiment() -> None:
    with_it, without = (simulate(one, POLICIES["thompson"], runs=3, seed=5) for one in (ALIKE, problem(*RATES)))

    assert (with_it.weights == without.weights).all()


@pytest.mark.parametrize("name", ["thompson-warm", "thompson-warm-100"])
def test_regret_when_the_earlier_experiment_misleads_then_more_than_when_it_was_alike(name: str) -> None:
    alike, misleading = (regret(simulate(one, POLICIES[name], runs=5, seed=5))[:, -1] for one in (ALIKE, MISLEADING))

    assert misleading.min() > alike.max()


def test_earlier_when_worth_fewer_units_then_it_misleads_less() -> None:
    long, short = (POLICIES[name] for name in ("thompson-warm", "thompson-warm-100"))

    lost, saved = (regret(simulate(MISLEADING, policy, runs=5, seed=5))[:, -1] for policy in (long, short))

    assert np.mean(lost) > np.mean(saved)
