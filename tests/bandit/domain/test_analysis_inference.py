"""Fixed-horizon tests hold for the analysis split while the policy learns and rates drift; for the rest they do not."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.analysis_split import initial_weights
from services.bandit.domain.learning import target_weights
from shared.definition.model import BetaThompson
from shared.statistics.fixed.proportions import compare_proportions
from tests.bandit.examples import arms, counted, experiment, policy

THOMPSON = experiment(arms=arms("control", "blue"), allocation_policy=policy(BetaThompson(), exploration_floor=0.01))
FIXED = initial_weights(THOMPSON, frozenset())
UPDATES, LEARNED_UNITS, SPLIT_UNITS, RUNS = 20, 150, 100, 500
# Both arms convert alike, and better every hour: whoever is given more units late looks better than it is.
RATES = np.linspace(0.1, 0.4, UPDATES)


@dataclass(frozen=True)
class Sums:
    """Holds units and conversions of both arms, (runs, 2)."""

    units: NDArray[np.int64]
    conversions: NDArray[np.int64]

    def false_alarms(self) -> float:
        """Returns how often a score test at 5 % calls the arms different."""
        found = compare_proportions(
            treatment_successes=self.conversions[:, 1],
            treatment_count=self.units[:, 1],
            control_successes=self.conversions[:, 0],
            control_count=self.units[:, 0],
        )
        return float((found.p_value < 0.05).mean())


@pytest.fixture(scope="module")
def played() -> tuple[Sums, Sums]:
    """What is known at the end of the units in the split, and of those that were learned from."""
    rng = np.random.default_rng(11)
    sides = np.zeros((2, 2, RUNS, 2), np.int64)
    for run in range(RUNS):
        for rate in RATES:
            units, conversions = sides[:, 0, run], sides[:, 1, run]
            known = [counted(f"{arm}", int(units[1, arm]), int(conversions[1, arm])) for arm in range(2)]
            for side, size, weights in ((0, SPLIT_UNITS, FIXED), (1, LEARNED_UNITS, target_weights(THOMPSON, known))):
                fresh = rng.multinomial(size, weights)
                units[side] += fresh
                conversions[side] += rng.binomial(fresh, rate)
    split, learned = (Sums(side[0], side[1]) for side in sides)
    return split, learned


def test_split_when_arms_are_alike_and_rates_drift_then_a_fixed_look_has_its_error_rate(
    played: tuple[Sums, Sums],
) -> None:
    # Four standard errors of a share of the runs.
    assert played[0].false_alarms() == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / RUNS) ** 0.5)


def test_rest_when_arms_are_alike_and_rates_drift_then_a_fixed_look_misleads(played: tuple[Sums, Sums]) -> None:
    assert played[1].false_alarms() > 0.5
