"""Analyses an experiment: health first, then sample, primary metric, guardrails, others, bandit, verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ai.domain.analysis import health, looks
from services.ai.domain.analysis.bandit_state import BanditState, bandit_state
from services.ai.domain.analysis.comparisons import ArmComparison, Look, compared
from services.ai.domain.analysis.data import Aggregates, BanditData, SegmentAggregates
from services.ai.domain.analysis.health import ArmFinding
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.roles import roles_of
from services.ai.domain.analysis.sample_size import SampleState, sample_state, stated_mde
from services.ai.domain.analysis.samples import Samples, samples_of, samples_of_bandit
from services.ai.domain.analysis.segments import SegmentComparison, SegmentLook, compared_in_segments
from services.ai.domain.analysis.verdict import rule_of, verdict_on
from shared.definition.model import MetricRole
from shared.errors import invalid_field
from shared.statistics.decision.experiment import ExperimentVerdict
from shared.statistics.decision.rule import DecisionRule, Needed, Progress, has_ended, needed
from shared.statistics.health.finding import Finding


@dataclass(frozen=True, slots=True)
class ExperimentAnalysis:
    """Is what the data of an experiment say, in numbers.

    Attributes:
        comparisons: The primary metric first, then guardrails, then secondary metrics.
        health: The worst first.
        bandit: None where weights do not follow the data.
        segments: The primary metric in parts of the units, for learning: the verdict takes no notice of it.
        ended: Whether the planned end is reached.
        missing: What is missing to the planned end; None where it is reached, or not known.
    """

    samples: Samples
    plan: AnalysisPlan
    as_of: datetime
    started_at: datetime | None
    comparisons: tuple[ArmComparison, ...]
    health: tuple[ArmFinding, ...]
    sample: SampleState
    bandit: BanditState | None
    rule: DecisionRule
    progress: Progress
    verdict: ExperimentVerdict
    segments: tuple[SegmentComparison, ...] = ()

    @property
    def day_count(self) -> float | None:
        """Returns the days since the start; None: it is not known."""
        return None if self.started_at is None else self.progress.day_count

    @property
    def ended(self) -> bool:
        """Says whether the planned end is reached."""
        return has_ended(self.rule, self.progress)

    @property
    def missing(self) -> Needed | None:
        """Returns what is missing to the planned end; None: nothing, or it is not known how much it takes."""
        if self.sample.required_unit_count is None or self.ended:
            return None
        return needed(self.rule, self.progress)


def analyze(aggregates: Aggregates, plan: AnalysisPlan, *, now: datetime) -> ExperimentAnalysis:
    """Returns what sums of arms say.

    The age of the sums is at most a warning: they are as of when the caller says.

    Raises:
        InvalidArgument: INVALID_FIELD: the data contradict themselves, or are of the future.
    """
    samples = samples_of(aggregates)
    _check_times(aggregates.as_of, now, "aggregates.as_of")
    return _analysis(
        samples,
        plan,
        as_of=aggregates.as_of,
        started_at=aggregates.started_at,
        findings=(
            health.ratio_of(samples),
            *health.exposure_of(samples, aggregates.multiple_exposure_count),
            *health.age_of_given(plan, as_of=aggregates.as_of, now=now),
        ),
        any_time=looks.at_any_time(samples, optimal_unit_count=plan.optimal_unit_count(2)),
        segments=aggregates.segments,
    )


def analyze_bandit(data: BanditData, plan: AnalysisPlan, *, now: datetime) -> ExperimentAnalysis:
    """Returns what the data of an experiment say that the bandit ran: with each version's weights where they changed.

    Raises:
        InvalidArgument: INVALID_FIELD: the data contradict themselves, or are of the future.
    """
    samples = samples_of_bandit(data)
    _check_times(data.as_of, now, "as_of")
    changed, arm_count = data.weights_changed, len(data.arm_ids)
    ratio = health.ratio_of_bandit(data) if changed else health.ratio_of(samples)
    look = (
        looks.of_bandit(data, optimal_unit_count=plan.optimal_unit_count(arm_count))
        if changed
        else looks.at_any_time(samples, optimal_unit_count=plan.optimal_unit_count(2))
    )
    return _analysis(
        samples,
        plan,
        as_of=data.as_of,
        started_at=data.started_at,
        findings=(
            ratio,
            *health.exposure_of(samples, data.multiple_exposure_count, moved_share=data.moved_share),
            *(health.freshness_of(plan, as_of=data.as_of, now=now) if data.running else ()),
        ),
        any_time=look,
        weights_changed=changed,
        bandit=bandit_state(
            data,
            _primary_place(samples),
            alpha=plan.alpha,
            optimal_unit_count=plan.optimal_unit_count(arm_count),
        )
        if data.learning
        else None,
    )


def _analysis(
    samples: Samples,
    plan: AnalysisPlan,
    *,
    as_of: datetime,
    started_at: datetime | None,
    findings: Sequence[Finding],
    any_time: Look,
    weights_changed: bool = False,
    bandit: BanditState | None = None,
    segments: Sequence[SegmentAggregates] = (),
) -> ExperimentAnalysis:
    place = _primary_place(samples)
    one_look = plan.ends_by_one_look and not weights_changed
    sample = sample_state(samples, place, plan, one_look=one_look)
    rule = rule_of(plan, sample, samples.metrics[place], one_look=one_look)
    progress = _progress(samples, as_of, started_at, adaptive=weights_changed)
    is_due = has_ended(rule, progress) and plan.is_planned_look(samples.total, len(samples.arm_ids))
    at_the_end = one_look and is_due
    comparisons = compared(
        samples.metrics,
        samples.arm_ids,
        looks.at_the_end(samples) if at_the_end else any_time,
        alpha=plan.alpha,
        enough=lambda metric, arm_id: health.enough_in_arms(samples, metric, (0, samples.arm_ids.index(arm_id))),
    )
    days = None if started_at is None else progress.day_count
    found = health.worst_first(
        [
            *(ArmFinding(finding) for finding in (*findings, health.enough_data(samples, place, days))),
            *health.surprises(
                [one for one in comparisons if one.role is MetricRole.PRIMARY],
                stated_mde(samples.metrics[place], plan),
            ),
        ]
    )
    verdict = verdict_on(comparisons, found, rule=rule, progress=progress, bandit=bandit)
    look = SegmentLook(
        plan.alpha,
        at_the_end,
        plan.optimal_unit_count(2),
        relative=all(one.relative_lift is not None for one in comparisons if one.role is MetricRole.PRIMARY),
    )
    parts = compared_in_segments(samples, place, segments, look)
    return ExperimentAnalysis(
        samples, plan, as_of, started_at, comparisons, found, sample, bandit, rule, progress, verdict, parts
    )


def _progress(samples: Samples, as_of: datetime, started_at: datetime | None, *, adaptive: bool) -> Progress:
    """Returns how far the experiment has come; one whose start is not known has not run for a day."""
    days = 0.0 if started_at is None else (as_of - started_at) / timedelta(days=1)
    daily = samples.total / days if days >= 1 and samples.total else None
    return Progress(day_count=days, unit_count=samples.total, daily_unit_count=daily, adaptive=adaptive)


def _primary_place(samples: Samples) -> int:
    return roles_of(samples.metrics).index(MetricRole.PRIMARY)


def _check_times(as_of: datetime, now: datetime, field: str) -> None:
    if as_of > now:
        raise invalid_field(field, f"{as_of.isoformat()}, is after now, {now.isoformat()}")
