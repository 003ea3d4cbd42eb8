"""Runs with contexts serve the weights that the bandit's own model gives each unit, and repeat themselves."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import shares_of_many
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.publishing import salt
from services.bandit.lab.context_learner import ContextLearner
from services.bandit.lab.context_problems import CONTEXT_PROBLEMS, ContextProblem
from services.bandit.lab.context_section import context_gain
from services.bandit.lab.context_simulation import ContextRuns, drawn_by, simulate_in_context
from services.bandit.lab.context_truths import LinearNormal, Segments
from services.bandit.lab.measures import ceilings, gains, regret
from services.bandit.lab.playing import play
from services.bandit.lab.policies import BARE, EQUAL, POLICIES, START, Policy, context_experiment_of
from services.bandit.lab.problems import BATCH_DURATION, Kind
from services.bandit.lab.studies import ContextStudy
from shared.definition.model import LinearThompson, MetricKind

STRONG = ContextProblem(
    "test",
    "a test",
    "ours",
    LinearNormal(3, 4, base=5.0, spread=1.0, deviation=1.0),
    Kind.MEAN,
    100,
    8,
    ("thompson", "linear-thompson"),
)
PEOPLE = replace(STRONG, truth=Segments(3, 0.3, 0.3, 0.3, 0.3, 0.1), kind=Kind.CONVERSION)
CONTEXTUAL = ["linear-thompson", "lin-ucb", "inverse-gap"]


def runs_of(*earned: list[float]) -> ContextRuns:
    """Returns runs of two batches in which an equal split earns 10 each and an oracle 20."""
    given = np.array(earned)
    equal, best = np.full_like(given, 10.0), np.full_like(given, 20.0)
    return ContextRuns(given, equal, best, np.full_like(given, 15.0), best - given)


def test_drawn_when_weights_are_given_then_arms_in_those_shares() -> None:
    weights = np.tile([[0.2, 0.0, 0.8], [0.5, 0.5, 0.0]], (20_000, 1))

    arms = drawn_by(weights, np.random.default_rng(5))

    for first, chances in enumerate(weights[:2]):
        shares = np.bincount(arms[first::2], minlength=3) / 20_000
        assert (np.abs(shares - chances) <= 4 * np.sqrt(chances * (1 - chances) / 20_000)).all()


def test_measures_when_worked_out_by_hand_then_those() -> None:
    runs = runs_of([10.0, 14.0], [10.0, 10.0])

    assert gains(runs) == pytest.approx([0.2, 0.0])
    assert ceilings(runs) == pytest.approx([1.0, 1.0])
    assert regret(runs) == pytest.approx(np.array([[10.0, 16.0], [10.0, 20.0]]))


def test_context_gain_when_worked_out_by_hand_then_run_by_run() -> None:
    found = context_gain("lin-ucb", runs_of([10.0, 14.0], [12.0, 12.0]), runs_of([10.0, 10.0], [13.0, 13.0]))

    assert found.gain.value == pytest.approx(0.2)
    assert found.over_plain.value == pytest.approx((0.2 - 0.1) / 2)
    assert found.better.value == 0.5
    assert found.regret.value == 16
    assert not found.pays
    assert not found.costs


@pytest.mark.parametrize(("shift", "pays", "costs"), [(1.0, True, False), (-1.0, False, True)])
def test_context_gain_when_all_runs_agree_then_it_pays_or_costs(shift: float, pays: bool, costs: bool) -> None:  # noqa: FBT001
    plain = np.array([[10.0, 10.0], [11.0, 12.0], [12.0, 11.0]])

    found = context_gain("lin-ucb", runs_of(*(plain + shift).tolist()), runs_of(*plain.tolist()))

    assert (found.pays, found.costs) == (pays, costs)


def test_weights_when_there_are_no_controls_then_those_of_the_fit() -> None:
    experiment = context_experiment_of(STRONG, Policy("p", "p", LinearThompson(), BARE))
    learner = ContextLearner(experiment, START)
    rng = np.random.default_rng(5)
    contexts, means = STRONG.truth.units(rng, 300)
    arms: NDArray[np.int64] = rng.integers(3, size=300)
    values = STRONG.truth.values(rng, means[np.arange(300), arms])

    learner.learn(contexts, arms, values, START + BATCH_DURATION)

    trials = Trials(contexts, arms, values)
    fitted = fit(LinearThompson(), trials, 3, minimize=False, kind=MetricKind.MEAN, seed=salt("lab", "draws 2"))
    # Sums are taken in another order, so that a draw may change hands.
    assert learner.weights(contexts[:50]) == pytest.approx(shares_of_many(fitted, contexts[:50]), abs=1 / 256)


def test_weights_when_nothing_is_known_then_equal_in_every_context() -> None:
    learner = ContextLearner(context_experiment_of(PEOPLE, POLICIES["logistic-thompson"]), START)

    served = learner.weights(PEOPLE.truth.units(np.random.default_rng(5), 7).contexts)

    assert served == pytest.approx(np.full((7, 3), 1 / 3), abs=2**-32)


@pytest.mark.parametrize("problem", [STRONG, PEOPLE], ids=["normal", "conversions"])
def test_runs_when_played_then_between_nothing_and_the_oracle(problem: ContextProblem) -> None:
    for name in ("equal", "thompson", *CONTEXTUAL):
        runs = simulate_in_context(problem, POLICIES[name], runs=2, seed=5)

        assert runs.earned.shape == (2, 8)
        assert (runs.lost >= 0).all()
        assert runs.best - runs.earned == pytest.approx(runs.lost)
        assert (runs.best.sum(axis=1) >= runs.best_single.sum(axis=1)).all()


def test_runs_when_policies_differ_then_they_meet_the_same_units() -> None:
    equal, bandit = (simulate_in_context(PEOPLE, POLICIES[name], runs=3, seed=5) for name in ("equal", "lin-ucb"))

    assert (equal.best == bandit.best).all()
    assert (equal.equal == bandit.equal).all()
    assert (equal.earned != bandit.earned).any()


@pytest.mark.parametrize("name", ["equal", "thompson", "logistic-thompson", "lin-ucb"])
def test_runs_when_repeated_then_the_same_and_with_another_seed_others(name: str) -> None:
    first, again, other = (simulate_in_context(PEOPLE, POLICIES[name], runs=2, seed=seed) for seed in (5, 5, 6))

    assert (first.earned == again.earned).all()
    assert (first.earned != other.earned).any()


def test_runs_when_played_by_two_processes_then_the_same_as_by_one() -> None:
    study = ContextStudy(replace(PEOPLE, batch_count=2), (EQUAL.name, "thompson"), 1)

    one, two = (
        play([study], runs=7, seed=5, workers=workers, tell=lambda done, total: None).in_context for workers in (1, 2)
    )

    for key, runs in one.items():
        assert runs.earned.shape == (7, 2)
        assert (runs.earned == two[key].earned).all()


def test_gain_when_the_split_is_equal_then_nothing_but_chance() -> None:
    runs = simulate_in_context(STRONG, EQUAL, runs=30, seed=5)

    gained = gains(runs)
    assert abs(gained.mean()) <= 4 * gained.std(ddof=1) / np.sqrt(len(gained))


@pytest.mark.parametrize("name", CONTEXTUAL)
def test_gain_when_contexts_decide_then_more_than_the_best_single_arm(name: str) -> None:
    long = replace(STRONG, batch_count=30)

    runs = simulate_in_context(long, POLICIES[name], runs=3, seed=5)

    assert (runs.earned.sum(axis=1) > runs.best_single.sum(axis=1)).all()


def test_single_arm_when_contexts_do_not_matter_then_as_good_as_the_oracle() -> None:
    nothing = next(one for one in CONTEXT_PROBLEMS if one.name == "context-none")

    runs = simulate_in_context(replace(nothing, batch_count=2), EQUAL, runs=3, seed=5)

    assert (runs.best == runs.best_single).all()
