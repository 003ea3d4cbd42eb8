"""What of the given data cannot be: every field at fault, before anything is computed of it.

Paths are those of the request: `aggregates.arms[1].sums[0].value_sum`.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from services.ai.domain.analysis.contradicting_segments import contradicting_segments
from services.ai.domain.analysis.contradicting_sums import contradicting_sums
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, BanditData, VersionArm
from services.ai.domain.analysis.roles import primary_of
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind, MetricRole
from shared.errors import FieldViolation, invalid_fields

SHARE_TOLERANCE: Final = 1e-6


def check(aggregates: Aggregates) -> None:
    """Raises unless the data can be those of an experiment.

    Raises:
        InvalidArgument: INVALID_FIELD: with every field at fault.
    """
    violations = [*_metrics(aggregates.metrics, "aggregates.metrics"), *_arms(aggregates.arms), *_times(aggregates)]
    known = {metric.metric_id: metric for metric in aggregates.metrics}
    for place, arm in enumerate(aggregates.arms):
        violations += contradicting_sums(f"aggregates.arms[{place}]", arm, known)
    if not violations:
        violations += contradicting_segments(aggregates, known)
    if violations:
        raise invalid_fields(violations)


def check_bandit(data: BanditData) -> None:
    """Raises unless the data can be those of an experiment.

    Raises:
        InvalidArgument: INVALID_FIELD: with every field at fault.
    """
    violations = [*_metrics(data.metrics, "metrics")]
    if len(data.arm_ids) < 2 or len(set(data.arm_ids)) < len(data.arm_ids):
        violations.append(FieldViolation("arm_ids", "must be two or more, each once"))
    if data.started_at is not None and data.started_at > data.as_of:
        violations.append(FieldViolation("as_of", "is before the start"))
    known = {metric.metric_id: metric for metric in data.metrics}
    for version_place, version in enumerate(data.versions):
        for place, arm in enumerate(version.arms):
            violations += _version_arm(f"versions[{version_place}].arms[{place}]", arm, known)
    if violations:
        raise invalid_fields(violations)


def _metrics(metrics: Sequence[MetricProfile], root: str) -> Iterator[FieldViolation]:
    if not metrics:
        yield FieldViolation(root, "there is none, must be one or more")
        return
    seen: set[str] = set()
    for place, metric in enumerate(metrics):
        path = f"{root}[{place}]"
        if metric.metric_id in seen:
            yield FieldViolation(f"{path}.metric_id", f"{metric.metric_id} is there twice")
        seen.add(metric.metric_id)
        if metric.kind is MetricKind.PROPORTION and metric.baseline is not None and not 0 <= metric.baseline <= 1:
            yield FieldViolation(f"{path}.baseline", f"{metric.baseline:g}, a rate must be in [0, 1]")
        if metric.standard_deviation is not None and not metric.standard_deviation >= 0:
            yield FieldViolation(f"{path}.standard_deviation", f"{metric.standard_deviation:g}, must be 0 or more")
    primaries = [metric.metric_id for metric in metrics if metric.role is MetricRole.PRIMARY]
    if len(primaries) > 1:
        yield FieldViolation(root, f"{', '.join(primaries)} are all primary, must be exactly one")
    elif primary_of(metrics) is None:
        yield FieldViolation(root, "none is primary, must be exactly one")


def _arms(arms: Sequence[ArmAggregate]) -> Iterator[FieldViolation]:
    if len(arms) < 2:
        yield FieldViolation("aggregates.arms", f"{len(arms)}, must be two or more")
    controls = [arm.arm_id for arm in arms if arm.control]
    if len(controls) != 1:
        yield FieldViolation("aggregates.arms", f"{len(controls)} are the control, must be exactly one")
    seen: set[str] = set()
    for place, arm in enumerate(arms):
        if arm.arm_id in seen:
            yield FieldViolation(f"aggregates.arms[{place}].arm_id", f"{arm.arm_id} is there twice")
        seen.add(arm.arm_id)
        if arm.unit_count < 0:
            yield FieldViolation(f"aggregates.arms[{place}].unit_count", f"{arm.unit_count}, must be 0 or more")
    yield from _shares([arm.planned_share for arm in arms])


def _shares(shares: Sequence[float]) -> Iterator[FieldViolation]:
    for place, share in enumerate(shares):
        if not 0 <= share <= 1:
            yield FieldViolation(f"aggregates.arms[{place}].planned_share", f"{share:g}, must be in [0, 1]")
    if any(shares) and not abs(sum(shares) - 1) <= SHARE_TOLERANCE:
        yield FieldViolation("aggregates.arms", f"planned shares sum to {sum(shares):g}, must be 1, or all be 0")
    elif any(shares) and not all(shares):
        place = next(place for place, share in enumerate(shares) if not share)
        yield FieldViolation(f"aggregates.arms[{place}].planned_share", "0, while others have one")


def _times(aggregates: Aggregates) -> Iterator[FieldViolation]:
    if aggregates.started_at is not None and aggregates.started_at > aggregates.as_of:
        yield FieldViolation("aggregates.as_of", "is before the start")
    total = sum(arm.unit_count for arm in aggregates.arms)
    several = aggregates.multiple_exposure_count
    if several is not None and not 0 <= several <= total:
        yield FieldViolation("aggregates.multiple_exposure_count", f"{several}, must be in [0, {total}]")


def _version_arm(path: str, arm: VersionArm, known: dict[str, MetricProfile]) -> Iterator[FieldViolation]:
    if arm.unit_count < 0:
        yield FieldViolation(f"{path}.unit_count", f"{arm.unit_count}, must be 0 or more")
    if arm.weight is not None and not 0 <= arm.weight <= 1:
        yield FieldViolation(f"{path}.weight", f"{arm.weight:g}, must be in [0, 1]")
    if arm.weight == 0 and arm.unit_count > 0:
        yield FieldViolation(f"{path}.weight", "0, while the arm has units")
    for place, moments in enumerate(arm.moments):
        where, metric = f"{path}.moments[{place}]", known.get(moments.metric_id)
        if metric is None:
            yield FieldViolation(f"{where}.metric_id", f"{moments.metric_id} is not one of the metrics")
        elif not math.isfinite(moments.mean):
            yield FieldViolation(f"{where}.mean", "must be a finite number")
        elif metric.kind is MetricKind.PROPORTION and not 0 <= moments.mean <= 1:
            yield FieldViolation(f"{where}.mean", f"{moments.mean:g}, a rate must be in [0, 1]")
        if not (math.isfinite(moments.square_deviation_sum) and moments.square_deviation_sum >= 0):
            yield FieldViolation(f"{where}.square_deviation_sum", "must be finite and 0 or more: a negative variance")
