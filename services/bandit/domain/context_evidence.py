"""What a contextual algorithm learns from: which trials count, how much, and how many units each arm has had.

Trials carry their instants, so their ages are known to the second: no version has to stand for its units, and none is
published for the sake of forgetting.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.periods import Memory
from shared.definition.model import Experiment, WarmStart

Floats = NDArray[np.float64]


class Evidence(NamedTuple):
    """Is what counts.

    Attributes:
        trials: With how much each counts, latest first.
        seen: Units of each arm that burn-in goes by, forgotten ones included, shape (n_arms,).
    """

    trials: Trials
    seen: Floats


def evidence(experiment: Experiment, trials: Trials, *, now: datetime, earlier: Trials | None = None) -> Evidence:
    """Returns what counts of the trials now, within the controls of the experiment.

    Args:
        experiment: The definition.
        trials: Of its arms, latest first.
        now: The present instant.
        earlier: Those that a warm start adds, whatever their age, worth `max_unit_count` units of each arm at most.

    Raises:
        ValueError: Ages matter, and the trials' instants are not known.
    """
    memory = Memory.of(experiment.allocation_policy.controls, experiment.attribution_window)
    own = trials if memory.longest_period is None else _remembered(memory, trials, now)
    known = Evidence(own, np.bincount(own.arms, minlength=len(experiment.arms)).astype(np.float64))
    warm = experiment.allocation_policy.controls.warm_start
    return known if earlier is None or warm is None else _started_warm(known, earlier, warm)


def _remembered(memory: Memory, trials: Trials, now: datetime) -> Trials:
    if trials.exposed_at is None:
        raise ValueError("the trials' instants are not known, and the policy forgets or waits")
    whole = trials.those(trials.exposed_at <= memory.whole_before(now).timestamp())
    ages = now.timestamp() - np.asarray(whole.exposed_at)
    return Trials(whole.contexts, whole.arms, whole.values, memory.kept(ages), whole.exposed_at)


def _started_warm(own: Evidence, earlier: Trials, warm: WarmStart) -> Evidence:
    counts = np.bincount(earlier.arms, minlength=own.seen.size)
    each = np.minimum(warm.max_unit_count / np.maximum(counts, 1), 1.0)
    trials, weights = own.trials, own.trials.weights
    together = Trials(
        np.concatenate([trials.contexts, earlier.contexts]),
        np.concatenate([trials.arms, earlier.arms]),
        np.concatenate([trials.values, earlier.values]),
        np.concatenate([np.ones(trials.count) if weights is None else weights, each[earlier.arms]]),
    )
    return Evidence(together, own.seen + each * counts)
