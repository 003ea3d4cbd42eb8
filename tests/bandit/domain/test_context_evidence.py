"""Which trials a contextual algorithm learns from: those that are whole, the less the older."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from services.bandit.domain.context_evidence import evidence
from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.learning import moves_with_time, needs_versions
from services.bandit.domain.publishing import next_snapshot
from shared.definition.model import BooleanFeature, Experiment, LinearThompson, LinUcb, LogisticThompson, WarmStart
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, experiment, policy, weights

HOUR = timedelta(hours=1)
BOTH = np.array([[1.0, 0.0], [1.0, 1.0]])


def definition(algorithm: Any = None, **controls: Any) -> Experiment:
    return experiment(
        features=(BooleanFeature("returning"),),
        attribution_window=HOUR,
        allocation_policy=policy(algorithm or LinearThompson(), **{"exploration_floor": 0.01, **controls}),
    )


def at(*hours_ago: float, arms: tuple[int, ...] | None = None) -> Trials:
    """Returns trials of so many hours ago, a success each."""
    count = len(hours_ago)
    exposed_at = NOW.timestamp() - 3600 * np.array(hours_ago, dtype=np.float64)
    taken = np.array(arms if arms is not None else (0,) * count, dtype=np.int64)
    return Trials(np.ones((count, 2)), taken, np.ones(count), exposed_at=exposed_at)


def counting(trials: Trials, **controls: Any) -> tuple[list[float] | None, list[float]]:
    """Returns how much the trials count now, and the units seen of each arm."""
    known = evidence(definition(**controls), trials, now=NOW)
    return known.trials.weights if known.trials.weights is None else known.trials.weights.tolist(), known.seen.tolist()


def test_evidence_when_all_of_the_past_counts_then_the_trials_as_they_are() -> None:
    assert counting(at(0.0, 5.0, 1e6, arms=(0, 0, 2))) == (None, [2, 0, 1])


def test_evidence_when_the_past_is_halved_then_each_trial_by_its_age_and_all_are_seen() -> None:
    found, seen = counting(at(0.0, 1.0, 2.5, 1000.0, arms=(0, 1, 2, 2)), half_life=HOUR)

    assert found == pytest.approx([1.0, 0.5, 2**-2.5, 0.0])
    assert seen == [1, 1, 2]


def test_evidence_when_there_is_a_window_then_older_trials_count_for_nothing_and_are_seen() -> None:
    assert counting(at(0.0, 1.99, 2.0, 3.0, arms=(0, 1, 2, 2)), window=2 * HOUR) == ([1, 1, 0, 0], [1, 1, 2])


def test_evidence_when_outcomes_are_waited_for_then_younger_trials_are_left_out_and_not_seen() -> None:
    # Clocks of different machines may differ by 5 seconds.
    found, seen = counting(at(0.0, 1.0, 1 + 6 / 3600, 9.0, arms=(0, 1, 2, 2)), mature_only=True)

    assert (found, seen) == ([1.0, 1.0], [0, 0, 2])


def test_evidence_when_it_waits_and_forgets_then_both() -> None:
    found, seen = counting(at(0.5, 2.0, 3.0, arms=(0, 1, 2)), mature_only=True, half_life=HOUR)

    assert found == pytest.approx([0.25, 0.125])
    assert seen == [0, 1, 1]


def test_evidence_when_ages_matter_and_are_not_known_then_it_fails() -> None:
    undated = replace(at(0.0), exposed_at=None)

    with pytest.raises(ValueError, match="not known"):
        evidence(definition(half_life=HOUR), undated, now=NOW)


def started_warm(own: Trials, earlier: Trials | None, **controls: Any) -> tuple[list[float] | None, list[float]]:
    """Returns how much the trials count with an earlier experiment's, worth 2 units of an arm, and the units seen."""
    warm = definition(warm_start=WarmStart("last-year", 2.0), **controls)
    known = evidence(warm, own, now=NOW, earlier=earlier)
    return known.trials.weights if known.trials.weights is None else known.trials.weights.tolist(), known.seen.tolist()


def test_evidence_when_started_warm_then_earlier_trials_count_as_so_many_units_of_each_arm() -> None:
    earlier = at(9e3, 9e3, 9e3, 9e3, 9e3, arms=(1, 1, 1, 1, 2))

    assert started_warm(at(0.0, 1.0, arms=(0, 2)), earlier) == ([1, 1, 0.5, 0.5, 0.5, 0.5, 1], [1, 2, 2])
    assert started_warm(at(0.0), None) == (None, [1, 0, 0])


def test_evidence_when_started_warm_and_forgetting_then_what_was_started_from_stays() -> None:
    found, seen = started_warm(at(1.0, arms=(0,)), at(9e3, arms=(1,)), half_life=HOUR)

    assert found == pytest.approx([0.5, 1.0])
    assert seen == [1, 1, 0]


@pytest.mark.parametrize("controls", [{"half_life": HOUR}, {"window": HOUR}, {"mature_only": True}])
def test_learning_when_a_contextual_policy_forgets_or_waits_then_it_moves_with_time_and_needs_no_versions(
    controls: dict[str, Any],
) -> None:
    assert moves_with_time(definition(**controls))
    assert not needs_versions(definition(**controls))


def turned(count: int = 4000) -> Trials:
    """Returns trials of ten hours, latest first; blue was best until three hours ago, green has been since."""
    rng = np.random.default_rng(2)
    hours_ago = np.sort(rng.uniform(0, 10, count))
    arms, returning = rng.integers(0, 3, count), rng.integers(0, 2, count)
    rates = np.where((hours_ago < 3)[:, None], [0.2, 0.1, 0.5], [0.2, 0.5, 0.1])[np.arange(count), arms]
    contexts = np.column_stack([np.ones(count), returning]).astype(np.float64)
    return Trials(
        contexts, arms, (rng.random(count) < rates).astype(np.float64), exposed_at=NOW.timestamp() - 3600 * hours_ago
    )


def served(known: Experiment, trials: Trials, previous: PolicySnapshot | None = None) -> PolicySnapshot:
    snapshot = next_snapshot(known, {}, previous, frozen=False, now=NOW, trials=trials)
    assert snapshot is not None
    return snapshot


@pytest.mark.parametrize("algorithm", [LinearThompson(), LogisticThompson(), LinUcb()])
def test_snapshot_when_the_best_arm_has_changed_then_who_forgets_follows(algorithm: Any) -> None:
    found = {}
    memories: dict[str, dict[str, Any]] = {
        "all": {},
        "half-life": {"half_life": HOUR},
        "window": {"window": 2 * HOUR},
    }
    for name, controls in memories.items():
        model = served(definition(algorithm, **controls), turned()).contextual_model
        assert model is not None
        found[name] = ContextPlacer(model).weights(BOTH).argmax(axis=1).tolist()

    assert found == {"all": [1, 1], "half-life": [2, 2], "window": [2, 2]}


def test_snapshot_when_outcomes_are_still_to_come_then_who_waits_is_not_misled() -> None:
    # All arms convert alike, two hours later; blue has been given nearly all units of late.
    rng = np.random.default_rng(4)
    hours_ago = np.sort(rng.uniform(0, 12, 6000))
    arms = np.where(hours_ago < 3, rng.choice(3, 6000, p=[0.05, 0.9, 0.05]), rng.integers(0, 3, 6000))
    values = (rng.random(6000) < 0.3) & (hours_ago > 2)
    trials = Trials(
        np.column_stack([np.ones(6000), rng.integers(0, 2, 6000)]).astype(np.float64),
        arms.astype(np.int64),
        values.astype(np.float64),
        exposed_at=NOW.timestamp() - 3600 * hours_ago,
    )
    eager = served(replace(definition(), attribution_window=2 * HOUR), trials)
    waiting = served(replace(definition(mature_only=True), attribution_window=2 * HOUR), trials)

    assert weights(eager)["blue"] < 0.02
    assert weights(waiting)["blue"] > 0.1


def test_snapshot_when_nothing_is_whole_yet_then_an_equal_split() -> None:
    first = served(definition(mature_only=True), at(0.1, 0.5))

    assert first.contextual_model is None
    assert list(weights(first).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_snapshot_when_all_is_forgotten_then_arms_are_as_new_and_do_not_burn_in_again() -> None:
    old = at(*([50.0] * 30), arms=(0, 1, 2) * 10)

    first = served(definition(window=HOUR, burn_in_unit_count=10), old)

    assert first.contextual_model is not None
    assert list(weights(first).values()) == pytest.approx([1 / 3] * 3, abs=0.1)
