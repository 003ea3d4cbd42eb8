"""Regret on simulated linear and logistic problems, beside that of slow references written from the papers."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.definition.model import (
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
)
from tests.bandit.domain.contextual.reference_policies import (
    AgrawalGoyal,
    ChapelleLi,
    FosterRakhlin,
    LiChuLangfordSchapire,
)
from tests.bandit.domain.contextual.simulated import Fitted, Policy, Problem, Uniform, regret

Floats: TypeAlias = NDArray[np.float64]
ARMS, FEATURES = 4, 5
SEEDS = 40


def regrets(policy: Callable[[Problem], Policy], seeds: int, *, steps: int, batch: int, logistic: bool) -> Floats:
    """Returns the regret on one problem of each seed."""
    found = []
    for seed in range(seeds):
        problem = Problem.drawn(np.random.default_rng([seed, 2]), arms=ARMS, features=FEATURES, logistic=logistic)
        found.append(regret(policy(problem), problem, steps=steps, batch=batch, seed=seed))
    return np.array(found)


def ours(algorithm: ContextualAlgorithm) -> Callable[[Problem], Policy]:
    return lambda problem: Fitted(algorithm, ARMS, problem.kind)


@pytest.mark.parametrize(
    ("algorithm", "logistic"),
    [
        (LinearThompson(), False),
        (LinearThompson(), True),
        (LinearThompson(hybrid=True), False),
        (LogisticThompson(), True),
        (LogisticThompson(hybrid=True), True),
        (InverseGap(exploration=0.1), False),
        (InverseGap(exploration=0.1), True),
    ],
    ids=str,
)
def test_regret_when_played_in_batches_then_far_less_than_an_equal_split(
    algorithm: ContextualAlgorithm, *, logistic: bool
) -> None:
    played = regrets(ours(algorithm), 6, steps=1500, batch=100, logistic=logistic).mean()

    even = regrets(lambda _: Uniform(ARMS), 6, steps=1500, batch=100, logistic=logistic).mean()

    assert played < (0.4 if logistic else 0.2) * even


@pytest.mark.slow
@pytest.mark.parametrize("batch", [10, 100])
@pytest.mark.parametrize(
    ("algorithm", "reference", "logistic"),
    [
        (LinearThompson(), lambda _: AgrawalGoyal(ARMS, FEATURES), False),
        (LinUcb(), lambda _: LiChuLangfordSchapire(ARMS, FEATURES), False),
        (InverseGap(FosterRakhlin.exploration), lambda _: FosterRakhlin(ARMS, FEATURES), False),
        (LogisticThompson(), lambda _: ChapelleLi(ARMS, FEATURES), True),
    ],
    ids=["linear_thompson", "lin_ucb", "inverse_gap", "logistic_thompson"],
)
def test_regret_when_played_beside_the_reference_then_the_same_within_the_error(
    algorithm: ContextualAlgorithm, reference: Callable[[Problem], Policy], *, logistic: bool, batch: int
) -> None:
    mine, theirs = (
        regrets(policy, SEEDS, steps=1500, batch=batch, logistic=logistic) for policy in (ours(algorithm), reference)
    )

    difference = mine - theirs
    error = difference.std(ddof=1) / np.sqrt(difference.size)
    assert abs(difference.mean()) <= 3.5 * error
    # The comparison would see a difference of a quarter.
    assert 3.5 * error < 0.25 * theirs.mean()
