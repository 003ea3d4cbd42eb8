"""Analyses to protobuf, and what is asked of them from it."""

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import enums, plans, provenance, requests
from services.ai.convert.comparisons import comparison_to_proto, segment_to_proto
from services.ai.domain.analysis.bandit_state import BanditState
from services.ai.domain.analysis.sample_size import SampleSource
from services.ai.domain.queries import AnalysisFilter
from services.ai.domain.records import AnalysisRecord, DecisionRecord, HealthRecord
from services.ai.service.pages import Page
from shared.definition.convert import timestamp_to_proto


def to_proto(record: AnalysisRecord) -> analysis_pb2.ExperimentAnalysis:
    """Returns the analysis as a message."""
    return analysis_pb2.ExperimentAnalysis(
        analysis_id=record.analysis_id,
        job_id=record.job_id,
        experiment_id=record.experiment_id,
        version=record.version,
        revision=record.revision,
        created_at=timestamp_to_proto(record.created_at),
        as_of=timestamp_to_proto(record.as_of),
        started_at=timestamp_to_proto(record.started_at),
        data_source=enums.number(analysis_pb2.DataSource, "DATA_SOURCE", record.data_source),
        plan=plans.to_proto(record.plan),
        decision=_decision(record.decision),
        comparisons=map(comparison_to_proto, record.comparisons),
        health=map(_health, record.health),
        sample=_sample(record),
        bandit=None if record.bandit is None else _bandit(record.bandit),
        statements=provenance.statements_to_proto(record.statements),
        next_steps=provenance.statements_to_proto(record.next_steps),
        what_would_change=provenance.statements_to_proto(record.what_would_change),
        provenance=provenance.to_proto(record.provenance),
        change_request_id=record.change_request_id,
        unit_count=record.unit_count,
        arms=[
            analysis_pb2.AnalyzedArm(
                arm_id=arm.arm_id, control=arm.control, unit_count=arm.unit_count, planned_share=arm.planned_share
            )
            for arm in record.arms
        ],
        decision_changed=record.decision_changed,
        segments=map(segment_to_proto, record.segments),
        left_out_segments=record.left_out_segments,
    )


def kept(request: pb.ListAnalysesRequest) -> AnalysisFilter:
    """Returns which analyses a list keeps.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return AnalysisFilter(request.experiment_id, request.latest_only)


def page_to_proto(page: Page[AnalysisRecord], request: pb.ListAnalysesRequest) -> pb.ListAnalysesResponse:
    """Returns the page as a response to the request."""
    return pb.ListAnalysesResponse(
        analyses=map(to_proto, page.items),
        next_page_token=requests.next_page_token(
            request, page.items, lambda one: (one.created_at.isoformat(), one.analysis_id), more=page.more
        ),
    )


def _decision(decision: DecisionRecord) -> analysis_pb2.Decision:
    return analysis_pb2.Decision(
        verdict=enums.number(analysis_pb2.DecisionVerdict, "DECISION_VERDICT", decision.verdict),
        arm_id=decision.arm_id,
        text=provenance.statement_to_proto(decision.text),
        reasons=provenance.statements_to_proto(decision.reasons),
    )


def _health(found: HealthRecord) -> analysis_pb2.HealthFinding:
    return analysis_pb2.HealthFinding(
        check=found.check,
        status=enums.number(analysis_pb2.HealthStatus, "HEALTH_STATUS", found.status),
        message=found.message,
        arm_id=found.arm_id,
        source=found.source,
    )


def _sample(record: AnalysisRecord) -> analysis_pb2.SampleState:
    sample = record.sample
    return analysis_pb2.SampleState(
        unit_count=sample.unit_count,
        required_unit_count=sample.required_unit_count,
        planned=sample.source is SampleSource.PLANNED,
        relative_mde=sample.relative_mde,
        detectable_lift=sample.detectable_lift,
        missing_day_count=record.missing_day_count,
        day_count=record.day_count,
    )


def _bandit(state: BanditState) -> analysis_pb2.BanditSummary:
    return analysis_pb2.BanditSummary(
        arms=[
            analysis_pb2.BanditArmSummary(
                arm_id=arm.arm_id,
                weight=arm.weight,
                unit_share=arm.unit_share,
                probability_best=arm.probability_best,
                expected_loss=arm.expected_loss,
                effective_unit_count=arm.effective_unit_count,
            )
            for arm in state.arms
        ],
        version_count=state.version_count,
        exploration_floor=state.exploration_floor,
        regret=state.regret,
        best_arm_id=state.best_arm_id,
        indifferent=state.indifferent,
    )
