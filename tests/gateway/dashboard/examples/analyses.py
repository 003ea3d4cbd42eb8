"""What the data of the experiment say, day by day, and what that rests on."""

import json
import math
from typing import Any

from experimentation.v1 import (
    analysis_pb2,
    analysis_service_pb2,
)
from tests.gateway.dashboard.examples.comparisons import comparisons
from tests.gateway.dashboard.examples.ids import ANALYSIS_ID, DAYS, EVIDENCE, EXPERIMENT_ID, JOB_ID, REQUEST_ID, at
from tests.gateway.dashboard.examples.segments import segments


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
            text=said("Ship green: it is shown to raise purchases by 9.1 %, and no guardrail is harmed.", "E3", "E4"),
            reasons=[
                said("The any-time interval of the lift, 3.2 % to 15.1 %, lies above zero.", "E4", "E5"),
                said("Order value is within its margin.", "E9"),
            ],
        ),
        "comparisons": list(comparisons(units)),
        "segments": list(segments()),
        "left_out_segments": ["browser=lynx", "browser=dillo"],
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
            said("Green raised purchases by 9.1 % against grey, on 11,200 units an arm.", "E1", "E3"),
            said("Amber shows no detectable change; that is no proof that there is none.", "E6"),
            said("The split of the units is as planned, and 0.2 % of them saw more than one arm.", "E11"),
        ],
        "next_steps": [said("Ship green, and keep amber out.", "E3")],
        "what_would_change": [said("A guardrail that falls below its margin before the change is applied.", "E9")],
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


def said(text: str, *evidence_ids: str) -> analysis_pb2.Statement:
    """Returns a sentence and what bears it."""
    return analysis_pb2.Statement(text=text, evidence_ids=evidence_ids, kind=analysis_pb2.STATEMENT_KIND_EFFECT)


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
