"""What a bandit is going to do, by simulation, beside a fixed split of the same units: numbers to choose by.

Gains are counted with the arms' true values, not with drawn rewards, so that chance enters by allocations and by the
selection only.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.planning.bandit_plan import BanditPlan
from shared.statistics.planning.bandit_runs import Runs, rewards
from shared.statistics.planning.baseline import Baseline

Floats: TypeAlias = NDArray[np.float64]

_QUANTILES: Final = (0.1, 0.5, 0.9)


class Estimate(NamedTuple):
    """Is a mean over repetitions with its Monte-Carlo standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Says what one way of running an experiment leads to, over the repetitions of a simulation.

    Attributes:
        days: Until all units go to one arm.
        days_quantiles: Their 10 %, 50 % and 90 % quantiles.
        ends_early: Share of repetitions that stop before the horizon.
        right_selection: Share of repetitions that select an arm of the best value.
        gain: Sum of the metric until the horizon, above that of an equal split all along, in the good direction:
            extra conversions, for proportions.
        repetitions: How many there were.
    """

    days: Estimate
    days_quantiles: tuple[float, float, float]
    ends_early: Estimate
    right_selection: Estimate
    gain: Estimate
    repetitions: int


def forecast(arms: Baseline, plan: BanditPlan, *, rng: np.random.Generator, repetitions: int = 2000) -> Forecast:
    """Returns what a bandit leads to.

    Proportions are drawn as successes; sums of other metrics as normal, with the variances given.

    Args:
        arms: Assumed values of the K arms, shape (K,), K >= 2.
        plan: How the bandit runs.
        rng: Source of chance; the same state gives the same forecast.
        repetitions: 100 or more. Ten arms, 60 batches and 2000 repetitions take a few seconds.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    _check(arms, plan.floor, repetitions)
    runs = Runs.start(arms, plan, repetitions)
    for _ in range(plan.batch_count):
        if not runs.learning.any():
            break
        runs.add_batch(arms, plan, rng)
    return _forecast(arms, plan, units=runs.units, selected=runs.leader, learnt_value=runs.value)


def forecast_fixed(
    arms: Baseline, plan: BanditPlan, *, unit_count: int, rng: np.random.Generator, repetitions: int = 2000
) -> Forecast:
    """Returns what an equal split leads to that ends after so many units, when all go to the arm of the highest mean.

    Args:
        arms: As for `forecast`.
        plan: Of which the traffic, the horizon and the good direction are used.
        unit_count: Of all arms together in the test, such as `sample_size` gives; at most those until the horizon.
        rng: As for `forecast`.
        repetitions: As for `forecast`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    _check(arms, plan.floor, repetitions)
    size = arms.shape[0]
    if not 2 * size <= unit_count <= plan.horizon_unit_count:
        raise invalid_field("unit_count", f"{unit_count}, must be from {2 * size} to {plan.horizon_unit_count}")
    counts = np.full((repetitions, size), unit_count // size)
    leader = (plan.side * rewards(arms, counts, rng)).argmax(axis=-1)
    learnt = np.full(repetitions, unit_count * float(arms.value.mean()))
    return _forecast(arms, plan, units=np.full(repetitions, float(unit_count)), selected=leader, learnt_value=learnt)


def advantage(bandit: Forecast, fixed: Forecast) -> Estimate:
    """Returns the bandit's gain above the fixed split's; within two standard errors of 0 there is nothing to choose."""
    error = math.hypot(bandit.gain.standard_error, fixed.gain.standard_error)
    return Estimate(bandit.gain.value - fixed.gain.value, error)


def _forecast(
    arms: Baseline, plan: BanditPlan, *, units: Floats, selected: NDArray[np.intp], learnt_value: Floats
) -> Forecast:
    """Returns what the repetitions have in common; after learning, all units until the horizon get the selected arm."""
    value = learnt_value + (plan.horizon_unit_count - units) * arms.value[selected]
    gain = plan.side * (value - plan.horizon_unit_count * arms.value.mean())
    right = arms.value[selected] == (arms.value.max() if plan.is_higher_better else arms.value.min())
    days = units / plan.daily_unit_count
    low, middle, high = np.quantile(days, _QUANTILES)
    return Forecast(
        days=_estimate(days),
        days_quantiles=(float(low), float(middle), float(high)),
        ends_early=_estimate(units < plan.batch_unit_count * plan.batch_count),
        right_selection=_estimate(right),
        gain=_estimate(gain),
        repetitions=len(units),
    )


def _estimate(values: Floats | NDArray[np.bool_]) -> Estimate:
    numbers = np.asarray(values, dtype=np.float64)
    return Estimate(float(numbers.mean()), float(numbers.std(ddof=1) / math.sqrt(numbers.size)))


def _check(arms: Baseline, floor: float, repetitions: int) -> None:
    if len(arms.shape) != 1 or arms.shape[0] < 2 or len(set(arms.kind.tolist())) != 1:
        raise invalid_field("arms", f"shape {arms.shape}, must be two or more arms of one metric")
    if not 0 <= floor * arms.shape[0] < 1:
        raise invalid_field("floor", f"{floor!r}, must be 0 or more and leave room for {arms.shape[0]} arms")
    if repetitions < 100:
        raise invalid_field("repetitions", f"{repetitions}, must be 100 or more")
