"""Contextual bandits: chances of the arms in one context, and fits to many trials."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.bandit import kernels
from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import ScoreModel, shares, shares_of_many
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.publishing import next_snapshot
from services.bandit.store.journal import Journal
from services.bandit.store.spool import Spool
from shared import clock
from shared.definition.model import (
    Arm,
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricKind,
    NumericFeature,
)
from shared.policy.snapshot import PolicySnapshot
from tests.bench import world
from tests.bench.figures import Figure, Section, in_turn
from tests.bench.service import bare_servicer, timed_allocate

ROUNDS: Final = 9
FEATURES: Final = 20
ARMS: Final = 10
TRIALS: Final = 20_000
CONTEXTS: Final = 1_000
CALLS: Final = 2_000
TOLD: Final = 20
COLUMNS: Final = 1 + 2 * TOLD

METHOD = f"""\
{FEATURES} features with the intercept, {ARMS} arms, 256 draws, models fitted to {TRIALS:,} trials.
*Allocate*: {CALLS:,} calls a round in one thread, {TOLD} numbers told in each, which make {COLUMNS} columns, from the
parsed request to the response message, each exposure with its context appended to a spool on disk that is not drained
meanwhile. *One context*: `shares` from an encoded context to the chances of the arms, checks included, the median of
500 calls in every round. *Many*: `shares_of_many` of {CONTEXTS:,} contexts, per context. *Fit*: from trials to a model,
with as many threads as numpy's linear algebra takes."""


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    trials = _trials()
    with world.directory() as where:
        own_work = _allocate(where, _trials(COLUMNS))
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
            Figure("Allocate in context without gRPC, p50", own_work, "us", at_most=100),
            Figure("one context, Thompson sampling of 256 draws", micro["draws"], "us", at_most=100),
            Figure("one context, LinUCB", micro["bound"], "us", at_most=100),
            Figure("one context, inverse-gap weighting", micro["gap"], "us", at_most=100),
            Figure("many contexts, Thompson sampling, each", micro["many"], "us"),
            Figure("fit of linear Thompson sampling", tuple(seconds["linear"]), "s"),
            Figure("fit of hybrid linear Thompson sampling", tuple(seconds["hybrid"]), "s"),
            Figure("fit of logistic Thompson sampling", tuple(seconds["logistic"]), "s"),
        ),
    )


def _allocate(where: Path, trials: Trials) -> tuple[float, ...]:
    """Returns the median microseconds of each round."""
    spool = Spool(where / "allocations.spool", capacity_bytes=1 << 28)
    journal = Journal(spool, lambda _block: None, refused=where / "refused", drain_interval_seconds=3600)
    try:
        servicer = bare_servicer(journal, _snapshot(trials))
        return tuple(median(timed_allocate(servicer, _requests(place * CALLS))) for place in range(ROUNDS))
    finally:
        journal.close()


def _snapshot(trials: Trials) -> PolicySnapshot:
    definition = world.experiment(algorithm=LinearThompson())
    features = tuple(NumericFeature(f"feature-{place}") for place in range(TOLD))
    arms = tuple(Arm(f"arm-{place}", control=place == 0) for place in range(ARMS))
    asked = replace(definition, arms=arms, features=features)
    snapshot = next_snapshot(asked, {}, None, frozen=False, now=clock.now(), trials=trials)
    assert snapshot is not None
    assert snapshot.contextual_model is not None
    return snapshot


def _requests(start: int) -> list[bytes]:
    rng = np.random.default_rng(start)
    numbers = rng.standard_normal((CALLS, TOLD)).tolist()
    return [
        pb.AllocateRequest(
            experiment_id=world.EXPERIMENT_ID,
            unit_id=unit_id,
            context={f"feature-{place}": common_pb2.FeatureValue(number=number) for place, number in enumerate(told)},
        ).SerializeToString()
        for unit_id, told in zip(world.unit_ids(start, CALLS), numbers, strict=True)
    ]


def _trials(columns: int = FEATURES) -> Trials:
    """Returns conversions, which linear and logistic models both take."""
    rng = np.random.default_rng(1)
    contexts = rng.standard_normal((TRIALS, columns))
    contexts[:, 0] = 1
    arms, coefficients = rng.integers(0, ARMS, TRIALS), rng.standard_normal((ARMS, columns)) / np.sqrt(columns)
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
