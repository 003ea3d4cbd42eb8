"""Snapshots that the tests of policies share."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.definition.model import (
    AllocationPolicy,
    AnalysisUnit,
    CombinationRule,
    ExperimentState,
    Metric,
    MetricKind,
    MetricRole,
    Traffic,
)
from shared.policy.snapshot import AnalysisSplit, PolicyArm, PolicySnapshot, PublishReason, Segments
from tests.shared.policy.make_golden import PATH

CONVERSION = Metric(
    "conversion",
    MetricKind.PROPORTION,
    MetricRole.PRIMARY,
    combination_rule=CombinationRule.ANY,
    min_value=0.0,
    max_value=1.0,
)


def golden_cases() -> list[dict[str, Any]]:  # JSON
    """Returns the cases of the golden file."""
    cases: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["cases"]
    return cases


def golden_snapshot(case: dict[str, Any]) -> PolicySnapshot:
    """Returns the snapshot of a case of the golden file."""
    segments = Segments(tuple(case["segment_starts"]), tuple(case["segment_arms"]))
    count = max(segments.arms) + 1
    share, split = _golden_split(case["analysis_split"])
    fixed = split.segments.lengths(count) if split else [0] * count
    return PolicySnapshot(
        experiment_id="golden",
        policy_version=3,
        experiment_revision=2,
        state=ExperimentState(case["state"]),
        arm_salt=int(case["arm_salt"], 16),
        traffic_salt=int(case["traffic_salt"], 16),
        traffic=Traffic(case["traffic_share"], case["holdout_share"], share),
        arms=tuple(
            PolicyArm(f"arm-{place}", length / 2**32, place == 0, analysis_weight=fixed[place] / 2**32)
            for place, length in enumerate(segments.lengths(count))
        ),
        segments=segments,
        default_arm=case["default_arm"],
        analysis_unit=AnalysisUnit(case["analysis_unit"]),
        attribution_window=timedelta(days=7),
        metrics=(CONVERSION,),
        allocation_policy=AllocationPolicy(),
        frozen=False,
        publish_reason=PublishReason.DEFINITION,
        published_at=datetime(2026, 3, 1, tzinfo=UTC),
        analysis_split=split,
        control_served=case["control_served"],
    )


def _golden_split(case: dict[str, Any] | None) -> tuple[float, AnalysisSplit | None]:  # JSON
    if case is None:
        return 0.0, None
    segments = Segments(tuple(case["segment_starts"]), tuple(case["segment_arms"]))
    return case["share"], AnalysisSplit(int(case["salt"], 16), segments)
