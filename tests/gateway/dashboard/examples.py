"""What the services answer in tests of pages: one experiment in the middle of its life, and all around it."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import (
    analysis_pb2,
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    common_pb2,
    hypothesis_pb2,
    metrics_pb2,
    review_pb2,
    review_service_pb2,
)
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from shared import clock
from shared.errors import PlatformError

Answer = Message | PlatformError | Callable[[Any], Message]

EXPERIMENT_ID = "checkout-button"
ANALYSIS_ID = "ana_0123456789abcdef0123456789abcdef"
DESIGN_ID = "des_0123456789abcdef0123456789abcdef"
HYPOTHESIS_ID = "hyp_0123456789abcdef0123456789abcdef"
JOB_ID = "job_0123456789abcdef0123456789abcdef"
REQUEST_ID = "cr_0123456789abcdef0123456789abcdef"
DIGEST = "5f2b9c" + "0" * 58
EVIDENCE = "ab" * 32
DAYS = 14


def at(**before: float) -> Timestamp:
    """Returns an instant so long before now."""
    found = Timestamp()
    found.FromDatetime(clock.now() - timedelta(**before))
    return found


def experiment(**changes: Any) -> common_pb2.Experiment:
    """Returns the experiment."""
    fields: dict[str, Any] = {
        "experiment_id": EXPERIMENT_ID,
        "display_name": "Checkout button",
        "description": "A green button is seen sooner, so that more carts are paid for.\nAmber is the cautious choice.",
        "arms": [
            common_pb2.Arm(arm_id="control", display_name="Grey (control)", control=True),
            common_pb2.Arm(arm_id="green", display_name="Green"),
            common_pb2.Arm(arm_id="amber", display_name="Amber"),
        ],
        "metrics": [
            _metric("bought", "Bought", common_pb2.METRIC_KIND_PROPORTION, common_pb2.METRIC_ROLE_PRIMARY),
            _metric("order-value", "Order value", common_pb2.METRIC_KIND_MEAN, common_pb2.METRIC_ROLE_GUARDRAIL),
            _metric(
                "errors", "Page errors", common_pb2.METRIC_KIND_PROPORTION, common_pb2.METRIC_ROLE_GUARDRAIL, less=True
            ),
            _metric("items", "Items in the cart", common_pb2.METRIC_KIND_MEAN, common_pb2.METRIC_ROLE_SECONDARY),
        ],
        "allocation_policy": common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson()),
        "traffic": common_pb2.Traffic(share=0.8),
        "state": common_pb2.EXPERIMENT_STATE_RUNNING,
        "revision": 3,
        "etag": "3",
        "creator": "ann",
        "created_at": at(days=DAYS + 2),
        "started_at": at(days=DAYS),
    }
    return common_pb2.Experiment(**{**fields, **changes})


def experiments() -> list[common_pb2.Experiment]:
    """Returns the experiment among others."""
    return [
        experiment(),
        experiment(experiment_id="free-shipping", display_name="Free shipping from 40", started_at=at(days=21)),
        experiment(
            experiment_id="search-order",
            display_name="Order of search results",
            state=common_pb2.EXPERIMENT_STATE_PAUSED,
            allocation_policy=common_pb2.AllocationPolicy(fixed_split=common_pb2.FixedSplit()),
        ),
        experiment(
            experiment_id="gift-wrap",
            display_name="Gift wrapping",
            state=common_pb2.EXPERIMENT_STATE_DRAFT,
            started_at=None,
        ),
        experiment(
            experiment_id="newsletter",
            display_name="Newsletter at the end",
            state=common_pb2.EXPERIMENT_STATE_STOPPED,
            started_at=at(days=60),
            stopped_at=at(days=30),
        ),
    ]


def analysis(version: int = DAYS, **changes: Any) -> analysis_pb2.ExperimentAnalysis:
    """Returns the analysis of a day of the experiment's life."""
    units = 2400 * version
    fields: dict[str, Any] = {
        "analysis_id": ANALYSIS_ID if version == DAYS else f"ana_{version:032x}",
        "job_id": JOB_ID,
        "experiment_id": EXPERIMENT_ID,
        "version": version,
        "revision": 3,
        "created_at": at(days=DAYS - version, minutes=9),
        "as_of": at(days=DAYS - version, minutes=10),
        "started_at": at(days=DAYS),
        "data_source": analysis_pb2.DATA_SOURCE_STORE,
        "plan": analysis_pb2.AnalysisPlan(
            alpha=0.05, units_per_arm=16000, relative_mde=0.05, looking_policy=analysis_pb2.LOOKING_POLICY_ANY_TIME
        ),
        "decision": analysis_pb2.Decision(
            verdict=analysis_pb2.DECISION_VERDICT_CONTINUE
            if version < DAYS - 2
            else analysis_pb2.DECISION_VERDICT_SHIP,
            arm_id="" if version < DAYS - 2 else "green",
            text=_said("Ship green: it is shown to raise purchases by 9.1 %, and no guardrail is harmed.", "E3", "E4"),
            reasons=[
                _said("The any-time interval of the lift, 3.2 % to 15.1 %, lies above zero.", "E4", "E5"),
                _said("Order value is within its margin.", "E9"),
            ],
        ),
        "comparisons": list(_comparisons(units)),
        "health": _health(),
        "sample": analysis_pb2.SampleState(
            unit_count=units,
            required_unit_count=48000,
            planned=True,
            relative_mde=0.05,
            detectable_lift=0.4 / math.sqrt(version),
            missing_day_count=max(20 - version, 0),
            day_count=version,
        ),
        "statements": [
            _said("Green raised purchases by 9.1 % against grey, on 11,200 units an arm.", "E1", "E3"),
            _said("Amber shows no detectable change; that is no proof that there is none.", "E6"),
            _said("The split of the units is as planned, and 0.2 % of them saw more than one arm.", "E11"),
        ],
        "next_steps": [_said("Ship green, and keep amber out.", "E3")],
        "what_would_change": [_said("A guardrail that falls below its margin before the change is applied.", "E9")],
        "provenance": provenance(),
        "change_request_id": REQUEST_ID,
        "unit_count": units,
        "arms": [
            analysis_pb2.AnalyzedArm(arm_id="control", control=True, unit_count=units // 3 + 20, planned_share=1 / 3),
            analysis_pb2.AnalyzedArm(arm_id="green", unit_count=units // 3 - 35, planned_share=1 / 3),
            analysis_pb2.AnalyzedArm(arm_id="amber", unit_count=units // 3 + 15, planned_share=1 / 3),
        ],
        "decision_changed": version == DAYS - 2,
    }
    return analysis_pb2.ExperimentAnalysis(**{**fields, **changes})


def analyses() -> list[analysis_pb2.ExperimentAnalysis]:
    """Returns the analyses of all days, the newest first."""
    return [analysis(version) for version in range(DAYS, 0, -1)]


def provenance(**changes: Any) -> analysis_pb2.Provenance:
    """Returns who put an answer into words."""
    fields: dict[str, Any] = {
        "provider": analysis_pb2.AI_PROVIDER_HEURISTIC,
        "model": "engine",
        "fallback_reason": analysis_pb2.FALLBACK_REASON_NO_KEY,
        "grounding": analysis_pb2.GROUNDING_CLEAN,
        "evidence_sha256": EVIDENCE,
    }
    return analysis_pb2.Provenance(**{**fields, **changes})


def evidence() -> analysis_pb2.EvidencePack:
    """Returns the evidence of the analysis."""
    facts = [
        ("E1", "units", 11200.0, "units", "", "green", "11,200"),
        ("E3", "relative_lift", 0.0912, "share", "bought", "green", "9.1 %"),
        ("E4", "lift_low", 0.0321, "share", "bought", "green", "3.2 %"),
        ("E5", "lift_high", 0.1512, "share", "bought", "green", "15.1 %"),
        ("E6", "relative_lift", 0.0121, "share", "bought", "amber", "1.2 %"),
        ("E9", "lift_low", -0.0081, "share", "order-value", "green", "-0.8 %"),
        ("E11", "multiple_exposure_share", 0.0021, "share", "", "", "0.2 %"),
    ]
    return analysis_pb2.EvidencePack(
        sha256=EVIDENCE,
        canonical_json=json.dumps({"facts": [fact[0] for fact in facts]}),
        facts=[
            analysis_pb2.EvidenceFact(
                evidence_id=name,
                kind=kind,
                value=value,
                unit=unit,
                metric_id=metric,
                arm_id=arm,
                text=text,
                unit_count=11200,
            )
            for name, kind, value, unit, metric, arm, text in facts
        ],
        as_of=at(minutes=10),
    )


def bandit(**changes: Any) -> bandit_service_pb2.Bandit:
    """Returns the bandit of the experiment."""
    history = [
        bandit_service_pb2.WeightsPoint(
            policy_version=version, published_at=at(days=DAYS * (1 - (version - 1) / 9)), weights=_weights(version)
        )
        for version in range(1, 10)
    ]
    fields: dict[str, Any] = {
        "snapshot": snapshot(9),
        "arms": [
            _posterior("control", 0.12, 9700, 970, interval=(0.0941, 0.1061), best=0.004, loss=0.0101),
            _posterior("green", 0.70, 14200, 1562, interval=(0.1049, 0.1153), best=0.958, loss=0.00011),
            _posterior("amber", 0.18, 9700, 985, interval=(0.0956, 0.1076), best=0.038, loss=0.0086),
        ],
        "estimated_regret": 91.2,
        "estimated_gain_over_equal_split": 34.6,
        "history": history,
        "health": bandit_service_pb2.DataHealth(multiple_arm_unit_count=71, unexposed_unit_count=12),
        "statistics_as_of": at(seconds=40),
        "stop_advice": bandit_service_pb2.StopAdvice(
            verdict=bandit_service_pb2.STOP_VERDICT_KEEP_GOING,
            arm_id="green",
            alpha=0.05,
            expected_loss=0.00011,
            value_remaining=0.0021,
        ),
    }
    return bandit_service_pb2.Bandit(**{**fields, **changes})


def snapshot(version: int, **changes: Any) -> bandit_service_pb2.PolicySnapshot:
    """Returns a policy version."""
    policy = common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson())
    policy.controls.update_interval.CopyFrom(Duration(seconds=3600))
    fields: dict[str, Any] = {
        "experiment_id": EXPERIMENT_ID,
        "policy_version": version,
        "experiment_revision": 3,
        "state": common_pb2.EXPERIMENT_STATE_RUNNING,
        "arms": [
            bandit_service_pb2.PolicyArm(arm_id=one.arm_id, weight=one.weight, control=one.arm_id == "control")
            for one in _weights(version)
        ],
        "allocation_policy": policy,
        "metrics": experiment().metrics,
        "publish_reason": bandit_service_pb2.PUBLISH_REASON_LEARNING
        if version > 1
        else bandit_service_pb2.PUBLISH_REASON_DEFINITION,
        "published_at": at(days=DAYS * (1 - (version - 1) / 9)) if version < 9 else at(minutes=12),
    }
    return bandit_service_pb2.PolicySnapshot(**{**fields, **changes})


def change_request(**changes: Any) -> requests_pb2.ChangeRequest:
    """Returns ann's request to ship green, which waits for two approvals."""
    fields: dict[str, Any] = {
        "change_request_id": REQUEST_ID,
        "experiment_id": EXPERIMENT_ID,
        "change": requests_pb2.Change(stop=requests_pb2.StopChange(shipped_arm_id="green")),
        "reason": "Bought is up, order value holds.",
        "requester": "ann",
        "state": requests_pb2.CHANGE_REQUEST_STATE_PENDING,
        "base_revision": 3,
        "created_at": at(hours=5),
        "updated_at": at(hours=1),
        "request_revision": 2,
        "digest": DIGEST,
        "target_etag": "3",
        "expires_at": at(days=-13),
        "diff": [
            review_pb2.FieldDiff(path="state", before='"RUNNING"', after='"STOPPED"'),
            review_pb2.FieldDiff(path="shipped_arm_id", before="", after='"green"'),
        ],
        "policy_version": 1,
        "requirements": [
            review_pb2.Requirement(
                rule_id="ship-revenue",
                reasons=["ships_arm is true", "revenue_guardrail is true"],
                approval_count=2,
                roles=["reviewer", "admin"],
                approved_by=["rae"],
            )
        ],
        "risk_score": 62.0,
        "risk_factors": [
            review_pb2.RiskFactor(fact="ships_arm", points=20, description="everyone gets another arm, for good"),
            review_pb2.RiskFactor(fact="traffic_share", points=16, description="80 % of units take part"),
            review_pb2.RiskFactor(fact="revenue_guardrail", points=10, description="revenue is a guardrail"),
        ],
        "verdicts": [
            review_pb2.Verdict(
                reviewer="bob",
                kind=review_pb2.VERDICT_KIND_REQUEST_CHANGES,
                request_revision=1,
                stale=True,
                comment="Say what became of order value.",
                created_at=at(hours=4),
            ),
            review_pb2.Verdict(
                reviewer="rae",
                kind=review_pb2.VERDICT_KIND_APPROVE,
                request_revision=2,
                digest=DIGEST,
                created_at=at(hours=1),
            ),
        ],
        "comments": [
            review_pb2.Comment(comment_id="c1", author="ann", text="Done: it holds within 1 %.", created_at=at(hours=2))
        ],
    }
    return requests_pb2.ChangeRequest(**{**fields, **changes})


def hypothesis(rank: int = 1, **changes: Any) -> hypothesis_pb2.Hypothesis:
    """Returns a hypothesis."""
    fields: dict[str, Any] = {
        "hypothesis_id": HYPOTHESIS_ID if rank == 1 else f"hyp_{rank:032x}",
        "job_id": JOB_ID,
        "state": hypothesis_pb2.HYPOTHESIS_STATE_PROPOSED,
        "statement": "If the delivery date is shown in the cart, then more carts are paid for.",
        "intervention": "Show the delivery date in the cart.",
        "because": [_said("Of 100 carts 38 are left on the step before the date is shown.", "E2", "E7")],
        "rationale": "Not knowing when it comes keeps people from paying.",
        "primary_metric_id": "bought",
        "expected_direction": hypothesis_pb2.EFFECT_DIRECTION_INCREASE,
        "expected_lift": hypothesis_pb2.LiftRange(low=0.02, high=0.07),
        "falsifier": "bought is not shown to rise by 2 % with 31,000 units an arm.",
        "required_test": hypothesis_pb2.RequiredTest(relative_mde=0.04, units_per_arm=31000, weeks=3),
        "confidence": hypothesis_pb2.Confidence(
            value=0.62 - 0.11 * rank,
            uncalibrated=0.66 - 0.11 * rank,
            parts=[
                hypothesis_pb2.ConfidencePart(
                    part="evidence_strength", value=0.8, weight=0.5, description="3 facts bear it"
                ),
                hypothesis_pb2.ConfidencePart(part="history", value=0.55, weight=0.3, description="2 of 4 like it won"),
                hypothesis_pb2.ConfidencePart(
                    part="novelty", value=0.9, weight=0.0, description="nothing like it was tried"
                ),
            ],
        ),
        "score": 1.0 / rank,
        "provenance": provenance(
            provider=analysis_pb2.AI_PROVIDER_ANTHROPIC, model="claude-sonnet-5-5", fallback_reason=0
        ),
        "created_at": at(hours=3),
        "etag": "e1",
        "metrics": [metric_profile()],
    }
    return hypothesis_pb2.Hypothesis(**{**fields, **changes})


def metric_profile() -> metrics_pb2.MetricProfile:
    """Returns what is known of the primary metric."""
    return metrics_pb2.MetricProfile(
        metric_id="bought",
        kind=common_pb2.METRIC_KIND_PROPORTION,
        display_name="Bought",
        role=common_pb2.METRIC_ROLE_PRIMARY,
        baseline=0.1,
        unit_count=40000,
    )


def lifts() -> list[hypothesis_pb2.DetectableLift]:
    """Returns what could be found by weeks."""
    return [
        hypothesis_pb2.DetectableLift(
            week_count=week, relative_lift=0.072 / math.sqrt(week), units_per_arm=10500 * week
        )
        for week in range(1, 9)
    ]


def design(**changes: Any) -> hypothesis_pb2.Design:
    """Returns a design that the rules recommend."""
    fields: dict[str, Any] = {
        "design_id": DESIGN_ID,
        "job_id": JOB_ID,
        "hypothesis_id": HYPOTHESIS_ID,
        "description": "Show the delivery date in the cart, so that more carts are paid for.",
        "plan": hypothesis_pb2.DesignPlan(
            primary_metric_id="bought",
            guardrail_metric_ids=["order-value"],
            arm_shares=[0.5, 0.5],
            traffic_share=1.0,
            units_per_arm=[31500, 31500],
            duration=Duration(seconds=3 * 7 * 86400),
            alpha=0.05,
            power=0.8,
            relative_mde=0.04,
            looking_policy=analysis_pb2.LOOKING_POLICY_AT_END,
            ramp=[
                hypothesis_pb2.RampStep(
                    traffic_share=0.1, duration=Duration(seconds=86400), gate="errors are as before"
                )
            ],
        ),
        "recommended": True,
        "findings": [
            hypothesis_pb2.DesignFinding(
                rule_id="D12",
                severity=hypothesis_pb2.FINDING_SEVERITY_WARNING,
                message="Three weeks hold a public holiday; weekly cycles may not be alike.",
                source="Kohavi, Tang and Xu 2020, 3",
            ),
            hypothesis_pb2.DesignFinding(
                rule_id="D3", severity=hypothesis_pb2.FINDING_SEVERITY_NOTE, message="Whole weeks, as it should be."
            ),
        ],
        "required_units": [31234, 31234],
        "available_units": 63000,
        "reachable": True,
        "guardrails_reachable": True,
        "detectable_lifts": lifts(),
        "assumptions": ["The baseline stays at 10 %."],
        "reasons": [_said("Three weeks are the first whole weeks in which 4 % can be found.", "E2")],
        "risks": [_said("Order value varies much; its margin may not be shown.", "E5")],
        "metrics": [metric_profile()],
        "traffic": metrics_pb2.TrafficProfile(units_per_day=3000),
        "provenance": provenance(),
        "created_at": at(hours=2),
    }
    return hypothesis_pb2.Design(**{**fields, **changes})


def job(**changes: Any) -> analysis_pb2.Job:
    """Returns a job that is under way."""
    fields: dict[str, Any] = {
        "job_id": JOB_ID,
        "kind": analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT,
        "state": analysis_pb2.JOB_STATE_RUNNING,
        "stage": analysis_pb2.JOB_STAGE_COMPUTING,
        "experiment_id": EXPERIMENT_ID,
        "creator": "ann",
        "created_at": at(seconds=4),
        "started_at": at(seconds=3),
        "version": 3,
    }
    return analysis_pb2.Job(**{**fields, **changes})


def provider_call() -> analysis_pb2.ProviderCall:
    """Returns a call of a provider."""
    return analysis_pb2.ProviderCall(
        call_id="call_1",
        provider=analysis_pb2.AI_PROVIDER_ANTHROPIC,
        model="claude-sonnet-5-5",
        called_at=at(minutes=9),
        duration_seconds=3.4,
        system_text="Write typed claims. Never write a digit.",
        data_json='{"facts": [{"id": "E3", "kind": "relative_lift"}]}',
        response_text='{"statements": []}',
        status="ok",
        input_token_count=2210,
        output_token_count=430,
        cost_usd=0.0087,
        violations=["statements[2].text: R3 number"],
    )


def listed_analyses(request: analysis_service_pb2.ListAnalysesRequest) -> analysis_service_pb2.ListAnalysesResponse:
    """Returns the newest of each experiment, or those of one."""
    latest = [
        analysis(),
        analysis(
            3,
            experiment_id="free-shipping",
            comparisons=[one for one in analysis(3).comparisons if one.arm_id == "amber"],
            health=[analysis_pb2.HealthFinding(check="SAMPLE_RATIO", status=analysis_pb2.HEALTH_STATUS_PASS)],
        ),
        analysis(
            9,
            experiment_id="search-order",
            decision=analysis_pb2.Decision(verdict=analysis_pb2.DECISION_VERDICT_INVESTIGATE),
            health=[analysis_pb2.HealthFinding(check="SAMPLE_RATIO", status=analysis_pb2.HEALTH_STATUS_FAIL)],
        ),
    ]
    return analysis_service_pb2.ListAnalysesResponse(analyses=latest if request.latest_only else analyses())


def answers() -> dict[str, Answer]:
    """Returns what each method answers."""
    made = job(state=analysis_pb2.JOB_STATE_QUEUED, stage=analysis_pb2.JOB_STAGE_WAITING)
    reviewed = change_request()
    return {
        "ListExperiments": requests_pb2.ListExperimentsResponse(experiments=experiments()),
        "GetExperiment": requests_pb2.GetExperimentResponse(experiment=experiment()),
        "ProposeChange": requests_pb2.ProposeChangeResponse(change_request=reviewed, experiment=experiment()),
        "ListRevisions": requests_pb2.ListRevisionsResponse(revisions=_revisions()),
        "ListAuditEvents": audit_service_pb2.ListAuditEventsResponse(events=_events()),
        "ListChangeRequests": review_service_pb2.ListChangeRequestsResponse(change_requests=_requests()),
        "GetChangeRequest": review_service_pb2.GetChangeRequestResponse(change_request=reviewed),
        "ApproveChangeRequest": review_service_pb2.ApproveChangeRequestResponse(change_request=reviewed),
        "RejectChangeRequest": review_service_pb2.RejectChangeRequestResponse(change_request=reviewed),
        "RequestChanges": review_service_pb2.RequestChangesResponse(change_request=reviewed),
        "AddComment": review_service_pb2.AddCommentResponse(change_request=reviewed),
        "SubmitChangeRequest": review_service_pb2.SubmitChangeRequestResponse(change_request=reviewed),
        "CancelChangeRequest": review_service_pb2.CancelChangeRequestResponse(change_request=reviewed),
        "ApplyChangeRequest": review_service_pb2.ApplyChangeRequestResponse(change_request=reviewed),
        "EmergencyApply": review_service_pb2.EmergencyApplyResponse(change_request=reviewed),
        "SignEmergency": review_service_pb2.SignEmergencyResponse(change_request=reviewed),
        "GetBandit": bandit_service_pb2.GetBanditResponse(bandit=bandit()),
        "ListPolicySnapshots": bandit_service_pb2.ListPolicySnapshotsResponse(
            snapshots=[snapshot(version) for version in range(9, 0, -1)]
        ),
        "Freeze": bandit_service_pb2.FreezeResponse(),
        "Unfreeze": bandit_service_pb2.UnfreezeResponse(),
        "ServeControl": bandit_service_pb2.ServeControlResponse(),
        "ServeArms": bandit_service_pb2.ServeArmsResponse(),
        "ListAnalyses": listed_analyses,
        "GetAnalysis": analysis_service_pb2.GetAnalysisResponse(analysis=analysis()),
        "GetEvidence": analysis_service_pb2.GetEvidenceResponse(evidence_pack=evidence()),
        "ListProviderCalls": analysis_service_pb2.ListProviderCallsResponse(provider_calls=[provider_call()]),
        "ListHypotheses": analysis_service_pb2.ListHypothesesResponse(hypotheses=_hypotheses()),
        "ReviewHypothesis": analysis_service_pb2.ReviewHypothesisResponse(hypothesis=hypothesis()),
        "ListDesigns": analysis_service_pb2.ListDesignsResponse(designs=_designs()),
        "GetDesign": analysis_service_pb2.GetDesignResponse(design=design()),
        "ValidateDesign": analysis_service_pb2.ValidateDesignResponse(acceptable=True, findings=design().findings),
        "PlanSampleSize": analysis_service_pb2.PlanSampleSizeResponse(
            units_per_arm=31234, unit_count=62468, weeks=3, detectable_lifts=lifts()
        ),
        "CreateExperimentFromDesign": analysis_service_pb2.CreateExperimentFromDesignResponse(
            experiment=experiment(), change_request_id=REQUEST_ID, design=design()
        ),
        "SuggestHypotheses": analysis_service_pb2.SuggestHypothesesResponse(job=made),
        "RecommendDesign": analysis_service_pb2.RecommendDesignResponse(job=made),
        "AnalyzeExperiment": analysis_service_pb2.AnalyzeExperimentResponse(job=made),
        "GetJob": analysis_service_pb2.GetJobResponse(job=job()),
        "ListJobs": analysis_service_pb2.ListJobsResponse(jobs=[job()]),
        "CancelJob": analysis_service_pb2.CancelJobResponse(job=job(cancel_requested=True)),
    }


def _metric(
    metric_id: str,
    name: str,
    kind: "common_pb2.MetricKind.ValueType",
    role: "common_pb2.MetricRole.ValueType",
    *,
    less: bool = False,
) -> common_pb2.Metric:
    direction = common_pb2.METRIC_DIRECTION_MINIMIZE if less else common_pb2.METRIC_DIRECTION_MAXIMIZE
    return common_pb2.Metric(metric_id=metric_id, display_name=name, kind=kind, role=role, direction=direction)


def _said(text: str, *evidence_ids: str) -> analysis_pb2.Statement:
    return analysis_pb2.Statement(text=text, evidence_ids=evidence_ids, kind=analysis_pb2.STATEMENT_KIND_EFFECT)


def _comparisons(units: int) -> Sequence[analysis_pb2.ArmComparison]:
    width = 0.06 * math.sqrt(33600 / units)
    better, unknown = analysis_pb2.COMPARISON_STATUS_BETTER, analysis_pb2.COMPARISON_STATUS_NO_DETECTABLE_CHANGE
    few = analysis_pb2.COMPARISON_STATUS_INSUFFICIENT_DATA
    drift = 0.03 * math.sin(units / 5000)
    return [
        _comparison(
            "bought", "green", 0.100, lift=0.091 + drift * 0.3, width=width, status=better if units > 28000 else unknown
        ),
        _comparison("bought", "amber", 0.100, lift=0.012 + drift, width=width, status=unknown),
        _comparison("order-value", "green", 41.2, lift=-0.004, width=width / 3, status=unknown),
        _comparison("errors", "green", 0.021, lift=0.05, width=width * 2, status=unknown),
        _comparison("items", "green", 2.31, lift=0.021, width=width / 2, status=few),
    ]


def _comparison(
    metric_id: str,
    arm_id: str,
    control: float,
    *,
    lift: float,
    width: float,
    status: "analysis_pb2.ComparisonStatus.ValueType",
) -> analysis_pb2.ArmComparison:
    metric = next(one for one in experiment().metrics if one.metric_id == metric_id)
    return analysis_pb2.ArmComparison(
        metric_id=metric_id,
        metric_role=metric.role,
        direction=metric.direction,
        metric_kind=metric.kind,
        arm_id=arm_id,
        arm_mean=control * (1 + lift),
        control_mean=control,
        arm_unit_count=11200,
        control_unit_count=11220,
        status=status,
        answer=_answer(analysis_pb2.ANSWER_KIND_ANY_TIME, "asymptotic confidence sequence", control, lift, width),
        cautions=["Few units have this metric yet."] if metric_id == "items" else [],
        other_answers=[
            _answer(analysis_pb2.ANSWER_KIND_FIXED, "Welch's t", control, lift, width * 0.7),
            _answer(analysis_pb2.ANSWER_KIND_BAYESIAN, "Beta-Binomial", control, lift, width * 0.68),
        ],
    )


def _answer(
    kind: "analysis_pb2.AnswerKind.ValueType", method: str, control: float, lift: float, width: float
) -> analysis_pb2.ComparisonAnswer:
    answer = analysis_pb2.ComparisonAnswer(
        kind=kind,
        method=method,
        difference=analysis_pb2.Interval(
            estimate=control * lift, low=control * (lift - width), high=control * (lift + width)
        ),
        relative_lift=analysis_pb2.Interval(estimate=lift, low=lift - width, high=lift + width),
        confidence_level=0.95,
    )
    z = 1.96 * abs(lift) / width
    if kind == analysis_pb2.ANSWER_KIND_BAYESIAN:
        answer.probability_better = 0.5 * (1 + math.erf(math.copysign(z, lift) / math.sqrt(2)))
    else:
        answer.p_value = math.erfc(z / math.sqrt(2))
    return answer


def _health() -> list[analysis_pb2.HealthFinding]:
    return [
        analysis_pb2.HealthFinding(
            check="DATA_FRESHNESS",
            status=analysis_pb2.HEALTH_STATUS_WARN,
            message="The newest outcome is 3 hours old.",
        ),
        analysis_pb2.HealthFinding(
            check="SAMPLE_RATIO",
            status=analysis_pb2.HEALTH_STATUS_PASS,
            message="The split is as planned: p = 0.71.",
            source="Fabijan et al. 2019",
        ),
        analysis_pb2.HealthFinding(
            check="MULTIPLE_EXPOSURE", status=analysis_pb2.HEALTH_STATUS_PASS, message="0.2 % of units saw two arms."
        ),
        analysis_pb2.HealthFinding(
            check="POWER", status=analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE, message="No lift was planned for items."
        ),
    ]


def _weights(version: int) -> list[common_pb2.ArmWeight]:
    green = 1 / 3 + (0.70 - 1 / 3) * (version - 1) / 8
    control = (1 - green) * (0.5 - 0.1 * (version - 1) / 8)
    return [
        common_pb2.ArmWeight(arm_id="control", weight=control),
        common_pb2.ArmWeight(arm_id="green", weight=green),
        common_pb2.ArmWeight(arm_id="amber", weight=1 - green - control),
    ]


def _posterior(
    arm_id: str, weight: float, units: int, values: float, *, interval: tuple[float, float], best: float, loss: float
) -> bandit_service_pb2.ArmPosterior:
    return bandit_service_pb2.ArmPosterior(
        arm_id=arm_id,
        weight=weight,
        unit_count=units,
        value_sum=values,
        mean=values / units,
        posterior_mean=values / units,
        interval_low=interval[0],
        interval_high=interval[1],
        probability_best=best,
        expected_loss=loss,
    )


def _revisions() -> list[requests_pb2.Revision]:
    return [
        requests_pb2.Revision(
            experiment=experiment(revision=revision),
            change_request_id=REQUEST_ID if revision > 1 else "",
            author="ann",
            created_at=at(days=DAYS + 3 - revision),
        )
        for revision in (3, 2, 1)
    ]


def _events() -> list[audit_service_pb2.AuditEvent]:
    actions = (("change_request.apply", "ada"), ("change_request.approve", "rae"), ("change_request.propose", "ann"))
    return [
        audit_service_pb2.AuditEvent(
            sequence=12 - place,
            actor=actor,
            action=action,
            target=f"experiments/{EXPERIMENT_ID}",
            details={"change_request_id": REQUEST_ID},
            occurred_at=at(hours=place + 1),
        )
        for place, (action, actor) in enumerate(actions)
    ]


def _requests() -> list[requests_pb2.ChangeRequest]:
    return [
        change_request(),
        change_request(
            change_request_id="cr_2",
            experiment_id="free-shipping",
            change=requests_pb2.Change(edit_traffic=requests_pb2.EditTrafficChange()),
            reason="More traffic before the holidays",
            requester="bob",
            risk_score=22,
            state=requests_pb2.CHANGE_REQUEST_STATE_APPROVED,
        ),
    ]


def _hypotheses() -> list[hypothesis_pb2.Hypothesis]:
    return [
        hypothesis(),
        hypothesis(
            2,
            statement="If the basket shows what is missing for free shipping, then order value rises.",
            state=hypothesis_pb2.HYPOTHESIS_STATE_TESTED,
            experiment_id="free-shipping",
            reviewer="rob",
            review_reason="Cheap to try",
        ),
        hypothesis(
            3, statement="If reviews come first, then more is bought.", ungrounded=True, duplicate_of=HYPOTHESIS_ID
        ),
    ]


def _designs() -> list[hypothesis_pb2.Design]:
    return [
        design(),
        design(design_id="des_2", recommended=False, description="Show reviews first.", experiment_id=""),
        design(design_id="des_3", description="Free shipping from 40.", experiment_id="free-shipping"),
    ]


def instant() -> datetime:
    """Returns a moment for charts."""
    return datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
