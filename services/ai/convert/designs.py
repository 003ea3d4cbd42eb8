"""Designs, their plans and what rules find of them, to and from protobuf."""

from collections.abc import Iterable

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import hypothesis_pb2
from services.ai.convert import enums, inputs, plans, provenance, requests
from services.ai.convert.metrics import (
    metric_from_proto,
    metric_to_proto,
    metrics_from_proto,
    traffic_from_proto,
    traffic_to_proto,
)
from services.ai.domain.design.judging import Judged
from services.ai.domain.design.plan import DesignFinding, DesignPlan, DetectableLift, RampStep
from services.ai.domain.design.sample import PlannedSize
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.queries import DesignFilter
from services.ai.domain.records import DesignRecord
from services.ai.service.adopting import Adopted, Adoption
from services.ai.service.pages import Page
from services.ai.service.planning import PlanQuestion, SizeQuestion
from shared.definition import convert
from shared.definition.allocation_convert import policy_from_proto, policy_to_proto


def to_proto(record: DesignRecord) -> hypothesis_pb2.Design:
    """Returns the design as a message."""
    design, wishes = record.design, record.design.wishes
    return hypothesis_pb2.Design(
        design_id=record.design_id,
        job_id=record.job_id,
        hypothesis_id=record.hypothesis_id,
        description=wishes.description,
        plan=plan_to_proto(design.plan),
        recommended=design.recommended,
        findings=map(_finding, design.judged.findings),
        required_units=design.required_units,
        units_without_covariate=design.units_without_covariate,
        available_units=design.available_units,
        reachable=design.reachable,
        guardrails_reachable=design.guardrails_reachable,
        detectable_lifts=_lifts(design.detectable_lifts),
        assumptions=design.assumptions,
        reasons=provenance.statements_to_proto(record.reasons),
        risks=provenance.statements_to_proto(record.risks),
        metrics=map(metric_to_proto, wishes.metrics),
        traffic=traffic_to_proto(wishes.traffic),
        provenance=provenance.to_proto(record.provenance),
        created_at=convert.timestamp_to_proto(record.created_at),
        experiment_id=record.experiment_id,
        change_request_id=record.change_request_id,
        aim=enums.number(hypothesis_pb2.DesignAim, "DESIGN_AIM", wishes.aim),
    )


def plan_to_proto(plan: DesignPlan) -> hypothesis_pb2.DesignPlan:
    """Returns the plan as a message."""
    return hypothesis_pb2.DesignPlan(
        primary_metric_id=plan.primary_metric_id,
        secondary_metric_ids=plan.secondary_metric_ids,
        guardrail_metric_ids=plan.guardrail_metric_ids,
        arm_shares=plan.arm_shares,
        traffic_share=plan.traffic_share,
        allocation_policy=policy_to_proto(plan.allocation_policy),
        units_per_arm=plan.units_per_arm,
        duration=convert.duration_to_proto(plan.duration),
        alpha=plan.alpha,
        power=plan.power,
        relative_mde=plan.relative_mde,
        looking_policy=plans.looking_to_proto(plan.looking_policy),
        ramp=[
            hypothesis_pb2.RampStep(
                traffic_share=step.traffic_share, duration=convert.duration_to_proto(step.duration), gate=step.gate
            )
            for step in plan.ramp
        ],
        variance_reduction=plan.variance_reduction,
    )


def plan_question(request: pb.ValidateDesignRequest) -> PlanQuestion:
    """Returns the plan that a request asks about.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return PlanQuestion(
        plan_from_proto(request.plan),
        metrics_from_proto(request.metrics, "metrics"),
        traffic_from_proto(request.traffic),
        request.description,
        tuple(request.past_lifts),
    )


def plan_from_proto(message: hypothesis_pb2.DesignPlan) -> DesignPlan:
    """Returns the message as a plan."""
    return DesignPlan(
        primary_metric_id=message.primary_metric_id,
        secondary_metric_ids=tuple(message.secondary_metric_ids),
        guardrail_metric_ids=tuple(message.guardrail_metric_ids),
        arm_shares=tuple(message.arm_shares),
        traffic_share=message.traffic_share or 1.0,
        allocation_policy=policy_from_proto(message.allocation_policy),
        units_per_arm=tuple(message.units_per_arm),
        duration=message.duration.ToTimedelta(),
        alpha=message.alpha or inputs.DEFAULT_ALPHA,
        power=message.power or inputs.DEFAULT_POWER,
        relative_mde=message.relative_mde,
        looking_policy=plans.looking_from_proto(message.looking_policy) or LookingPolicy.AT_END,
        ramp=tuple(RampStep(step.traffic_share, step.duration.ToTimedelta(), step.gate) for step in message.ramp),
        variance_reduction=message.variance_reduction,
    )


def judged_to_proto(judged: Judged) -> pb.ValidateDesignResponse:
    """Returns what rules say of a plan as a response."""
    return pb.ValidateDesignResponse(
        acceptable=judged.acceptable, findings=map(_finding, judged.findings), unchecked=judged.unchecked
    )


def size_question(request: pb.PlanSampleSizeRequest) -> SizeQuestion:
    """Returns which size is asked for.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return SizeQuestion(
        metric_from_proto(request.metric, "metric"),
        request.relative_mde,
        request.arm_count or 2,
        request.alpha or inputs.DEFAULT_ALPHA,
        request.power or inputs.DEFAULT_POWER,
        traffic_from_proto(request.traffic) if request.HasField("traffic") else None,
    )


def size_to_proto(size: PlannedSize) -> pb.PlanSampleSizeResponse:
    """Returns a planned size as a response."""
    return pb.PlanSampleSizeResponse(
        units_per_arm=size.units_per_arm,
        unit_count=size.unit_count,
        weeks=size.weeks,
        detectable_lifts=_lifts(size.detectable_lifts),
    )


def kept(request: pb.ListDesignsRequest) -> DesignFilter:
    """Returns which designs a list keeps.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return DesignFilter(request.hypothesis_id, request.recommended_only)


def page_to_proto(page: Page[DesignRecord], request: pb.ListDesignsRequest) -> pb.ListDesignsResponse:
    """Returns the page as a response to the request."""
    return pb.ListDesignsResponse(
        designs=map(to_proto, page.items),
        next_page_token=requests.next_page_token(
            request, page.items, lambda one: (one.created_at.isoformat(), one.design_id), more=page.more
        ),
    )


def adoption(request: pb.CreateExperimentFromDesignRequest) -> Adoption:
    """Returns what is to be made of a design.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return Adoption(
        request.design_id,
        request.experiment_id,
        request.display_name,
        convert.arms_from_proto(request.arms),
        request.draft_only,
    )


def adopted_to_proto(adopted: Adopted) -> pb.CreateExperimentFromDesignResponse:
    """Returns what was made of a design as a response."""
    return pb.CreateExperimentFromDesignResponse(
        experiment=convert.experiment_to_proto(adopted.experiment),
        change_request_id=adopted.design.change_request_id,
        design=to_proto(adopted.design),
    )


def _finding(finding: DesignFinding) -> hypothesis_pb2.DesignFinding:
    return hypothesis_pb2.DesignFinding(
        rule_id=finding.rule_id,
        severity=enums.number(hypothesis_pb2.FindingSeverity, "FINDING_SEVERITY", finding.severity),
        message=finding.message,
        source=finding.source,
    )


def _lifts(lifts: Iterable[DetectableLift]) -> list[hypothesis_pb2.DetectableLift]:
    return [
        hypothesis_pb2.DetectableLift(
            week_count=one.week_count, relative_lift=one.relative_lift, units_per_arm=one.units_per_arm
        )
        for one in lifts
    ]
