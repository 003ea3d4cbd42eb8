"""How long it takes to show the best arm: claims, bounds and the fixed-horizon test that makes the same claim.

The claim is "this arm is better than all others", wrong with a probability of delta at most. The fixed test makes it at
one look, an equal split and a level of delta / K for each one-sided comparison (two arms: the two-sided test at delta),
with as many units as give it the power.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from services.bandit.lab.simulation import Trajectories
from shared.statistics.adaptive.stopping_rules import StoppingRule
from shared.statistics.adaptive.superiority import superiority_margins

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.intp]

DELTA: Final = 0.05
POWER: Final = 0.8
NEVER: Final = -1
_NODES: Final = 80


class Shown(NamedTuple):
    """Holds when an arm was first shown to be the best, and which, shape (R,); batch NEVER where none was."""

    batch: Indexes
    arm: Indexes


@dataclass(frozen=True, slots=True)
class Timing:
    """Says when runs decide.

    Attributes:
        most_units: Within which a share `POWER` of the runs decides, so that a plan for so many has that power; NaN
            where fewer runs ever do.
        expected_units: Mean units of a plan that ends then, whether decided or not; NaN likewise.
    """

    most_units: float
    expected_units: float


def first_shown(runs: Trajectories, rule: StoppingRule, *, delta: float = DELTA) -> Shown:
    """Returns the first decisions of all runs under a rule that looks after every batch."""
    margins = superiority_margins(runs.batches(), rule=rule, delta=delta)
    shown = margins.max(axis=-1) >= 0
    batch = np.where(shown.any(axis=-1), shown.argmax(axis=-1), NEVER)
    at = np.maximum(batch, 0)
    arms = margins[np.arange(len(batch)), at].argmax(axis=-1)
    return Shown(batch, arms)


def timing(shown: Shown, batch_unit_count: int) -> Timing:
    """Returns the units at which runs decide."""
    units = np.where(shown.batch == NEVER, np.inf, (shown.batch + 1.0) * batch_unit_count)
    most = float(np.sort(units)[int(np.ceil(POWER * units.size)) - 1])
    if np.isinf(most):
        return Timing(np.nan, np.nan)
    return Timing(most, float(np.minimum(units, most).mean()))


def fixed_power(values: Floats, variances: Floats, units_an_arm: float, *, delta: float = DELTA) -> float:
    """Returns the chance that the best arm leads every other beyond its bound at one look, by quadrature.

    Args:
        values: True means, shape (K,), the largest is the best.
        variances: Of a unit, shape (K,).
        units_an_arm: Units of each arm.
        delta: Error rate.
    """
    best = int(values.argmax())
    others = np.delete(np.arange(values.size), best)
    bound = -special.ndtri(delta / values.size)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    leader = values[best] + nodes[:, None] * np.sqrt(variances[best] / units_an_arm)
    reach = bound * np.sqrt((variances[best] + variances[others]) / units_an_arm)
    below = special.ndtr((leader - values[others] - reach) / np.sqrt(variances[others] / units_an_arm))
    return float(weights @ below.prod(axis=1) / weights.sum())


def fixed_unit_count(values: Floats, variances: Floats, *, delta: float = DELTA, power: float = POWER) -> int:
    """Returns units of all arms with which the fixed test has the power, a multiple of the number of arms."""

    def lack(log_units: float) -> float:
        return fixed_power(values, variances, float(np.exp(log_units)), delta=delta) - power

    return int(np.ceil(np.exp(optimize.brentq(lack, np.log(2), np.log(1e12), xtol=1e-10)))) * values.size


def fixed_choice(values: Floats, counts: Floats, squares: Floats, *, delta: float = DELTA) -> Indexes:
    """Returns the arm that the fixed test shows to be the best, NEVER where none, shape (R,).

    Args:
        values: Observed means, shape (R, K), the largest is the best.
        counts: Units, shape (R, K).
        squares: Squared deviations from the means, shape (R, K).
        delta: Error rate.
    """
    errors = squares / np.maximum(counts - 1, 1) / counts
    best = values.argmax(axis=1)
    runs = np.arange(len(best))
    with np.errstate(invalid="ignore", divide="ignore"):
        lead = (values[runs, best][:, None] - values) / np.sqrt(errors[runs, best][:, None] + errors)
    lead[runs, best] = np.inf
    bound = -special.ndtri(delta / values.shape[1])
    return np.where(lead.min(axis=1) >= bound, best, NEVER)
