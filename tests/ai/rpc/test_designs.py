"""GetDesign, ListDesigns, ValidateDesign and PlanSampleSize."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import hypothesis_pb2
from services.ai.domain.design.sample import plan_size
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import INVALID_FIELD, NO_DESIGN, money, plan, rate, traffic
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import NOW, design, hypothesis, job, result


@pytest.fixture(scope="module")
def stored(shared_lab: Lab) -> None:
    """Stores four designs, two at the same time, one of which a rule blocks."""
    desk = Desk(shared_lab.parts.store)
    later = NOW + timedelta(days=1)
    for place, record in enumerate(
        (
            design("d1", "job_d1", hypothesis_id="h1", created_at=later),
            design("d2", "job_d2", created_at=later, recommended=False),
            design("d3", "job_d3", hypothesis_id="h1"),
            design("d4", "job_d4", created_at=NOW - timedelta(days=1)),
        )
    ):
        desk.finish(job(record.job_id), result(hypothesis(f"h_{place}", record.job_id), design=record))


def listed(lab: Lab, **fields: object) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListDesignsRequest(page_size=1, page_token=token, **fields)  # type: ignore[arg-type]
        page = lab["vic"].ListDesigns(request)
        found += [each.design_id for each in page.designs]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.usefixtures("stored")
def test_list_when_paged_then_newest_first_and_each_once(shared_lab: Lab) -> None:
    found = listed(shared_lab)

    assert (set(found[:2]), found[2:]) == ({"d1", "d2"}, ["d3", "d4"])


@pytest.mark.usefixtures("stored")
def test_list_when_filtered_then_those_alone(shared_lab: Lab) -> None:
    assert listed(shared_lab, hypothesis_id="h1") == ["d1", "d3"]
    assert listed(shared_lab, recommended_only=True) == ["d1", "d3", "d4"]


@pytest.mark.usefixtures("stored")
def test_get_when_it_is_stored_then_all_of_it(shared_lab: Lab) -> None:
    found = shared_lab["vic"].GetDesign(pb.GetDesignRequest(design_id="d1")).design

    record = design("d1").design
    assert (found.job_id, found.hypothesis_id, found.description) == ("job_d1", "h1", "a shorter form")
    assert list(found.required_units) == list(record.required_units)
    assert list(found.plan.units_per_arm) == list(record.plan.units_per_arm)
    assert found.plan.duration.ToTimedelta() == record.plan.duration
    assert found.traffic.units_per_day == record.wishes.traffic.units_per_day
    assert [each.rule_id for each in found.findings] == [each.rule_id for each in record.judged.findings]
    assert len(found.detectable_lifts) == len(record.detectable_lifts)


def test_get_when_there_is_no_such_design_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(shared_lab["vic"].GetDesign, pb.GetDesignRequest(design_id="d0"))

    assert answer.reason == NO_DESIGN
    assert answer.error.metadata == {"design_id": "d0"}


def validate(**changes: Any) -> pb.ValidateDesignRequest:
    asked = {"plan": plan(), "metrics": [rate(), money()], "traffic": traffic(), **changes}
    return pb.ValidateDesignRequest(**asked)


def test_validate_when_too_few_units_come_then_a_rule_blocks(shared_lab: Lab) -> None:
    fine = shared_lab["vic"].ValidateDesign(validate(metrics=[rate(), money(standard_deviation=3)]))
    poor = shared_lab["vic"].ValidateDesign(validate(traffic=traffic(20)))

    assert (fine.acceptable, poor.acceptable) == (True, False)
    assert poor.findings[0].severity == hypothesis_pb2.FINDING_SEVERITY_BLOCKING
    assert poor.findings[0].source
    severities = [each.severity for each in poor.findings]
    assert severities == sorted(severities, reverse=True)


def test_validate_when_a_recommended_plan_is_sent_back_then_it_is_acceptable(shared_lab: Lab, stored: None) -> None:
    found = shared_lab["vic"].GetDesign(pb.GetDesignRequest(design_id="d3")).design
    request = pb.ValidateDesignRequest(
        plan=found.plan, metrics=found.metrics, traffic=found.traffic, description=found.description
    )

    judged = shared_lab["vic"].ValidateDesign(request)

    assert judged.acceptable
    assert judged.findings == found.findings


BAD_PLANS = {
    "unknown primary metric": ({"plan": plan(primary_metric_id="x")}, ["plan.primary_metric_id"]),
    "unknown guardrail": ({"plan": plan(guardrail_metric_ids=["x"])}, ["plan.guardrail_metric_ids[0]"]),
    "shares above one": ({"plan": plan(arm_shares=[0.6, 0.6])}, ["plan.arm_shares"]),
    "an arm without units": ({"plan": plan(arm_shares=[0, 1])}, ["plan.arm_shares"]),
    "units of one arm": ({"plan": plan(units_per_arm=[1])}, ["plan.units_per_arm"]),
    "no duration": ({"plan": plan(duration=None)}, ["plan.duration"]),
    "lift too small": ({"plan": plan(relative_mde=1e-200)}, ["plan.relative_mde"]),
    "a step of no time": (
        {"plan": plan(ramp=[hypothesis_pb2.RampStep(traffic_share=0.1, duration=Duration(seconds=-5))])},
        ["plan.ramp[0].duration"],
    ),
    "rate above one": ({"metrics": [rate(baseline=2), money()]}, ["metrics[0].baseline"]),
    "level beyond all": ({"metrics": [rate(), money(baseline=1e300)]}, ["metrics[1].baseline"]),
    "metric twice": ({"metrics": [rate(), money(), money()]}, ["metrics[2].metric_id"]),
    "no metric": ({"metrics": []}, ["metrics"]),
    "no traffic": ({"traffic": None}, ["traffic"]),
}


@pytest.mark.parametrize(("changes", "fields"), BAD_PLANS.values(), ids=BAD_PLANS)
def test_validate_when_the_plan_cannot_be_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["vic"].ValidateDesign, validate(**changes))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)


def size(**changes: Any) -> pb.PlanSampleSizeRequest:
    return pb.PlanSampleSizeRequest(**{"metric": rate(), "relative_mde": 0.05, **changes})


def test_size_when_asked_then_as_the_engine_plans(shared_lab: Lab) -> None:
    planned = shared_lab["vic"].PlanSampleSize(size())

    engine = plan_size(MetricProfile("signup", MetricKind.PROPORTION, baseline=0.1), relative_mde=0.05)
    assert (planned.units_per_arm, planned.unit_count) == (engine.units_per_arm, engine.unit_count)
    assert planned.unit_count == 2 * planned.units_per_arm
    assert not planned.HasField("weeks")
    assert not planned.detectable_lifts


def test_size_when_traffic_is_given_then_weeks_and_a_table(shared_lab: Lab) -> None:
    planned = shared_lab["vic"].PlanSampleSize(size(traffic=traffic(10_000)))
    scarce = shared_lab["vic"].PlanSampleSize(size(traffic=traffic(10)))

    assert planned.weeks == -(-planned.unit_count // 70_000)
    lifts = [each.relative_lift for each in planned.detectable_lifts]
    assert lifts == sorted(lifts, reverse=True)
    assert not scarce.HasField("weeks")


BAD_SIZES = {
    "no metric": ({"metric": None}, ["metric"]),
    "no baseline": ({"metric": rate(baseline=None)}, ["metric.baseline"]),
    "rate above one": ({"metric": rate(baseline=1.1)}, ["metric.baseline"]),
    "no deviation": ({"metric": money(standard_deviation=None)}, ["metric.standard_deviation"]),
    "no lift": ({"relative_mde": 0}, ["relative_mde"]),
    "lift that cannot be": ({"relative_mde": 10}, ["relative_mde"]),
    "lift too small": ({"relative_mde": 1e-200}, ["relative_mde"]),
    "one arm": ({"arm_count": 1}, ["arm_count"]),
    "alpha too small": ({"alpha": 1e-300}, ["alpha"]),
}


@pytest.mark.parametrize(("changes", "fields"), BAD_SIZES.values(), ids=BAD_SIZES)
def test_size_when_it_cannot_be_planned_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["vic"].PlanSampleSize, size(**changes))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
