"""AnalyzeExperiment with segments: stored beside the decision, which takes no notice of them, or refused."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import INVALID_FIELD, analyze, arm, sums

MOBILE = analysis_pb2.SegmentAggregates(
    segment="device=mobile", arms=[arm("control", 6_000, 600), arm("short", 6_000, 850)]
)
DESKTOP = analysis_pb2.SegmentAggregates(
    segment="device=desktop", arms=[arm("control", 4_000, 400), arm("short", 4_000, 400)]
)
PLAN = analysis_pb2.AnalysisPlan(units_per_arm=10_000, relative_mde=0.05)


def analysed(lab: Lab, request: pb.AnalyzeExperimentRequest) -> analysis_pb2.ExperimentAnalysis:
    job = lab.ended(lab["ann"].AnalyzeExperiment(request).job)
    assert job.state == analysis_pb2.JOB_STATE_SUCCEEDED
    return lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id=job.analysis_id)).analysis


def test_analyze_when_there_are_segments_then_they_are_stored_and_the_decision_is_as_without(busy_lab: Lab) -> None:
    started_at = Timestamp()
    started_at.FromJsonString("2026-01-01T00:00:00Z")
    plain = sums(started_at=started_at)
    parted = sums(started_at=started_at, segments=[MOBILE, DESKTOP])

    without = analysed(busy_lab, analyze(aggregates=plain, plan=PLAN))
    found = analysed(busy_lab, analyze(aggregates=parted, plan=PLAN))

    assert list(without.segments) == []
    assert (found.decision.verdict, found.decision.arm_id) == (without.decision.verdict, without.decision.arm_id)
    mobile, desktop = found.segments
    assert (mobile.segment, mobile.arm_id, mobile.metric_id) == ("device=mobile", "short", "signup")
    assert (mobile.control_unit_count, mobile.arm_unit_count, mobile.arm_mean) == (6_000, 6_000, 850 / 6_000)
    assert mobile.status == analysis_pb2.COMPARISON_STATUS_BETTER
    assert desktop.status == analysis_pb2.COMPARISON_STATUS_NO_DETECTABLE_CHANGE
    assert mobile.answer.confidence_level == 0.975
    assert mobile.answer.relative_lift.low > 0 > desktop.answer.relative_lift.low
    assert mobile.interaction_p_value == pytest.approx(desktop.interaction_p_value)
    assert mobile.interaction_p_value < 0.01
    assert any("device mobile" in one.text for one in found.statements)


def test_analyze_when_looks_are_many_then_nothing_is_said_of_interactions(busy_lab: Lab) -> None:
    found = analysed(busy_lab, analyze(aggregates=sums(segments=[MOBILE, DESKTOP])))

    assert [one.answer.kind for one in found.segments] == [analysis_pb2.ANSWER_KIND_ANY_TIME] * 2
    assert not any(one.HasField("interaction_p_value") for one in found.segments)


@pytest.mark.parametrize(
    ("segments", "field"),
    [
        ([MOBILE, MOBILE], "aggregates.segments[1].segment"),
        ([analysis_pb2.SegmentAggregates(segment="mobile", arms=MOBILE.arms)], "aggregates.segments[0].segment"),
        ([analysis_pb2.SegmentAggregates(segment="device=mobile")], "aggregates.segments[0].arms"),
        (
            [analysis_pb2.SegmentAggregates(segment="device=mobile", arms=[arm("short", 10_001, 900)])],
            "aggregates.segments[0].arms[0].unit_count",
        ),
        (
            [MOBILE, analysis_pb2.SegmentAggregates(segment="device=other", arms=[arm("short", 4_001, 400)])],
            "aggregates.segments[1].arms[0].unit_count",
        ),
        ([MOBILE] * 51, "aggregates.segments"),
    ],
)
def test_analyze_when_segments_cannot_be_then_their_field_is_named_and_nothing_is_stored(
    shared_lab: Lab, refused: Refused, segments: list[analysis_pb2.SegmentAggregates], field: str
) -> None:
    before = len(shared_lab["vic"].ListJobs(pb.ListJobsRequest()).jobs)

    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze(aggregates=sums(segments=segments)))

    assert answer.reason == INVALID_FIELD
    assert field in answer.fields
    assert len(shared_lab["vic"].ListJobs(pb.ListJobsRequest()).jobs) == before


def test_analyze_when_segment_columns_are_no_names_then_refused(shared_lab: Lab, refused: Refused) -> None:
    table = analysis_pb2.WarehouseTable(
        connection="lake",
        table="visits",
        unit_column="visitor",
        arm_column="variant",
        metric_columns=[analysis_pb2.MetricColumn(metric_id="signup", column="signed_up")],
        segment_columns=["device; DROP TABLE visits"],
    )

    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze(warehouse_table=table))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, ["warehouse_table.segment_columns[0]"])
