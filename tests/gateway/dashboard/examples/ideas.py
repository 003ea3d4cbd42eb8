"""Hypotheses, and designs that test them."""

import math
from typing import Any

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import (
    analysis_pb2,
    common_pb2,
    hypothesis_pb2,
    metrics_pb2,
)
from tests.gateway.dashboard.examples.analyses import provenance, said
from tests.gateway.dashboard.examples.ids import DESIGN_ID, HYPOTHESIS_ID, JOB_ID, at


def hypothesis(rank: int = 1, **changes: Any) -> hypothesis_pb2.Hypothesis:
    """Returns a hypothesis."""
    fields: dict[str, Any] = {
        "hypothesis_id": HYPOTHESIS_ID if rank == 1 else f"hyp_{rank:032x}",
        "job_id": JOB_ID,
        "state": hypothesis_pb2.HYPOTHESIS_STATE_PROPOSED,
        "statement": "If the delivery date is shown in the cart, then more carts are paid for.",
        "intervention": "Show the delivery date in the cart.",
        "because": [said("Of 100 carts 38 are left on the step before the date is shown.", "E2", "E7")],
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
        "reasons": [said("Three weeks are the first whole weeks in which 4 % can be found.", "E2")],
        "risks": [said("Order value varies much; its margin may not be shown.", "E5")],
        "metrics": [metric_profile()],
        "traffic": metrics_pb2.TrafficProfile(units_per_day=3000),
        "provenance": provenance(),
        "created_at": at(hours=2),
    }
    return hypothesis_pb2.Design(**{**fields, **changes})


def hypotheses() -> list[hypothesis_pb2.Hypothesis]:
    """Returns the hypothesis among others."""
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


def designs() -> list[hypothesis_pb2.Design]:
    """Returns the design among others."""
    return [
        design(),
        design(design_id="des_2", recommended=False, description="Show reviews first.", experiment_id=""),
        design(design_id="des_3", description="Free shipping from 40.", experiment_id="free-shipping"),
    ]
