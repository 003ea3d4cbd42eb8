"""Algorithms, trials and contexts to fit and to ask."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import ScoreModel
from services.bandit.domain.contextual.trials import Trials
from shared.definition.model import (
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricKind,
)
from tests.bandit.domain.contextual.simulated import Problem

Floats: TypeAlias = NDArray[np.float64]

ARMS, FEATURES = 4, 5
ALGORITHMS: list[ContextualAlgorithm] = [
    kind(hybrid=hybrid) for kind in (LinearThompson, LinUcb, LogisticThompson, InverseGap) for hybrid in (False, True)
]
LINEAR = [algorithm for algorithm in ALGORITHMS if not isinstance(algorithm, LogisticThompson)]
NO_TRIALS = Trials(np.ones((0, FEATURES)), np.zeros(0, np.int64), np.zeros(0))


def example(algorithm: ContextualAlgorithm, count: int = 400, seed: int = 1) -> Trials:
    rng = np.random.default_rng(seed)
    return Problem.drawn(rng, logistic=isinstance(algorithm, LogisticThompson)).trials(count, rng)


def kind_of(algorithm: ContextualAlgorithm) -> MetricKind:
    return MetricKind.PROPORTION if isinstance(algorithm, LogisticThompson) else MetricKind.MEAN


def fitted(algorithm: ContextualAlgorithm, trials: Trials, arms: int = ARMS, *, minimize: bool = False) -> ScoreModel:
    return fit(algorithm, trials, arms, minimize=minimize, kind=kind_of(algorithm), seed=7)


def some_contexts(count: int = 50) -> Floats:
    contexts = np.random.default_rng(2).standard_normal((count, FEATURES))
    contexts[:, 0] = 1
    return contexts
