"""The analysis of an experiment as a job's work: from each source of data, and with none."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.asking import FallbackReason, ProviderName
from services.ai.domain.design.engine import recommend
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.jobs import AnalysisInput, JobStage, WarehouseTable
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.domain.records import AnswerKind, DataSource, DesignRecord
from services.ai.store.documents import from_document, to_document
from shared.definition.model import (
    AllocationPolicy,
    BetaThompson,
    ExperimentState,
    MetricDirection,
    MetricKind,
    MetricRole,
    Traffic,
)
from shared.errors import FailedPrecondition, InvalidArgument, NotFound, Reason
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status
from tests.ai.domain.analysis.examples import thompson
from tests.ai.service.analysis_world import CHECKOUT, NOW, STARTED, OneTable, World

METRICS = (
    MetricProfile("conversion", MetricKind.PROPORTION, role=MetricRole.PRIMARY),
    MetricProfile("latency", MetricKind.MEAN, direction=MetricDirection.MINIMIZE, role=MetricRole.GUARDRAIL),
)
TABLE = WarehouseTable("lake", "visits", "visitor", "arm", (("conversion", "converted"),))


def arm(arm_id: str, units: int, converted: int, spread: float = 30.0) -> ArmAggregate:
    squares = units * (200.0**2 + spread**2)
    sums = (MetricSums("conversion", converted), MetricSums("latency", units * 200.0, squares))
    return ArmAggregate(arm_id, arm_id == "control", 0.5, units, sums)


def given(*arms: ArmAggregate) -> Aggregates:
    return Aggregates(arms, METRICS, as_of=NOW, started_at=STARTED)


BETTER = given(arm("control", 20_000, 2_000), arm("blue", 20_000, 2_600))
SAME = given(arm("control", 20_000, 2_000), arm("blue", 20_000, 2_001))
UNEVEN = given(arm("control", 20_000, 2_000), arm("blue", 15_000, 2_000))


def recorded() -> World:
    world = World()
    world.experiments.recorded = replace(
        thompson(np.random.default_rng(1), [0.1, 0.2]), as_of=NOW - timedelta(minutes=5), started_at=STARTED
    )
    return world


def test_run_when_the_bandit_recorded_then_an_analysis_with_its_evidence() -> None:
    world = recorded()

    result = world.run()

    record = result.analysis
    assert record is not None
    assert (record.experiment_id, record.revision, record.data_source) == ("checkout", 3, DataSource.STORE)
    assert (record.decision.verdict, record.decision.arm_id) == (Verdict.SHIP, "arm-1")
    assert record.decision.text.text == "Ship arm-1: the goal is met."
    assert record.decision.reasons
    assert record.bandit is not None
    assert record.unit_count == 12_000
    assert [one.arm_id for one in record.arms] == ["control", "arm-1"]
    assert record.comparisons[0].answer.kind is AnswerKind.ANY_TIME
    assert [one.kind for one in record.comparisons[0].other_answers] == [AnswerKind.FIXED]
    assert record.provenance == result.provenance
    assert result.evidence.sha256 == record.provenance.evidence_sha256
    known = {fact.evidence_id for fact in result.evidence.facts}
    assert all(set(one.evidence_ids) <= known for one in (*record.statements, *record.decision.reasons))
    assert world.watch.stages == [JobStage.GATHERING, JobStage.COMPUTING, JobStage.CHECKING]


def test_run_when_nobody_but_the_engine_answers_then_it_says_so_and_nothing_was_dropped() -> None:
    provenance = recorded().run().provenance

    assert (provenance.provider, provenance.model) == (ProviderName.HEURISTIC, "engine")
    assert provenance.fallback_reason is FallbackReason.NO_KEY
    assert (provenance.grounding, provenance.dropped_claim_count) == (Grounding.CLEAN, 0)


@pytest.mark.parametrize("data", [BETTER, SAME, UNEVEN, given(arm("control", 0, 0), arm("blue", 0, 0))])
def test_run_then_the_record_can_be_stored_as_it_is(data: Aggregates) -> None:
    record = World().analysis(AnalysisInput("checkout", data))

    assert from_document(type(record), to_document(record)) == record


@pytest.mark.parametrize(
    ("data", "verdict"), [(BETTER, Verdict.SHIP), (SAME, Verdict.CONTINUE), (UNEVEN, Verdict.INVESTIGATE)]
)
def test_run_when_sums_are_supplied_then_what_they_say(data: Aggregates, verdict: Verdict) -> None:
    record = World().analysis(AnalysisInput("checkout", data))

    assert (record.data_source, record.decision.verdict) == (DataSource.AGGREGATES, verdict)
    assert {one.kind for one in record.comparisons[0].other_answers} == {AnswerKind.FIXED, AnswerKind.BAYESIAN}
    assert record.day_count == 14.0


def test_run_when_the_experiment_is_unknown_and_sums_are_supplied_then_it_has_no_revision() -> None:
    record = World().analysis(AnalysisInput("elsewhere", BETTER))

    assert (record.experiment_id, record.revision) == ("elsewhere", 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BETTER, ["the data have 40,000 units, and 12,000 are recorded of the experiment: are they its data?"]),
        (
            replace(BETTER, started_at=STARTED - timedelta(days=3), arms=(arm("control", 9, 1), arm("blue", 9, 1))),
            ["the data start on 2026-03-03, and the experiment started on 2026-03-06: are they its data?"],
        ),
        (replace(BETTER, started_at=STARTED - timedelta(hours=12), arms=(arm("control", 9, 1), arm("blue", 9, 1))), []),
    ],
)
def test_run_when_sums_are_unlike_what_is_recorded_then_a_warning_that_decides_nothing(
    data: Aggregates, said: list[str]
) -> None:
    asked = AnalysisInput("checkout", data)

    record, unrecorded = recorded().analysis(asked), World().analysis(asked)

    warned = [one for one in record.health if one.check == "SUPPLIED_DATA"]
    assert [one.message for one in warned] == said
    assert {one.status for one in warned} <= {Status.WARN}
    assert (record.decision, record.statements) == (unrecorded.decision, unrecorded.statements)


def test_run_when_sums_contradict_themselves_then_refused_with_the_field() -> None:
    asked = AnalysisInput("checkout", given(arm("control", 100, 10), arm("blue", 100, 101)))

    with pytest.raises(InvalidArgument) as caught:
        World().run(asked)

    assert [one.field for one in caught.value.violations] == ["aggregates.arms[1].sums[0].value_sum"]


@pytest.mark.parametrize("data", [BETTER, TABLE])
def test_run_when_weights_follow_the_data_then_sums_of_the_arms_are_refused(data: Aggregates | WarehouseTable) -> None:
    world = World(warehouse=OneTable(BETTER))
    learning = replace(CHECKOUT, allocation_policy=AllocationPolicy(BetaThompson()))
    world.experiments.definition = learning

    with pytest.raises(FailedPrecondition) as caught:
        world.run(AnalysisInput("checkout", data))

    assert caught.value.reason is Reason.INVALID_STATE
    # Those of an analysis split are fair.
    world.experiments.definition = replace(learning, traffic=Traffic(analysis_share=0.1))
    assert world.analysis(AnalysisInput("checkout", data)).decision.verdict is Verdict.SHIP


def test_run_when_the_experiment_is_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        World().run(AnalysisInput("search"))

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


def test_run_when_the_experiment_is_a_draft_then_there_is_nothing_to_analyse() -> None:
    world = World()
    world.experiments.definition = replace(CHECKOUT, state=ExperimentState.DRAFT, started_at=None)

    with pytest.raises(FailedPrecondition) as caught:
        world.run()

    assert caught.value.reason is Reason.INVALID_STATE
    assert "has not been started" in caught.value.message


def test_run_when_nothing_was_recorded_then_it_goes_on_and_says_what_is_missing() -> None:
    record = World().analysis()

    assert record.decision.verdict is Verdict.CONTINUE
    assert record.unit_count == 0
    told = [one.text for one in (*record.decision.reasons, *record.statements)]
    assert "There is too little data on conversion to judge blue." in told
    assert "control has 0 units." in told
    assert [one.answer.difference for one in record.comparisons] == [None, None]
    assert all(one.other_answers == () for one in record.comparisons)
    # Nothing tells how old data are that nobody has recorded.
    assert Check.FRESHNESS.value not in [one.check for one in record.health]


def test_run_when_a_warehouse_is_named_then_its_sums() -> None:
    world = World(warehouse=OneTable(BETTER))

    record = world.analysis(AnalysisInput("checkout", TABLE))

    assert world.warehouse is not None
    assert world.warehouse.asked == [TABLE]
    assert (record.data_source, record.decision.verdict) == (DataSource.WAREHOUSE, Verdict.SHIP)


def test_run_when_no_warehouse_is_configured_then_refused_with_the_field() -> None:
    with pytest.raises(InvalidArgument) as caught:
        World().run(AnalysisInput("checkout", TABLE))

    assert [one.field for one in caught.value.violations] == ["warehouse_table.connection"]


def design() -> DesignRecord:
    metrics = (
        replace(METRICS[0], baseline=0.1, relative_mde=0.1),
        replace(METRICS[1], baseline=200.0, standard_deviation=30.0, relative_mde=0.02),
    )
    made = recommend(DesignWishes("A blue button", metrics, TrafficProfile(4_000.0), max_duration=timedelta(weeks=6)))
    provenance = Provenance(ProviderName.HEURISTIC, "engine", Grounding.CLEAN, "0" * 64, "1")
    return DesignRecord("design_1", "job_0", made, (), (), provenance, STARTED, STARTED, experiment_id="checkout")


def test_run_when_the_experiment_was_made_of_a_design_then_by_its_plan() -> None:
    world = recorded()
    world.designs.design = made = design()
    plan = made.design.plan

    record = world.analysis()

    assert record.plan == AnalysisPlan(
        alpha=0.05,
        sample=PlannedSample(plan.units_per_arm[0], 0.1),
        looking=LookingPolicy.AT_END,
        maximum_day_count=42,
    )
    assert record.sample.required_unit_count == plan.unit_count


def test_run_when_a_plan_is_given_then_it_counts_before_that_of_the_design() -> None:
    world = recorded()
    world.designs.design = design()
    plan = AnalysisPlan(alpha=0.01, looking=LookingPolicy.ANY_TIME)

    assert world.analysis(AnalysisInput("checkout", plan=plan)).plan == plan


def test_run_when_nobody_planned_then_at_any_time() -> None:
    assert recorded().analysis().plan.looking is LookingPolicy.ANY_TIME


def test_run_when_the_design_has_margins_then_guardrails_are_held_to_them() -> None:
    world = World()
    vague = given(arm("control", 20_000, 2_000, 200.0), arm("blue", 20_000, 2_600, 200.0))
    plan = AnalysisPlan(looking=LookingPolicy.ANY_TIME)
    without = world.analysis(AnalysisInput("checkout", vague, plan))
    world.designs.design = design()
    within = world.analysis(AnalysisInput("checkout", vague, plan))

    # Known to some 3 %: enough for the margin that stands where nobody said, not for that of the design.
    assert (without.decision.verdict, within.decision.verdict) == (Verdict.SHIP, Verdict.CONTINUE)
    assert any("2.0 %" in one.text for one in within.statements)
