"""The runner serves the weights that the bandit's own functions give, step by step, and repeats itself."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.learning import target_weights
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.kernels.weights import quantize
from services.bandit.lab import problems
from services.bandit.lab.playing import play
from services.bandit.lab.policies import BARE, EQUAL, POLICIES, Policy, experiment_of
from services.bandit.lab.problems import Delay, Kind, Problem
from services.bandit.lab.simulation import Trajectories, simulate
from services.bandit.lab.studies import Question, Study
from services.bandit.lab.truths import Fixed
from shared.definition.model import Exp3, KlUcb, MetricDirection
from shared.policy.snapshot import RANGE
from tests.bandit.domain.test_regret import BATCH, BETA, GAPS, HORIZONS, RATES, in_batches, standard_error
from tests.bandit.lab.runs import problem


def slow_weights(played: Problem, policy: Policy, runs: Trajectories, run: int) -> np.ndarray:
    """Returns what each batch of a run should have been served, from the sums of all batches before it."""
    experiment = experiment_of(played, policy)
    served = []
    for batch in range(played.batch_count):
        statistics = []
        for place, arm in enumerate(experiment.arms):
            count = float(runs.counts[run, :batch, place].sum())
            total = float(runs.sums[run, :batch, place].sum())
            mean = total / max(count, 1)
            statistics.append(ArmStatistics(arm.arm_id, count, total, mean, max(total - total * mean, 0.0)))
        served.append(quantize(target_weights(experiment, statistics)) / RANGE)
    return np.array(served)


@pytest.mark.parametrize("algorithm", [None, KlUcb()], ids=["thompson", "kl-ucb"])
@pytest.mark.parametrize("direction", list(MetricDirection))
def test_weights_when_there_are_no_controls_then_those_of_a_slow_loop(
    algorithm: KlUcb | None, direction: MetricDirection
) -> None:
    played, policy = problem(0.2, 0.5, 0.4, direction=direction), Policy("p", "p", algorithm, BARE)

    runs = simulate(played, policy, runs=3, seed=5)

    for run in range(3):
        assert runs.weights[run] == pytest.approx(slow_weights(played, policy, runs, run), abs=1e-12)


def test_weights_when_arms_burn_in_then_equal_until_then() -> None:
    runs = simulate(problem(0.2, 0.9, batch_count=14), POLICIES["thompson"], runs=4, seed=5)
    reached: NDArray[np.bool_] = (runs.counts.cumsum(axis=1) >= 100).any(axis=2)  # type: ignore[assignment]

    early = np.concatenate([np.ones((4, 1), dtype=bool), ~reached[:, :-1]], axis=1)
    assert (runs.weights[early] == 0.5).all()
    assert runs.weights[:, -1, 1].mean() > 0.5


def test_units_when_played_then_as_many_as_the_problem_has() -> None:
    runs = simulate(problem(0.2, 0.5), POLICIES["top-two"], runs=3, seed=5)

    assert (runs.counts.sum(axis=2) == 20).all()
    assert (runs.sums <= runs.counts).all()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_runs_when_repeated_then_the_same_and_with_another_seed_others(name: str) -> None:
    first, again, other = (simulate(problem(0.2, 0.5), POLICIES[name], runs=2, seed=seed) for seed in (5, 5, 6))

    assert (first.counts == again.counts).all()
    assert (first.sums == again.sums).all()
    assert (first.sums != other.sums).any()


def test_runs_when_played_by_two_processes_then_the_same_as_by_one() -> None:
    study = Study(Question.GAIN, problem(0.2, 0.5), (EQUAL.name, "thompson"), 1)
    told: list[tuple[int, int]] = []

    one, two = (
        play([study], runs=30, seed=5, workers=workers, tell=lambda done, total: told.append((done, total)))
        for workers in (1, 2)
    )

    assert told[-1] == (600, 600)
    for key, runs in one.results.items():
        assert len(runs.counts) == 30
        assert (runs.counts == two.results[key].counts).all()
        assert (runs.sums == two.results[key].sums).all()


def test_truth_when_arms_are_drawn_then_all_policies_meet_the_same() -> None:
    drawn = replace(problems.DRAWN[0], batch_count=2)

    one, other = (simulate(drawn, POLICIES[name], runs=3, seed=5).truth for name in ("equal", "thompson"))

    assert (one == other).all()
    assert (one[0] != one[1]).any()


def test_delay_when_all_conversions_come_late_then_weights_stay_equal_until_they_do() -> None:
    # With a mean of 1e9 batches the delay is nearly uniform over the window.
    late = problem(0.1, 0.9, delay=Delay(1e9, 10), batch_count=3)
    prompt = replace(late, delay=None)

    slow, fast = (simulate(one, Policy("p", "p", None, BARE), runs=20, seed=5) for one in (late, prompt))

    assert slow.weights[:, 1, 1].mean() < fast.weights[:, 1, 1].mean()


def test_versions_when_needed_then_exp3_follows_the_losses() -> None:
    played = problem(0.1, 0.9, batch_count=20, batch_unit_count=50)

    runs = simulate(played, Policy("p", "p", Exp3(), BARE), runs=5, seed=5)

    assert (runs.weights[:, -1, 1] > 0.9).all()


def test_half_life_when_arms_change_places_then_weights_follow() -> None:
    crossing = next(one for one in problems.PROBLEMS if one.name == "crossing")

    stays, follows = (
        simulate(crossing, POLICIES[name], runs=4, seed=5).weights[:, -1, 2].mean()
        for name in ("thompson", "thompson-half-life")
    )

    assert follows > stays


def test_counts_when_kind_is_count_then_gamma_posteriors_decide() -> None:
    counts = next(one for one in problems.PROBLEMS if one.kind is Kind.COUNT)

    assert simulate(replace(counts, batch_count=10), POLICIES["thompson"], runs=2, seed=5).weights[:, -1, 2].min() > 0.5


@pytest.mark.slow
def test_regret_when_compared_with_the_slow_loop_then_within_chance() -> None:
    batches = HORIZONS[-1] // BATCH
    played = Problem("regret", "", "", Fixed(tuple(RATES)), batch_unit_count=BATCH, batch_count=batches)
    runs = simulate(played, Policy("p", "p", None, BARE), runs=60, seed=5)
    ours = (runs.counts @ GAPS).cumsum(axis=1)[:, [horizon // BATCH - 1 for horizon in HORIZONS]]

    slow = in_batches(BETA)

    chance = 4 * np.hypot(standard_error(ours), standard_error(slow))
    assert (np.abs(ours.mean(axis=0) - slow.mean(axis=0)) <= chance).all()
