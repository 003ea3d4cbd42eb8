"""The learner: a thousand experiments of ten arms, from their statistics to published policies."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from random import Random
from time import perf_counter, thread_time

from sqlalchemy import Engine, text

from services.bandit import kernels
from services.bandit.domain.learning import target_weights
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import learner_session
from shared import clock
from shared.definition.model import (
    Algorithm,
    BetaThompson,
    Experiment,
    GammaThompson,
    GaussianThompson,
    KlUcb,
    TopTwoThompson,
)
from tests.bench import world
from tests.bench.figures import Figure, Section, in_turn, ratios

ROUNDS = 3
EXPERIMENTS = 1_000
UNITS_PER_ARM = 2
ROWS = EXPERIMENTS * world.ARM_COUNT * UNITS_PER_ARM

METHOD = f"""\
{EXPERIMENTS:,} running experiments of {world.ARM_COUNT} arms, one thread. *Weights*: posteriors, probability of being
best, floors, from statistics in memory, in CPU time; arms of 500 to 5,000 units. *Step*: the whole of `Learner.step` on
a real Postgres with fsync on, after {ROWS:,} fresh exposures and as many outcomes that touch every arm: folding them,
reading the statistics, computing and publishing a new snapshot for every experiment whose
weights changed (99 % of them or more)."""

_EXPOSE = text(
    "INSERT INTO exposures (experiment_id, unit_id, trial_id, arm_id, policy_version, exposed_at)"
    " SELECT 'learn' || experiment, unit, unit, 'arm' || arm, 1, now()"
    " FROM generate_series(0, :experiments - 1) AS experiment, generate_series(0, :arms - 1) AS arm,"
    " generate_series(1, :units) AS number, concat_ws('-', CAST(:round AS text), arm, number) AS unit"
)
_CONVERT = text(
    "INSERT INTO outcomes (experiment_id, trial_id, metric_id, event_id, value, occurred_at)"
    " SELECT experiment_id, trial_id, :metric_id, trial_id, (random() < 0.5)::int, now()"
    " FROM exposures WHERE trial_id LIKE :round || '-%'"
)
_ANALYZE = text("ANALYZE exposures, outcomes, trials, trial_values, arm_statistics")


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    with ExitStack() as stack:
        where = stack.enter_context(world.directory())
        url = stack.enter_context(world.postgres(where))
        engine = stack.enter_context(world.connections(url))
        world.insert(engine, _experiments(BetaThompson()))
        session = stack.enter_context(learner_session(engine))
        assert session is not None
        learner = Learner(session, now=clock.now)
        assert learner.step() == EXPERIMENTS
        seconds = in_turn(
            {
                "beta": _weights(BetaThompson()),
                "gaussian": _weights(GaussianThompson()),
                "gamma": _weights(GammaThompson()),
                "top two": _weights(TopTwoThompson()),
                "kl-ucb": _weights(KlUcb()),
                "step": _step(engine, learner),
            },
            rounds=ROUNDS,
        )
    return Section(
        "Learner",
        METHOD,
        (
            Figure("weights of 1,000 experiments, Beta / whole step", ratios(seconds["beta"], seconds["step"])),
            Figure("weights of 1,000 experiments, Gaussian / Beta", ratios(seconds["gaussian"], seconds["beta"])),
            Figure("weights of 1,000 experiments, Beta", tuple(seconds["beta"]), "s", at_most=1.0),
            Figure("weights of 1,000 experiments, Gaussian", tuple(seconds["gaussian"]), "s", at_most=1.0),
            Figure("weights of 1,000 experiments, Gamma", tuple(seconds["gamma"]), "s", at_most=1.0),
            Figure("weights of 1,000 experiments, top two", tuple(seconds["top two"]), "s", at_most=1.0),
            Figure("weights of 1,000 experiments, KL-UCB 100 units ahead", tuple(seconds["kl-ucb"]), "s"),
            Figure("whole step, 1,000 experiments", tuple(seconds["step"]), "s"),
        ),
    )


def _experiments(algorithm: Algorithm) -> list[Experiment]:
    return [world.experiment(f"learn{number}", algorithm=algorithm) for number in range(EXPERIMENTS)]


def _weights(algorithm: Algorithm) -> Callable[[], float]:
    experiments, rng = _experiments(algorithm), Random(1)
    statistics = [_statistics(rng) for _ in experiments]

    def measure() -> float:
        started = thread_time()
        for experiment, arms in zip(experiments, statistics, strict=True):
            target_weights(experiment, arms)
        return thread_time() - started

    return measure


def _statistics(rng: Random) -> Sequence[ArmStatistics]:
    """Returns proportions near 10 %, close enough that the best arm is not plain."""
    arms = []
    for number in range(world.ARM_COUNT):
        count = rng.randint(500, 5_000)
        successes = round(count * rng.uniform(0.09, 0.11))
        mean = successes / count
        arms.append(ArmStatistics(f"arm{number}", count, successes, mean, count * mean * (1 - mean)))
    return arms


def _step(engine: Engine, learner: Learner) -> Callable[[], float]:
    rounds = iter(range(ROUNDS + 1))

    def measure() -> float:
        _record(engine, next(rounds))
        started = perf_counter()
        published = learner.step()
        seconds = perf_counter() - started
        # Chance leaves the weights of one or another as they were.
        assert published >= 0.99 * EXPERIMENTS, published
        return seconds

    return measure


def _record(engine: Engine, number: int) -> None:
    arguments = {"experiments": EXPERIMENTS, "arms": world.ARM_COUNT, "units": UNITS_PER_ARM, "round": str(number)}
    with engine.begin() as connection:
        connection.execute(_EXPOSE, arguments)
        connection.execute(_CONVERT, {"metric_id": world.METRIC_ID, "round": str(number)})
    # What autovacuum does within a minute, done now, lest a round measures the planner's surprise.
    with engine.begin() as connection:
        connection.execute(_ANALYZE)
