"""Contextual bandits: chances of the arms in one context, and fits to many trials."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from services.bandit import kernels
from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import ScoreModel, shares, shares_of_many
from services.bandit.domain.contextual.trials import Trials
from shared.definition.model import (
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricKind,
)
from tests.bench.figures import Figure, Section, in_turn

ROUNDS: Final = 9
FEATURES: Final = 20
ARMS: Final = 10
TRIALS: Final = 20_000
CONTEXTS: Final = 1_000

METHOD = f"""\
{FEATURES} features with the intercept, {ARMS} arms, 256 draws, models fitted to {TRIALS:,} trials.
*One context*: `shares` from an encoded context to the chances of the arms, checks included, the median of 500 calls in
every round. *Many*: `shares_of_many` of {CONTEXTS:,} contexts, per context. *Fit*: from trials to a model, with as many
threads as numpy's linear algebra takes."""


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    trials = _trials()
    models = {
        name: _fit(algorithm, trials)
        for name, algorithm in (("draws", LinearThompson()), ("bound", LinUcb()), ("gap", InverseGap()))
    }
    contexts = trials.contexts[:CONTEXTS]
    seconds = in_turn(
        {
            **{name: _one(model, contexts) for name, model in models.items()},
            "many": _many(models["draws"], contexts),
            "linear": _timed(lambda: _fit(LinearThompson(), trials)),
            "hybrid": _timed(lambda: _fit(LinearThompson(hybrid=True), trials)),
            "logistic": _timed(lambda: _fit(LogisticThompson(), trials)),
        },
        rounds=ROUNDS,
    )
    micro = {name: tuple(1e6 * value for value in values) for name, values in seconds.items()}
    return Section(
        "Contextual bandits",
        METHOD,
        (
            Figure("one context, Thompson sampling of 256 draws", micro["draws"], "µs", at_most=100),
            Figure("one context, LinUCB", micro["bound"], "µs", at_most=100),
            Figure("one context, inverse-gap weighting", micro["gap"], "µs", at_most=100),
            Figure("many contexts, Thompson sampling, each", micro["many"], "µs"),
            Figure("fit of linear Thompson sampling", tuple(seconds["linear"]), "s"),
            Figure("fit of hybrid linear Thompson sampling", tuple(seconds["hybrid"]), "s"),
            Figure("fit of logistic Thompson sampling", tuple(seconds["logistic"]), "s"),
        ),
    )


def _trials() -> Trials:
    """Returns conversions, which linear and logistic models both take."""
    rng = np.random.default_rng(1)
    contexts = rng.standard_normal((TRIALS, FEATURES))
    contexts[:, 0] = 1
    arms, coefficients = rng.integers(0, ARMS, TRIALS), rng.standard_normal((ARMS, FEATURES)) / np.sqrt(FEATURES)
    log_odds = (contexts * coefficients[arms]).sum(axis=1) - 1
    return Trials(contexts, arms, (rng.random(TRIALS) < 1 / (1 + np.exp(-log_odds))).astype(np.float64))


def _fit(algorithm: ContextualAlgorithm, trials: Trials) -> ScoreModel:
    return fit(algorithm, trials, ARMS, minimize=False, kind=MetricKind.PROPORTION, seed=1)


def _one(model: ScoreModel, contexts: np.ndarray) -> Callable[[], float]:
    def measure() -> float:
        taken: list[float] = []
        for context in contexts[:500]:
            started = perf_counter()
            shares(model, context)
            taken.append(perf_counter() - started)
        return median(taken)

    return measure


def _many(model: ScoreModel, contexts: np.ndarray) -> Callable[[], float]:
    whole = _timed(lambda: shares_of_many(model, contexts))
    return lambda: whole() / contexts.shape[0]


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        started = perf_counter()
        work()
        return perf_counter() - started

    return measure
