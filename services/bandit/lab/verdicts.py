"""Decisions of runs as rows: how soon, how often wrong, against the fixed-horizon test; and false ones among equals."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.lab.decisions import DELTA, NEVER, POWER, Shown, Timing, first_shown, fixed_choice, timing
from services.bandit.lab.measures import Estimate, share
from services.bandit.lab.simulation import Trajectories
from services.bandit.lab.studies import Study
from shared.statistics.adaptive.stopping_rules import AnyTime, PlannedLooks, StoppingRule
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed import difference

Booleans: TypeAlias = NDArray[np.bool_]

ANY_TIME: Final = "any time"
PLANNED: Final = "planned looks"
ONE_LOOK: Final = "one look"
PEEKING: Final = "p < 5 % after every batch"

SERVICE_OPTIMUM: Final = 20_000
"""The unit count at which the service's stop rule is tightest by default."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Says how soon a policy under a rule shows the best arm, its power being 80 % like the fixed test's.

    Attributes:
        most: Units within which 80 % of runs decide, over those of the fixed test; NaN where fewer do at all.
        expected: Mean units of a plan that ends then, over those of the fixed test.
        decided: Share of runs that decide within the plan, or in all the time given.
        wrong: Share of runs that show an arm that is not the best.
    """

    policy: str
    rule: str
    most: float
    expected: float
    decided: Estimate
    wrong: Estimate


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """Says how often an arm was ever shown to be better among arms that are alike."""

    policy: str
    rule: str
    alarms: Estimate

    @property
    def within_level(self) -> bool:
        """Returns whether nothing speaks against the error rate being `DELTA` at most."""
        return self.alarms.low <= DELTA


def first_batches(runs: Trajectories, count: int) -> Trajectories:
    """Returns the same runs as they were after so many batches."""
    parts = {name: getattr(runs, name)[:, :count] for name in ("truth", "weights", "counts", "sums", "squares")}
    return replace(runs, **parts)


def fixed_decision(study: Study, runs: Trajectories) -> Decision:
    """Returns what the fixed test shows in runs of the equal split."""
    cut = first_batches(runs, round(study.fixed_unit_count / study.problem.batch_unit_count))
    arms = _pooled_so_far(cut)
    values = cut.sign * arms.mean[:, -1, :, 0]
    found = fixed_choice(values, arms.count[:, -1], arms.products[:, -1, :, 0, 0])
    return Decision("equal", ONE_LOOK, 1.0, 1.0, share(found != NEVER), _wrong(runs, Shown(found, found)))


def any_time_decision(study: Study, policy: str, runs: Trajectories) -> Decision:
    """Returns how soon runs decide when one may look at any time."""
    shown = first_shown(runs, AnyTime(study.fixed_unit_count))
    found = timing(shown, study.problem.batch_unit_count)
    return _decision(study, policy, ANY_TIME, found, shown=shown, runs=runs)


def planned_decision(study: Study, policy: str, runs: Trajectories) -> Decision:
    """Returns how soon runs decide when the last look is planned, and as early as the power allows."""
    low, high = 0, runs.counts.shape[1]
    shown = _planned(study, runs, high)
    if (shown.batch != NEVER).mean() < POWER:
        return _decision(study, policy, PLANNED, Timing(np.nan, np.nan), shown=shown, runs=runs)
    while high - low > 1:
        middle = (low + high) // 2
        found = _planned(study, runs, middle)
        if (found.batch != NEVER).mean() >= POWER:
            high, shown = middle, found
        else:
            low = middle
    last = high * study.problem.batch_unit_count
    units = np.where(shown.batch == NEVER, last, (shown.batch + 1) * study.problem.batch_unit_count)
    return _decision(study, policy, PLANNED, Timing(last, float(units.mean())), shown=shown, runs=runs)


def false_alarms(policy: str, runs: Trajectories) -> tuple[FalseAlarm, ...]:
    """Returns how often each rule ever shows a best arm, looking after every batch, and how often peeking does."""
    horizon = float(runs.counts[0].sum())
    rules: dict[str, StoppingRule] = {ANY_TIME: AnyTime(SERVICE_OPTIMUM), PLANNED: PlannedLooks(horizon)}
    found = {name: first_shown(runs, rule).batch != NEVER for name, rule in rules.items()}
    return tuple(FalseAlarm(policy, name, share(ever)) for name, ever in (found | {PEEKING: _peeking(runs)}).items())


def _planned(study: Study, runs: Trajectories, batches: int) -> Shown:
    return first_shown(first_batches(runs, batches), PlannedLooks(batches * study.problem.batch_unit_count))


def _decision(study: Study, policy: str, rule: str, found: Timing, *, shown: Shown, runs: Trajectories) -> Decision:
    fixed = study.fixed_unit_count
    limit = found.most_units if np.isfinite(found.most_units) else np.inf
    in_time = (shown.batch != NEVER) & ((shown.batch + 1) * study.problem.batch_unit_count <= limit)
    kept = Shown(np.where(in_time, shown.batch, NEVER), shown.arm)
    most, expected = found.most_units / fixed, found.expected_units / fixed
    return Decision(policy, rule, most, expected, share(in_time), _wrong(runs, kept))


def _wrong(runs: Trajectories, shown: Shown) -> Estimate:
    best = (runs.sign * runs.truth[:, -1]).argmax(axis=1)
    return share((shown.batch != NEVER) & (shown.arm != best))


def _peeking(runs: Trajectories) -> Booleans:
    """Returns whether Welch's test ever finds an arm that differs from the first one, all tests at 5 %."""
    arms = means(_pooled_so_far(runs))
    p_values = difference.compare(arms[:, :, 1:], arms[:, :, :1]).p_value
    return np.asarray((np.nan_to_num(p_values, nan=1.0) < DELTA).any(axis=(1, 2)))


def _pooled_so_far(runs: Trajectories) -> Moments:
    """Returns the moments of each arm over all batches up to each, shape (R, B, K)."""
    counts = runs.counts.cumsum(axis=1)
    sums = runs.sums.cumsum(axis=1)
    raw = (runs.squares + runs.sums**2 / np.maximum(runs.counts, 1)).cumsum(axis=1)
    found = sums / np.maximum(counts, 1)
    return Moments.of_values(counts, found, np.maximum(raw - sums * found, 0.0))
