"""Hypotheses that move with the analyses of the experiments that test them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState
from services.ai.domain.jobs import AnalysisInput, RequestKey
from services.ai.domain.records import HypothesisRecord
from services.ai.service.results import LOOK_BACK, Results
from shared.definition.model import ExperimentState
from tests.ai.job_examples import hypotheses_answer, hypotheses_job
from tests.ai.service.analysis_world import CHECKOUT, NOW, Experiments, stored
from tests.ai.service.test_analysis_task import BETTER, SAME, UNEVEN, arm, given
from tests.fakes.ai_store import InMemoryAiStore

_S = HypothesisState
WORSE = given(arm("control", 20_000, 2_600), arm("blue", 20_000, 2_000))
STOPPED = replace(CHECKOUT, state=ExperimentState.STOPPED, stopped_at=NOW)


class World:
    """Is a store with a hypothesis that the experiment `checkout` tests."""

    def __init__(self, state: HypothesisState = _S.TESTED, **fields: object) -> None:
        self.store = InMemoryAiStore()
        self.experiments = Experiments()
        self.now = NOW
        self._count = 0
        job = hypotheses_job("job_h", created_at=NOW)
        (made,) = hypotheses_answer(job, 1).hypotheses
        hypothesis = replace(made.hypothesis, **{"primary_metric_id": "conversion", **fields})  # type: ignore[arg-type]
        made = replace(made, state=state, hypothesis=hypothesis, experiment_id="checkout")
        self.store.jobs.open(job, RequestKey("ada", "", ""), limit=9)
        self.store.jobs.claim(job.job_id, "w", now=NOW, lease_until=NOW)
        self.store.jobs.finish(job.job_id, "w", replace(hypotheses_answer(job, 1), hypotheses=(made,)), now=NOW)
        self._hypothesis_id = made.hypothesis_id
        self.results = Results(self.store.analyses, self.store.hypotheses, self.experiments, clock=lambda: self.now)

    @property
    def hypothesis(self) -> HypothesisRecord:
        found = self.store.hypotheses.find(self._hypothesis_id)
        assert found is not None
        return found

    def analyse(self, data: object, at: datetime = NOW) -> None:
        self._count += 1
        stored(self.store, AnalysisInput("checkout", data), at=at, number=self._count)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "expected", "state"),
    [
        (BETTER, EffectDirection.INCREASE, _S.WON),
        (BETTER, EffectDirection.DECREASE, _S.LOST),
        (WORSE, EffectDirection.INCREASE, _S.LOST),
        (WORSE, EffectDirection.DECREASE, _S.WON),
        # It goes on, or cannot be trusted.
        (SAME, EffectDirection.INCREASE, _S.TESTED),
        (UNEVEN, EffectDirection.INCREASE, _S.TESTED),
    ],
)
def test_sweep_when_the_experiment_runs_then_only_what_ends_it_decides(
    data: object, expected: EffectDirection, state: HypothesisState
) -> None:
    world = World(expected_direction=expected)
    world.analyse(data)

    moved = world.results.sweep()

    assert world.hypothesis.state is state
    assert moved == (state is not _S.TESTED)
    assert world.hypothesis.version == 1 + moved


@pytest.mark.parametrize(("data", "state"), [(SAME, _S.INCONCLUSIVE), (BETTER, _S.WON), (UNEVEN, _S.TESTED)])
def test_sweep_when_the_experiment_has_stopped_then_what_is_shown_decides(data: object, state: HypothesisState) -> None:
    world = World()
    world.experiments.definition = STOPPED
    world.analyse(data)

    world.results.sweep()

    assert world.hypothesis.state is state


def test_sweep_when_a_later_analysis_says_otherwise_then_it_counts() -> None:
    world = World()
    world.analyse(BETTER)
    world.results.sweep()
    world.now = NOW + timedelta(hours=1)
    world.analyse(WORSE, at=world.now)

    assert world.results.sweep() == 1
    assert world.hypothesis.state is _S.LOST
    assert world.hypothesis.updated_at == world.now


def test_sweep_again_then_nothing_moves() -> None:
    world = World()
    world.analyse(BETTER)

    assert [world.results.sweep(), world.results.sweep()] == [1, 0]


@pytest.mark.parametrize("state", [_S.PROPOSED, _S.ACCEPTED])
def test_sweep_when_the_experiment_was_started_then_its_hypothesis_is_tested(state: HypothesisState) -> None:
    world = World(state)
    world.analyse(SAME)

    world.results.sweep()

    assert world.hypothesis.state is _S.TESTED


def test_sweep_when_the_hypothesis_is_rejected_then_it_stays_so() -> None:
    world = World(_S.REJECTED)
    world.analyse(BETTER)

    assert world.results.sweep() == 0
    assert world.hypothesis.state is _S.REJECTED


def test_sweep_when_the_experiment_is_a_draft_then_nothing_is_tested() -> None:
    world = World(_S.ACCEPTED)
    world.experiments.definition = replace(CHECKOUT, state=ExperimentState.DRAFT)
    world.analyse(BETTER)

    assert world.results.sweep() == 0


def test_sweep_when_the_analysis_does_not_speak_of_its_metric_then_it_is_tested_still() -> None:
    world = World(primary_metric_id="retention")
    world.analyse(BETTER)

    assert world.results.sweep() == 0
    assert world.hypothesis.state is _S.TESTED


def test_sweep_when_another_process_settled_it_then_its_state_stands() -> None:
    world = World()
    world.analyse(BETTER)
    theirs = Results(world.store.analyses, world.store.hypotheses, world.experiments, clock=lambda: NOW)
    assert theirs.sweep() == 1

    assert world.results.sweep() == 0
    assert world.hypothesis.version == 2


def test_sweep_when_somebody_changes_it_meanwhile_then_it_is_read_again() -> None:
    world = World()
    world.analyse(BETTER)
    change, rivals = world.store.hypotheses.change, [True]

    def rival_first(record: HypothesisRecord, *, seen_version: int, key: RequestKey | None = None) -> bool:
        if rivals:
            rivals.pop()
            first = replace(world.hypothesis, review_reason="seen", version=seen_version + 1)
            assert change(first, seen_version=seen_version)
        return change(record, seen_version=seen_version, key=key)

    world.store.hypotheses.change = rival_first  # type: ignore[method-assign]

    assert world.results.sweep() == 1
    assert (world.hypothesis.state, world.hypothesis.review_reason) == (_S.WON, "seen")


def test_sweep_when_the_process_has_just_started_then_analyses_of_days_ago_are_looked_at() -> None:
    recent, old = World(), World()
    recent.analyse(BETTER, at=NOW - LOOK_BACK + timedelta(minutes=1))
    old.analyse(BETTER, at=NOW - LOOK_BACK - timedelta(minutes=1))

    assert [recent.results.sweep(), old.results.sweep()] == [1, 0]


def test_settle_when_there_are_several_treatments_then_the_one_that_moved_it_most() -> None:
    world = World()
    world.experiments.definition = STOPPED
    several = given(arm("control", 20_000, 2_000), arm("blue", 20_000, 2_010), arm("green", 20_000, 2_600))
    equal = tuple(replace(one, planned_share=0.0) for one in several.arms)
    world.analyse(replace(several, arms=equal))

    world.results.sweep()

    assert world.hypothesis.state is _S.WON
