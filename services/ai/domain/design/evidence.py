"""The numbers of a design as an evidence pack: aliases and facts; it has no verdicts, as nothing is decided yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ai.domain.design.engine import RecommendedDesign
from services.ai.domain.design.sizing import margin_of
from services.ai.domain.grounding.evidence import ArmRef, EvidencePack, MetricRef
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind, MetricRole


@dataclass(frozen=True, slots=True)
class DesignEvidence:
    """Is the pack of a design, with the way from numbers to evidence ids.

    Attributes:
        metrics: Aliases by metric id; the primary metric's is M1.
        ids: Evidence ids by kind, metric and arm, of which the last two are aliases.
        longest_lift: The id of the lift that the longest duration could find; empty: there is none.
    """

    design: RecommendedDesign
    pack: EvidencePack
    metrics: Mapping[str, str]
    ids: Mapping[tuple[FactKind, str, str], str]
    longest_lift: str

    def find(self, kind: FactKind, *, metric: str = "", arm: str = "") -> str:
        """Returns the id of a fact; empty: the pack has none of that kind and scope."""
        return self.ids.get((kind, metric, arm), "")


def evidence_of(design: RecommendedDesign, *, now: datetime) -> DesignEvidence:
    """Returns the evidence of a design; equal designs at one time give equal packs."""
    order = (design.chosen.primary, *design.chosen.guardrails, *design.chosen.secondary)
    metrics = {metric.metric_id: f"M{place}" for place, metric in enumerate(order, 1)}
    arms = tuple(f"V{place}" for place in range(1, len(design.plan.arm_shares) + 1))
    gatherer = Gatherer()
    _add_plan(design, gatherer)
    _add_metrics(design, metrics, gatherer)
    for arm, share in zip(arms, design.plan.arm_shares, strict=True):
        gatherer.add(FactKind.PLANNED_SHARE, share, Unit.SHARE, arm=arm)
    ids: dict[tuple[FactKind, str, str], str] = {}
    for fact in gatherer.facts:
        ids.setdefault((fact.kind, fact.metric, fact.arm), fact.evidence_id)
    longest = design.detectable_lifts[-1].relative_lift if design.detectable_lifts else None
    longest_lift = "" if longest is None else gatherer.add(FactKind.MDE, longest, Unit.SHARE, metric="M1")
    pack = EvidencePack(
        as_of=now,
        metrics=tuple(_ref(metric, metrics, design) for metric in order),
        arms=tuple(
            ArmRef(arm, "control" if place == 0 else f"variant-{place}", place == 0) for place, arm in enumerate(arms)
        ),
        facts=tuple(gatherer.facts),
    )
    return DesignEvidence(design, pack, metrics, ids, longest_lift)


def _add_plan(design: RecommendedDesign, gatherer: Gatherer) -> None:
    plan, add = design.plan, gatherer.add
    add(FactKind.REQUIRED_UNITS, plan.unit_count, Unit.UNITS)
    add(FactKind.ALPHA, plan.alpha, Unit.PROBABILITY)
    add(FactKind.POWER, plan.power, Unit.SHARE)
    add(FactKind.PLANNED_DAYS, plan.day_count, Unit.DAYS)
    add(FactKind.UNITS_PER_DAY, design.wishes.traffic.participants_per_day, Unit.UNITS)
    add(FactKind.ARM_COUNT, len(plan.arm_shares), Unit.COUNT)
    if len(plan.arm_shares) > 2:
        add(FactKind.COMPARISON_COUNT, len(plan.arm_shares) - 1, Unit.COUNT)
    if plan.unit_count > design.available_units:
        add(FactKind.MISSING_UNITS, plan.unit_count - design.available_units, Unit.UNITS)
    if plan.learns:
        add(FactKind.EXPLORATION_FLOOR, plan.allocation_policy.controls.exploration_floor, Unit.SHARE)


def _add_metrics(design: RecommendedDesign, metrics: Mapping[str, str], gatherer: Gatherer) -> None:
    primary, plan = design.chosen.primary, design.plan
    gatherer.add(FactKind.MDE, plan.relative_mde, Unit.SHARE, metric="M1")
    level = Unit.SHARE if primary.kind is MetricKind.PROPORTION else Unit.VALUE
    gatherer.add(FactKind.BASELINE, primary.baseline or 0.0, level, metric="M1", unit_count=primary.unit_count)
    if plan.variance_reduction and design.units_without_covariate != design.required_units:
        gatherer.add(FactKind.CORRELATION, primary.pre_period_correlation or 0.0, Unit.RATIO, metric="M1")
        gatherer.add(FactKind.REQUIRED_UNITS, sum(design.units_without_covariate), Unit.UNITS, metric="M1")
    for one in design.chosen.guardrails:
        gatherer.add(FactKind.MARGIN, margin_of(one), Unit.SHARE, metric=metrics[one.metric_id])


def _ref(metric: MetricProfile, metrics: Mapping[str, str], design: RecommendedDesign) -> MetricRef:
    role = MetricRole.SECONDARY
    if metric is design.chosen.primary:
        role = MetricRole.PRIMARY
    elif metric in design.chosen.guardrails:
        role = MetricRole.GUARDRAIL
    return MetricRef(metrics[metric.metric_id], metric.metric_id, metric.direction, role, metric.display_name)
