"""How healthy an experiment's data are: checks, units by arm as planned and as they came, and how far the sample is."""

from collections.abc import Mapping
from dataclasses import dataclass

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import maybe, worst


@dataclass(frozen=True, slots=True)
class CheckView:
    """Is one check."""

    name: str
    badge: Badge
    message: str
    arm: str
    source: str


@dataclass(frozen=True, slots=True)
class ArmUnits:
    """Is one arm's units, as planned and as they came."""

    arm: str
    control: bool
    planned: str
    observed: str
    units: str


@dataclass(frozen=True, slots=True)
class HealthView:
    """Is the health of an experiment."""

    overall: Badge
    checks: tuple[CheckView, ...]
    arms: tuple[ArmUnits, ...]
    figures: tuple[tuple[str, str, str], ...]


def health_view(analysis: analysis_pb2.ExperimentAnalysis, arms: Mapping[str, str]) -> HealthView:
    """Returns the health that an analysis found."""
    return HealthView(
        overall=badges.health(worst(analysis)),
        checks=tuple(_check(finding, arms) for finding in analysis.health),
        arms=tuple(_units(arm, analysis.unit_count, arms) for arm in analysis.arms),
        figures=tuple(_figures(analysis.sample)),
    )


def _check(finding: analysis_pb2.HealthFinding, arms: Mapping[str, str]) -> CheckView:
    return CheckView(
        formatting.words(finding.check).capitalize(),
        badges.check(finding.status),
        finding.message,
        arms.get(finding.arm_id, finding.arm_id),
        finding.source,
    )


def _units(arm: analysis_pb2.AnalyzedArm, total: int, arms: Mapping[str, str]) -> ArmUnits:
    return ArmUnits(
        arms.get(arm.arm_id, arm.arm_id),
        arm.control,
        formatting.share(arm.planned_share),
        formatting.share(arm.unit_count / total if total else None),
        formatting.count(arm.unit_count),
    )


def _figures(sample: analysis_pb2.SampleState) -> list[tuple[str, str, str]]:
    """Returns label, value and what it means."""
    required, planned = maybe(sample, "required_unit_count"), "planned" if sample.planned else "computed"
    complete = required is not None and sample.unit_count >= required
    days, missing = maybe(sample, "day_count"), maybe(sample, "missing_day_count")
    return [
        (
            "Units",
            formatting.count(sample.unit_count),
            f"of {formatting.count(required)} {planned}" if required else "",
        ),
        (
            "Detectable lift",
            formatting.share(maybe(sample, "detectable_lift")),
            f"wanted {formatting.share(maybe(sample, 'relative_mde'))}" if sample.HasField("relative_mde") else "",
        ),
        ("Days so far", "< 1" if days is not None and days < 1 else formatting.number(days), ""),
        ("Days missing", "none" if missing is None and complete else formatting.number(missing), ""),
    ]
