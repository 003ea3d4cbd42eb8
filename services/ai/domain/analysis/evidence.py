"""The numbers of an analysis as an evidence pack: aliases, facts, the engine's verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypedDict

from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.engine import ExperimentAnalysis
from services.ai.domain.analysis.metric_units import difference_unit, level_unit
from services.ai.domain.analysis.segments import SegmentComparison
from services.ai.domain.analysis.telling_segments import most_telling, spaced
from services.ai.domain.analysis.verdict import margin_of
from services.ai.domain.grounding.evidence import (
    ArmRef,
    EngineDecision,
    EngineVerdict,
    EvidencePack,
    HealthVerdict,
    MetricRef,
    SubjectRef,
)
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricRole
from shared.statistics.health.finding import Check, Finding
from shared.statistics.result.report import Interval

MOST_COMPARISONS: Final = 600
"""Of a pack, the most important first: a pack has room for fewer than 10,000 facts."""


@dataclass(frozen=True, slots=True)
class AnalysisEvidence:
    """Is the pack of an analysis, with the way from numbers to evidence ids.

    Attributes:
        comparisons: Those that the pack has.
        segments: Those that the pack has, the most telling first.
        metrics, arms, subjects: Aliases by id; subjects are segments.
        ids: Evidence ids by kind, metric, arm and subject, of which the last three are aliases.
    """

    analysis: ExperimentAnalysis
    comparisons: tuple[ArmComparison, ...]
    segments: tuple[SegmentComparison, ...]
    pack: EvidencePack
    metrics: Mapping[str, str]
    arms: Mapping[str, str]
    subjects: Mapping[str, str]
    ids: Mapping[tuple[FactKind, str, str, str], str]

    def find(self, kind: FactKind, *, metric: str = "", arm: str = "", subject: str = "") -> str:
        """Returns the id of a fact; empty: the pack has none of that kind and scope."""
        return self.ids.get((kind, metric, arm, subject), "")

    @property
    def total(self) -> str:
        """Returns the id of the units of all arms."""
        return self.find(FactKind.TOTAL_UNITS)


def evidence_of(analysis: ExperimentAnalysis) -> AnalysisEvidence:
    """Returns the evidence of an analysis; equal analyses give equal packs."""
    book = _Book(analysis)
    book.add_whole()
    for place in range(len(analysis.samples.arm_ids)):
        book.add_arm(place)
    for one in book.comparisons:
        book.add_comparison(one)
    book.add_health()
    book.add_bandit()
    book.add_segments()
    return book.evidence()


class _Scope(TypedDict):
    """Says what the facts of an effect are about."""

    metric: str
    arm: str
    subject: str
    unit_count: int


class _Book:
    """Gathers the facts of one analysis."""

    def __init__(self, analysis: ExperimentAnalysis) -> None:
        self.analysis = analysis
        self.comparisons = analysis.comparisons[:MOST_COMPARISONS]
        self.segments = most_telling(analysis.segments)
        self.metrics = {one.metric_id: f"M{place}" for place, one in enumerate(analysis.samples.metrics, 1)}
        self.arms = {arm_id: f"V{place}" for place, arm_id in enumerate(analysis.samples.arm_ids, 1)}
        names = dict.fromkeys(one.segment for one in self.segments)
        self.subjects = {name: f"S{place}" for place, name in enumerate(names, 1)}
        self.gatherer = Gatherer()
        self.told: set[tuple[str, str]] = set()

    @property
    def control(self) -> str:
        return self.arms[self.analysis.samples.arm_ids[0]]

    @property
    def primary(self) -> str:
        return self.metrics[self.comparisons[0].metric.metric_id]

    def add_whole(self) -> None:
        add, analysis, sample = self.gatherer.add, self.analysis, self.analysis.sample
        add(FactKind.AS_OF, analysis.as_of.timestamp(), Unit.DATE)
        add(FactKind.TOTAL_UNITS, sample.unit_count, Unit.UNITS)
        add(FactKind.ALPHA, analysis.plan.alpha, Unit.PROBABILITY)
        if analysis.day_count is not None:
            add(FactKind.DAYS, analysis.day_count, Unit.DAYS)
        if sample.required_unit_count is not None:
            add(FactKind.REQUIRED_UNITS, sample.required_unit_count, Unit.UNITS)
        if analysis.missing is not None and analysis.missing.unit_count:
            add(FactKind.MISSING_UNITS, analysis.missing.unit_count, Unit.UNITS)
        if analysis.missing is not None and analysis.missing.day_count:
            add(FactKind.MISSING_DAYS, analysis.missing.day_count, Unit.DAYS)
        if sample.detectable_lift is not None:
            add(FactKind.MDE, sample.detectable_lift, Unit.SHARE, metric=self.primary)

    def add_arm(self, place: int) -> None:
        samples = self.analysis.samples
        arm = self.arms[samples.arm_ids[place]]
        self.gatherer.add(FactKind.UNITS, samples.unit_count[place], Unit.UNITS, arm=arm)
        self.gatherer.add(FactKind.PLANNED_SHARE, samples.planned_shares[place], Unit.SHARE, arm=arm)

    def add_comparison(self, one: ArmComparison) -> None:
        metric, arm, level = self.metrics[one.metric.metric_id], self.arms[one.arm_id], level_unit(one.metric)
        self._add_mean(metric, self.control, one.control_mean, level, one.report.control_unit_count)
        self._add_mean(metric, arm, one.arm_mean, level, one.report.treatment_unit_count)
        self._add_effect(one)
        if one.role is MetricRole.GUARDRAIL and (metric, "") not in self.told:
            self.told.add((metric, ""))
            self.gatherer.add(FactKind.MARGIN, margin_of(one.metric), Unit.SHARE, metric=metric)

    def add_segments(self) -> None:
        for one in self.segments:
            self._add_effect(one.comparison, self.subjects[one.segment])
        for alias in self.subjects.values():
            count = len(self.analysis.segments)
            self.gatherer.add(FactKind.COMPARISON_COUNT, count, Unit.COUNT, metric=self.primary, subject=alias)

    def add_health(self) -> None:
        for found in self.analysis.health:
            numbers = found.finding.numbers
            if found.finding.check in _SAMPLE_RATIOS and "p_value" in numbers:
                self.gatherer.add(FactKind.SAMPLE_RATIO_P_VALUE, numbers["p_value"], Unit.PROBABILITY)
            if found.finding.check is Check.MULTIPLE_EXPOSURE and "share" in numbers:
                self.gatherer.add(FactKind.MULTIPLE_EXPOSURE_SHARE, numbers["share"], Unit.SHARE)
        for role in (MetricRole.PRIMARY, MetricRole.SECONDARY):
            own = [one for one in self.comparisons if one.role is role]
            if len(own) > 1:
                first = self.metrics[own[0].metric.metric_id] if role is MetricRole.PRIMARY else ""
                self.gatherer.add(FactKind.COMPARISON_COUNT, len(own), Unit.COUNT, metric=first)

    def add_bandit(self) -> None:
        bandit, add, metric = self.analysis.bandit, self.gatherer.add, self.primary
        if bandit is None:
            return
        unit = difference_unit(self.comparisons[0].metric)
        add(FactKind.POLICY_VERSIONS, bandit.version_count, Unit.COUNT)
        add(FactKind.EXPLORATION_FLOOR, bandit.exploration_floor, Unit.SHARE)
        if bandit.regret is not None:
            add(FactKind.REGRET, bandit.regret, Unit.VALUE, metric=metric)
        for one in bandit.arms:
            arm = self.arms[one.arm_id]
            if one.weight is not None:
                add(FactKind.ALLOCATION, one.weight, Unit.SHARE, arm=arm)
            if one.probability_best is not None:
                add(FactKind.PROBABILITY_BEST, one.probability_best, Unit.SHARE, metric=metric, arm=arm)
            if one.expected_loss is not None:
                add(FactKind.EXPECTED_LOSS, one.expected_loss, unit, metric=metric, arm=arm)

    def evidence(self) -> AnalysisEvidence:
        analysis = self.analysis
        pack = EvidencePack(
            as_of=analysis.as_of,
            metrics=tuple(self._metric_ref(one) for one in analysis.samples.metrics),
            arms=tuple(ArmRef(alias, arm_id, alias == self.control) for arm_id, alias in self.arms.items()),
            subjects=tuple(SubjectRef(alias, name, spaced(name)) for name, alias in self.subjects.items()),
            facts=tuple(self.gatherer.facts),
            verdicts=(
                *(self._verdict(one) for one in self.comparisons),
                *(self._verdict(one.comparison, self.subjects[one.segment]) for one in self.segments),
            ),
            health=tuple(self._health(one.finding, one.arm_id) for one in analysis.health),
            sample_reached=analysis.sample.reached,
            decision=EngineDecision(analysis.verdict.verdict, self.arms.get(analysis.verdict.arm_id, "")),
        )
        ids: dict[tuple[FactKind, str, str, str], str] = {}
        for fact in pack.facts:
            ids.setdefault((fact.kind, fact.metric, fact.arm, fact.subject), fact.evidence_id)
        return AnalysisEvidence(
            analysis, self.comparisons, self.segments, pack, self.metrics, self.arms, self.subjects, ids
        )

    def _add_effect(self, one: ArmComparison, subject: str = "") -> None:
        scope = _Scope(
            metric=self.metrics[one.metric.metric_id],
            arm=self.arms[one.arm_id],
            subject=subject,
            unit_count=one.report.treatment_unit_count + one.report.control_unit_count,
        )
        for kinds, interval, unit in (
            (_LIFT, one.relative_lift, Unit.SHARE),
            (_DIFFERENCE, one.difference, difference_unit(one.metric)),
        ):
            for kind, value in zip(kinds, _parts(interval), strict=False):
                self.gatherer.add(kind, value, unit, **scope)
        if one.p_value is not None:
            self.gatherer.add(FactKind.P_VALUE, one.p_value, Unit.PROBABILITY, **scope)

    def _add_mean(self, metric: str, arm: str, value: float | None, unit: Unit, count: int) -> None:
        if value is not None and (metric, arm) not in self.told:
            self.told.add((metric, arm))
            self.gatherer.add(FactKind.MEAN, value, unit, metric=metric, arm=arm, unit_count=count)

    def _metric_ref(self, metric: MetricProfile) -> MetricRef:
        role = next(one.role for one in self.analysis.comparisons if one.metric is metric)
        alias = self.metrics[metric.metric_id]
        return MetricRef(alias, metric.metric_id, metric.direction, role, metric.display_name)

    def _verdict(self, one: ArmComparison, subject: str = "") -> EngineVerdict:
        return EngineVerdict(
            subject=subject,
            metric=self.metrics[one.metric.metric_id],
            arm=self.arms[one.arm_id],
            baseline=self.control,
            status=one.status,
            sample_reached=bool(self.analysis.sample.reached),
            any_time_valid=one.any_time_valid,
            demoted=one.demoted,
        )

    def _health(self, finding: Finding, arm_id: str) -> HealthVerdict:
        return HealthVerdict(finding.check, finding.status, self.arms.get(arm_id, ""))


_LIFT: Final = (FactKind.RELATIVE_LIFT, FactKind.LIFT_LOW, FactKind.LIFT_HIGH)
_DIFFERENCE: Final = (FactKind.DIFFERENCE, FactKind.DIFFERENCE_LOW, FactKind.DIFFERENCE_HIGH)
_SAMPLE_RATIOS: Final = frozenset({Check.SAMPLE_RATIO, Check.SEQUENTIAL_SAMPLE_RATIO})


def _parts(interval: Interval | None) -> tuple[float, ...]:
    return () if interval is None else (interval.estimate, interval.low, interval.high)
