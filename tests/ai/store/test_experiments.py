"""What is read of others, held against what they show: GetBandit's figures, of data that the real learner folded."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.engine import analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.samples import samples_of_bandit
from services.ai.domain.jobs import SCHEDULE, AnalysisInput, JobQueue
from services.ai.store import recorded
from services.ai.store.experiments import PostgresExperiments
from services.ai.store.postgres import PostgresAiStore
from services.bandit.domain import trial
from services.bandit.service.insight import Bandit, InsightService
from services.bandit.store.learner_session import PostgresLearnerSession, learner_session
from services.bandit.store.policies import PostgresPolicyStore
from services.bandit.store.statistics import PostgresStatisticsStore
from shared.definition.model import (
    AllocationPolicy,
    ArmWeight,
    BooleanFeature,
    Experiment,
    ExperimentState,
    FixedSplit,
    LogisticThompson,
    StopRule,
    Traffic,
)
from shared.statistics.health.finding import Check
from tests.ai.service.analysis_world import CHECKOUT as ANALYSED
from tests.ai.service.analysis_world import World, job_of, stored
from tests.ai.service.test_analysis_task import BETTER
from tests.ai.store.recording import CHECKOUT, Recording, apply, instant

SPLIT = replace(CHECKOUT, traffic=Traffic(analysis_share=0.3, holdout_share=0.1))
LATER = instant(100)


@pytest.fixture
def session(engine: Engine) -> Iterator[PostgresLearnerSession]:
    with learner_session(engine) as held:
        assert held is not None
        yield held


@pytest.fixture
def experiments(engine: Engine) -> PostgresExperiments:
    return PostgresExperiments(engine)


def found(experiments: PostgresExperiments, definition: Experiment = CHECKOUT) -> BanditData:
    data = experiments.data(definition, now=LATER)
    assert data is not None
    return data


def shown(engine: Engine) -> Bandit:
    """Returns what GetBandit shows."""
    service = InsightService(PostgresPolicyStore(engine), PostgresStatisticsStore(engine), now=lambda: LATER)
    return service.bandit("checkout")


def by_arm(data: BanditData) -> dict[str, tuple[int, float]]:
    """Returns units and conversions of each arm in all versions."""
    samples = samples_of_bandit(data)
    moments = samples.moments
    return {
        arm_id: (int(samples.unit_count[place]), float(moments.mean[0, place, 0] * moments.count[0, place]))
        for place, arm_id in enumerate(samples.arm_ids)
    }


def test_find_then_the_newest_revision_or_none(engine: Engine, experiments: PostgresExperiments) -> None:
    apply(engine, CHECKOUT)
    apply(engine, replace(CHECKOUT, display_name="Checkout"))

    definition = experiments.find("checkout")

    assert definition is not None
    assert (definition.display_name, definition.metrics) == ("Checkout", CHECKOUT.metrics)
    assert experiments.find("search") is None


def test_data_when_nothing_was_published_or_folded_then_none(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    apply(engine, CHECKOUT)
    assert experiments.data(CHECKOUT, now=LATER) is None
    session.fold([CHECKOUT], now=instant(1))
    assert experiments.data(CHECKOUT, now=LATER) is None


def test_data_when_nobody_came_then_the_weights_and_no_units(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    Recording(engine, session, CHECKOUT)

    data = found(experiments)

    assert data.arm_ids == ("control", "blue", "green")
    assert [arm.unit_count for version in data.versions for arm in version.arms] == [0, 0, 0]
    assert data.weights_of(data.versions[-1]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert analyze_bandit(data, AnalysisPlan(), now=LATER).sample.unit_count == 0


def test_data_when_a_bandit_learned_then_the_figures_that_get_bandit_shows(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    bandit = Recording(engine, session, CHECKOUT)
    for _ in range(6):
        bandit.serve(200)

    data, known = found(experiments), shown(engine)

    for arm in known.arms:
        units, hits = by_arm(data)[arm.arm_id]
        assert arm.unit_count == units
        assert arm.value_sum == pytest.approx(hits, abs=1e-9)
    newest = dict(zip(data.arm_ids, data.weights_of(data.versions[-1]) or (), strict=True))
    assert newest == pytest.approx({arm.arm_id: arm.weight for arm in known.snapshot.arms}, abs=1e-12)
    assert data.as_of == known.as_of == instant(6)
    assert data.weights_changed
    assert (data.learning, data.running, data.started_at) == (True, True, CHECKOUT.started_at)
    assert (data.exploration_floor, data.threshold_of_caring) == (0.05, StopRule().threshold_of_caring)
    # Versions that placed units; the newest one has placed none yet.
    placed = [version.policy_version for version in data.versions if any(arm.unit_count for arm in version.arms)]
    stored = PostgresStatisticsStore(engine).versions("checkout", "conversion")
    assert placed == [version.policy_version for version in stored]
    assert data.versions[-1].policy_version == known.snapshot.policy_version


def test_data_then_each_version_has_the_exact_moments_and_weights_of_the_bandit(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    bandit = Recording(engine, session, CHECKOUT, seed=3)
    for _ in range(4):
        bandit.serve(100)

    data = found(experiments)

    for metric in CHECKOUT.metrics:
        for version in PostgresStatisticsStore(engine).versions("checkout", metric.metric_id):
            ours = next(one for one in data.versions if one.policy_version == version.policy_version)
            for arm in ours.arms:
                theirs = version.arms.get(arm.arm_id)
                assert arm.weight == version.propensities[arm.arm_id]
                assert arm.unit_count == (theirs.unit_count if theirs else 0)
                for moments in arm.moments:
                    if moments.metric_id == metric.metric_id:
                        assert theirs is not None
                        assert (moments.mean, moments.square_deviation_sum) == (
                            theirs.mean,
                            theirs.square_deviation_sum,
                        )


def test_data_when_there_is_a_split_then_its_units_are_batches_of_their_own(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    bandit = Recording(engine, session, SPLIT)
    for _ in range(5):
        bandit.serve(200)

    data, known = found(experiments, SPLIT), shown(engine)

    assert known.analysis is not None
    both = {arm.arm_id: arm.unit_count for arm in known.arms}
    for arm in known.analysis.arms:
        both[arm.arm_id] += arm.unit_count
    assert {arm_id: units for arm_id, (units, _) in by_arm(data).items()} == both
    sides = [version.policy_version for version in data.versions]
    assert sides[:4] == [1, 1, 2, 2]
    # The split's weights stay as at the start, and the last batch is the policy's own.
    assert data.weights_of(data.versions[2]) == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=1e-9)
    newest = {arm.arm_id: arm.weight for arm in known.snapshot.arms}
    assert data.weights_of(data.versions[-1]) == pytest.approx([newest[arm_id] for arm_id in data.arm_ids])
    state = analyze_bandit(data, AnalysisPlan(), now=LATER).bandit
    assert state is not None
    assert state.version_count == len({version.policy_version for version in data.versions[:-1]})


def contextual(analysis_share: float) -> Experiment:
    algorithm = LogisticThompson()
    return replace(
        CHECKOUT,
        features=(BooleanFeature("returning"),),
        allocation_policy=replace(CHECKOUT.allocation_policy, algorithm=algorithm),
        traffic=Traffic(analysis_share=analysis_share),
    )


@pytest.mark.parametrize("analysis_share", [0.0, 0.4])
def test_data_when_weights_follow_contexts_then_the_split_alone_tells_effects(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession, analysis_share: float
) -> None:
    definition = contextual(analysis_share)
    bandit = Recording(engine, session, definition)
    bandit.serve(300)
    bandit.serve(300)

    data = found(experiments, definition)
    report = analyze_bandit(data, AnalysisPlan(), now=LATER).comparisons[0]

    assert data.multiple_exposure_count is None
    units = sum(units for units, _ in by_arm(data).values())
    if analysis_share:
        assert not data.weights_changed
        assert not data.learning
        assert 150 < units < 330
        assert report.difference is not None
    else:
        assert data.weights_changed
        assert data.learning
        assert units == 600
        assert report.difference is None


def test_data_when_units_saw_two_arms_then_they_are_counted_beside_those_that_had_to_move(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    bandit = Recording(engine, session, CHECKOUT)
    bandit.serve(100)
    bandit.serve(100)
    for arm_id in ("control", "blue", "green"):
        bandit.expose_again(1, arm_id)

    data = found(experiments)

    assert data.multiple_exposure_count == shown(engine).health.multiple_arm_unit_count == 1
    first, second, newest = (dict(zip("cbg", data.weights_of(one) or (), strict=True)) for one in data.versions)
    moved_later = sum(abs(second[arm] - newest[arm]) for arm in "cbg") / 2
    # By at least the distance of the first weights from the last ones.
    moved_first = max(sum(abs(first[arm] - newest[arm]) for arm in "cbg") / 2, moved_later)
    assert data.moved_share >= (moved_first + moved_later) / 2 - 1e-6
    assert data.moved_share < 1


def test_data_when_the_split_is_fixed_then_one_look_and_the_ratio_of_the_whole(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    weights = tuple(ArmWeight(arm.arm_id, 1.0) for arm in CHECKOUT.arms)
    fixed = replace(CHECKOUT, allocation_policy=AllocationPolicy(FixedSplit(weights)))
    bandit = Recording(engine, session, fixed)
    bandit.serve(300)
    bandit.serve(300)

    data = found(experiments, fixed)

    assert (data.learning, data.weights_changed, data.moved_share) == (False, False, 0.0)
    analysis = analyze_bandit(data, AnalysisPlan(), now=LATER)
    assert analysis.bandit is None
    assert Check.SAMPLE_RATIO in [one.finding.check for one in analysis.health]


def test_data_when_the_experiment_has_stopped_then_as_of_its_last_outcome(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    bandit = Recording(engine, session, CHECKOUT)
    for _ in range(5):
        bandit.serve(10)
    stopped = replace(
        CHECKOUT, state=ExperimentState.STOPPED, stopped_at=instant(1), attribution_window=timedelta(hours=2)
    )

    assert found(experiments, stopped).as_of == instant(3)
    assert not found(experiments, stopped).running
    assert found(experiments).as_of == instant(5)


def test_data_when_our_clock_is_behind_then_not_of_the_future(
    engine: Engine, experiments: PostgresExperiments, session: PostgresLearnerSession
) -> None:
    Recording(engine, session, CHECKOUT).serve(10)

    data = experiments.data(CHECKOUT, now=instant(0.5))

    assert data is not None
    assert data.as_of == instant(0.5)


def due(experiments: PostgresExperiments, *, hours: float, limit: int = 10) -> list[str]:
    """Returns what is due then, on a cadence of ten hours."""
    return experiments.to_analyze(now=instant(hours), older_than=instant(hours - 10), limit=limit)


def named(experiment_id: str, **fields: object) -> Experiment:
    return replace(CHECKOUT, experiment_id=experiment_id, **fields)  # type: ignore[arg-type]


def analysed(engine: Engine, experiment_id: str, *, hours: float, **given: Any) -> None:
    asked = AnalysisInput(experiment_id, **given)
    world = World()
    world.experiments.definition = replace(ANALYSED, experiment_id=experiment_id)
    stored(PostgresAiStore(engine), asked, at=instant(hours), number=round(hours * 10), world=world)


def test_to_analyze_then_running_experiments_whose_analysis_is_old_the_longest_wait_first(
    engine: Engine, experiments: PostgresExperiments
) -> None:
    for experiment_id in ("never", "recent", "long-ago", "longer-ago"):
        apply(engine, named(experiment_id))
    apply(engine, named("draft", state=ExperimentState.DRAFT, started_at=None))
    apply(engine, named("paused", state=ExperimentState.PAUSED))
    analysed(engine, "longer-ago", hours=1)
    analysed(engine, "long-ago", hours=2)
    analysed(engine, "recent", hours=15)

    assert due(experiments, hours=20) == ["never", "longer-ago", "long-ago"]
    assert due(experiments, hours=20, limit=2) == ["never", "longer-ago"]
    assert due(experiments, hours=26) == ["never", "longer-ago", "long-ago", "recent"]


@pytest.mark.parametrize("given", [{"data": BETTER}, {"plan": AnalysisPlan(alpha=0.01)}], ids=["data", "plan"])
def test_to_analyze_when_somebody_gave_data_or_a_plan_then_it_does_not_count(
    engine: Engine, experiments: PostgresExperiments, given: dict[str, Any]
) -> None:
    apply(engine, CHECKOUT)
    analysed(engine, "checkout", hours=1)
    analysed(engine, "checkout", hours=15, **given)

    assert due(experiments, hours=20) == ["checkout"]


def test_to_analyze_when_an_experiment_has_stopped_then_once_more_when_its_last_outcomes_are_in(
    engine: Engine, experiments: PostgresExperiments
) -> None:
    stopped = {"state": ExperimentState.STOPPED, "stopped_at": instant(5), "attribution_window": timedelta(hours=3)}
    apply(engine, named("checkout", **stopped))
    analysed(engine, "checkout", hours=6)

    assert due(experiments, hours=7) == []
    assert due(experiments, hours=8) == ["checkout"]
    analysed(engine, "checkout", hours=9)
    assert due(experiments, hours=1_000) == []


def test_to_analyze_when_one_was_asked_for_and_came_to_nothing_then_not_before_its_time(
    engine: Engine, experiments: PostgresExperiments
) -> None:
    apply(engine, CHECKOUT)
    jobs = PostgresAiStore(engine).jobs
    (job,) = jobs.open_scheduled(
        [replace(job_of(AnalysisInput("checkout")), creator=SCHEDULE, created_at=instant(20), queue=JobQueue.BULK)]
    )
    jobs.cancel(job.job_id, now=instant(20))

    assert due(experiments, hours=29) == []
    assert due(experiments, hours=31) == ["checkout"]


def test_marks_of_the_logs_are_the_bandits() -> None:
    assert recorded.ANALYSIS_PREFIX == trial.ANALYSIS_PREFIX
