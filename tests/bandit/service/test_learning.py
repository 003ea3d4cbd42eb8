"""The learner publishes what changed, when it is due, and survives what fails."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.service.learning import Learner
from shared.definition.model import (
    AllocationControls,
    BetaThompson,
    BooleanFeature,
    Experiment,
    ExperimentState,
    LinearThompson,
)
from shared.errors import Unavailable
from shared.policy.snapshot import PolicySnapshot, PublishReason
from tests.bandit.domain.test_context_evidence import HOUR, turned
from tests.bandit.examples import MINUTE, NOW, by_arm, counted, experiment, policy, split, weights
from tests.fakes.bandit import HandClock, InMemoryLearnerSession

THOMPSON = experiment(allocation_policy=policy(BetaThompson(), AllocationControls()))
SEARCH = replace(THOMPSON, experiment_id="search")
CLEAR = (counted("control", 2000, 200), counted("blue", 2000, 300), counted("green", 2000, 200))
# More successes than units: no posterior can be made of it.
IMPOSSIBLE = (ArmStatistics("control", 1000, 5000.0, 5.0, 0.0), counted("blue", 2000, 300), counted("green", 2000, 200))


class Bench:
    """Is a learner with all that it reads."""

    def __init__(self, *experiments: Experiment) -> None:
        self.clock = HandClock(NOW)
        self.session = InMemoryLearnerSession()
        for one in experiments:
            self.session.define(one)
        self.learner = self.restarted()

    def restarted(self) -> Learner:
        self.learner = Learner(self.session, now=self.clock)
        return self.learner

    def step(self, *, after: timedelta = timedelta(0)) -> list[PolicySnapshot]:
        """Returns what one step published."""
        self.clock.advance(after)
        self.session.batches.clear()
        count = self.learner.step()
        fresh = [snapshot for batch in self.session.batches for snapshot in batch]
        assert count == len(fresh)
        return fresh


def of(snapshots: list[PolicySnapshot]) -> list[tuple[str, int, PublishReason]]:
    return [(one.experiment_id, one.policy_version, one.publish_reason) for one in snapshots]


def test_step_when_experiments_start_then_the_first_version_of_each_in_one_batch() -> None:
    bench = Bench(SEARCH, THOMPSON)

    fresh = bench.step()

    assert of(fresh) == [("checkout", 1, PublishReason.DEFINITION), ("search", 1, PublishReason.DEFINITION)]
    assert len(bench.session.batches) == 1
    assert bench.step() == []


def test_step_when_data_come_then_they_are_learned_once_the_interval_has_passed() -> None:
    bench = Bench(THOMPSON, SEARCH)
    bench.step()
    bench.session.tell("checkout", *CLEAR)

    assert bench.step(after=MINUTE / 2) == []
    (fresh,) = bench.step(after=MINUTE / 2)
    assert of([fresh]) == [("checkout", 2, PublishReason.LEARNING)]
    assert weights(fresh)["blue"] > 0.97


def test_step_when_the_data_change_nothing_material_then_nothing_is_published() -> None:
    bench = Bench(THOMPSON)
    bench.step()
    bench.session.tell("checkout", *CLEAR)
    bench.step(after=MINUTE)
    bench.session.tell("checkout", counted("control", 2001, 200), *CLEAR[1:])

    assert bench.step(after=MINUTE) == []


def test_step_when_the_split_is_fixed_then_data_publish_nothing() -> None:
    bench = Bench(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
    bench.step()
    bench.session.tell("checkout", *CLEAR)

    assert bench.step(after=timedelta(days=1)) == []


def test_step_when_a_revision_is_new_then_a_version_at_once() -> None:
    bench = Bench(THOMPSON)
    bench.step()
    bench.session.define(replace(THOMPSON, revision=2, state=ExperimentState.PAUSED))

    (fresh,) = bench.step()

    assert (fresh.experiment_revision, fresh.state) == (2, ExperimentState.PAUSED)


def test_step_when_paused_then_data_wait_until_it_is_resumed() -> None:
    bench = Bench(THOMPSON)
    bench.step()
    bench.session.define(replace(THOMPSON, revision=2, state=ExperimentState.PAUSED))
    bench.step()
    bench.session.tell("checkout", *CLEAR)

    assert bench.step(after=MINUTE) == []
    bench.session.define(replace(THOMPSON, revision=3))
    assert weights(bench.step()[0])["blue"] > 0.97


def test_step_when_frozen_and_unfrozen_then_a_version_each_and_the_weights_stay_meanwhile() -> None:
    bench = Bench(THOMPSON)
    bench.step()
    bench.session.switched_off.add("checkout")
    bench.session.tell("checkout", *CLEAR)

    frozen = bench.step(after=MINUTE)
    assert of(frozen) == [("checkout", 2, PublishReason.SWITCH)]
    assert list(weights(frozen[0]).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert bench.step(after=MINUTE) == []

    bench.session.switched_off.clear()
    thawed = bench.step()
    assert of(thawed) == [("checkout", 3, PublishReason.SWITCH)]
    assert weights(thawed[0])["blue"] > 0.97


def test_step_when_an_experiment_that_was_never_started_is_frozen_then_nothing_happens() -> None:
    bench = Bench(THOMPSON)
    bench.session.switched_off.add("nothing")

    assert [one.experiment_id for one in bench.step()] == ["checkout"]


def test_step_when_the_learner_is_replaced_then_what_the_last_one_left_is_learned() -> None:
    bench = Bench(THOMPSON)
    bench.step()
    bench.session.tell("checkout", *CLEAR)
    bench.session.fold([THOMPSON], now=NOW)
    bench.restarted()

    assert of(bench.step(after=MINUTE)) == [("checkout", 2, PublishReason.LEARNING)]


def test_step_when_one_update_fails_then_its_last_policy_stays_and_the_others_are_learned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(THOMPSON, SEARCH)
    bench.step()
    bench.session.tell("checkout", *IMPOSSIBLE)
    bench.session.tell("search", *CLEAR)

    with caplog.at_level(logging.ERROR):
        fresh = bench.step(after=MINUTE)

    assert of(fresh) == [("search", 2, PublishReason.LEARNING)]
    assert [record.getMessage() for record in caplog.records] == ["update failed, the last policy stays"]


def test_step_when_a_first_version_fails_then_the_others_are_learned_and_it_is_tried_again() -> None:
    bench = Bench(THOMPSON, SEARCH)
    bench.session.tell("checkout", *IMPOSSIBLE)
    bench.session.tell("search", *CLEAR)

    assert of(bench.step()) == [("search", 1, PublishReason.DEFINITION)]

    bench.session.tell("checkout", *CLEAR)
    assert of(bench.step(after=MINUTE)) == [("checkout", 1, PublishReason.DEFINITION)]


def test_step_when_the_right_is_lost_then_unavailable_and_nothing_is_published() -> None:
    bench = Bench(THOMPSON)
    bench.session.lost = True

    with pytest.raises(Unavailable):
        bench.learner.step()

    assert bench.session.batches == []


def test_step_when_a_publication_fails_then_it_is_done_in_the_next_step() -> None:
    bench = Bench(THOMPSON)
    bench.session.lost_when_publishing = True
    with pytest.raises(Unavailable):
        bench.learner.step()
    bench.session.lost_when_publishing = False

    assert of(bench.step()) == [("checkout", 1, PublishReason.DEFINITION)]


def test_step_when_days_pass_then_room_is_made_once_a_day() -> None:
    bench = Bench(THOMPSON)
    for _ in range(30):
        bench.step(after=timedelta(hours=2))

    assert [instant.day for instant in bench.session.roomy_on] == [1, 2, 3, 4]


DAY = timedelta(days=1)
AGING = experiment(allocation_policy=policy(BetaThompson(), AllocationControls(burn_in_unit_count=0, half_life=DAY)))


def of_yesterday(*arms: ArmStatistics) -> list[VersionStatistics]:
    """Returns what was known when the first version was replaced."""
    return [VersionStatistics(1, NOW, by_arm(*arms), dict.fromkeys(by_arm(*arms), 1 / len(arms)))]


def test_step_when_the_past_is_forgotten_then_weights_move_with_time_alone() -> None:
    bench = Bench(AGING)
    bench.session.by_version["checkout"] = of_yesterday(*CLEAR)
    (first,) = bench.step()
    assert weights(first)["blue"] > 0.97

    (much_later,) = bench.step(after=12 * DAY)

    assert of([much_later]) == [("checkout", 2, PublishReason.LEARNING)]
    assert weights(much_later)["blue"] < 0.6


def test_step_when_the_past_is_forgotten_then_a_version_for_each_period_though_nothing_comes() -> None:
    bench = Bench(AGING)
    bench.step()

    reasons = [one.publish_reason for _ in range(16) for one in bench.step(after=DAY / 16)]

    assert reasons == [PublishReason.PERIOD] * 16
    assert bench.step(after=DAY / 16 - MINUTE) == []


def test_step_when_the_past_is_forgotten_and_frozen_then_periods_go_on_with_the_weights_kept() -> None:
    bench = Bench(AGING)
    bench.session.switched_off.add("checkout")
    bench.step()
    bench.session.by_version["checkout"] = of_yesterday(*CLEAR)

    (fresh,) = bench.step(after=DAY)

    assert (fresh.publish_reason, fresh.frozen) == (PublishReason.PERIOD, True)
    assert list(weights(fresh).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_step_when_an_experiment_forgets_then_it_is_read_once_an_interval_and_others_only_with_news() -> None:
    bench = Bench(AGING, SEARCH)
    bench.step()
    asked: list[str] = []
    read = bench.session.primary_statistics

    def reading(definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        asked.extend(one.experiment_id for one in definitions)
        return read(definitions)

    bench.session.primary_statistics = reading  # type: ignore[method-assign]
    for _ in range(8):
        bench.step(after=MINUTE / 4)

    assert asked == ["checkout"] * 2


def test_step_when_whole_versions_are_waited_for_then_pooled_statistics_teach_nothing() -> None:
    controls = AllocationControls(burn_in_unit_count=0, mature_only=True)
    bench = Bench(replace(AGING, attribution_window=DAY, allocation_policy=policy(BetaThompson(), controls)))
    bench.session.tell("checkout", *CLEAR)
    bench.session.by_version["checkout"] = of_yesterday(*CLEAR)

    assert list(weights(bench.step()[0]).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)
    (fresh,) = bench.step(after=DAY + MINUTE)
    assert weights(fresh)["blue"] > 0.97


def test_step_when_weights_follow_contexts_and_the_past_is_forgotten_then_they_move_without_news() -> None:
    definition = experiment(
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(LinearThompson(), AllocationControls(burn_in_unit_count=10, window=3 * HOUR)),
    )
    bench = Bench(definition)
    bench.session.trials["checkout"] = turned()
    bench.step()

    before = bench.step(after=MINUTE)
    much_later = bench.step(after=4 * HOUR)

    assert before == []
    assert of(much_later) == [("checkout", 2, PublishReason.LEARNING)]
    assert weights(bench.session.batches[0][0])["green"] < 0.9


def test_step_when_weights_follow_contexts_and_outcomes_are_waited_for_then_only_whole_trials_are_read() -> None:
    definition = experiment(
        features=(BooleanFeature("returning"),),
        attribution_window=HOUR,
        allocation_policy=policy(LinearThompson(), AllocationControls(burn_in_unit_count=10, mature_only=True)),
    )
    bench = Bench(definition)
    bench.session.trials["checkout"] = replace(turned(), exposed_at=np.full(turned().count, NOW.timestamp()))

    (first,) = bench.step()
    whole = bench.step(after=HOUR + MINUTE)

    assert first.contextual_model is None
    assert of(whole) == [("checkout", 2, PublishReason.LEARNING)]
    assert whole[0].contextual_model is not None
