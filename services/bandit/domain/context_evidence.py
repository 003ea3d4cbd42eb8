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
from shared.definition.model import Experiment

Floats = NDArray[np.float64]


class Evidence(NamedTuple):
    """Is what counts.

    Attributes:
        trials: With how much each counts, latest first.
        seen: Units of each arm that burn-in goes by, forgotten ones included, shape (n_arms,).
    """

    trials: Trials
    seen: Floats


def evidence(experiment: Experiment, trials: Trials, *, now: datetime) -> Evidence:
    """Returns what counts of the trials now, within the controls of the experiment.

    Args:
        experiment: The definition.
        trials: Of its arms, latest first.
        now: The present instant.

    Raises:
        ValueError: Ages matter, and the trials' instants are not known.
    """
    memory = Memory.of(experiment.allocation_policy.controls, experiment.attribution_window)
    known = trials if memory.longest_period is None else _remembered(memory, trials, now)
    return Evidence(known, np.bincount(known.arms, minlength=len(experiment.arms)).astype(np.float64))


def _remembered(memory: Memory, trials: Trials, now: datetime) -> Trials:
    if trials.exposed_at is None:
        raise ValueError("the trials' instants are not known, and the policy forgets or waits")
    whole = trials.those(trials.exposed_at <= memory.whole_before(now).timestamp())
    ages = now.timestamp() - np.asarray(whole.exposed_at)
    return Trials(whole.contexts, whole.arms, whole.values, memory.kept(ages), whole.exposed_at)
