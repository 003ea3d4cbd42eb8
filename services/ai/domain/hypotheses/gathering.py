"""Gathers what is known for one job: aliases for what has a name, facts for what has a value, verdicts on the past."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.ai.domain.grounding.evidence import ComparisonStatus, EngineVerdict, EvidencePack, MetricRef, SubjectRef
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.hypotheses import funnel, segments
from services.ai.domain.hypotheses.brief import Brief, segment_of
from services.ai.domain.hypotheses.history import History
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.metrics import MetricProfile, PastOutcome
from shared.definition.model import MetricKind, MetricRole

MOST_EXPERIMENTS: Final = 60
"""Past experiments that get an alias, the decided ones first; all of them count in the history."""

_STATUS: Final = {
    PastOutcome.WON: ComparisonStatus.BETTER,
    PastOutcome.LOST: ComparisonStatus.WORSE,
    PastOutcome.INCONCLUSIVE: ComparisonStatus.NO_DETECTABLE_CHANGE,
}
_UNNAMEABLE: Final = re.compile(r"[^A-Za-z0-9 _\-]+")


def known(brief: Brief) -> Knowledge:
    """Returns everything that is known for a job."""
    metrics = {f"M{place}": metric for place, metric in enumerate(brief.metrics, 1)}
    names = dict.fromkeys(one.segment for metric in brief.metrics for one in metric.segments)
    segment_by_alias = {f"S{place}": name for place, name in enumerate(names, 1)}
    trials = tuple(_trials(brief, metrics, segment_by_alias))
    history = History(brief)
    facts = Gatherer()
    _gather_metrics(facts, metrics, history, brief)
    _gather_gaps(facts, metrics, segment_by_alias)
    for trial in trials:
        _gather_trial(facts, trial)
    pack = EvidencePack(
        as_of=brief.as_of,
        metrics=tuple(_metric_ref(alias, metric) for alias, metric in metrics.items()),
        subjects=(*_segment_refs(segment_by_alias), *_experiment_refs(trials, segment_by_alias)),
        facts=tuple(facts.facts),
        verdicts=tuple(EngineVerdict(one.metric, "", "", _STATUS[one.row.outcome], one.experiment) for one in trials),
    )
    return Knowledge(brief, history, pack, trials, metrics, segment_by_alias)


def unit_of(metric: MetricProfile) -> Unit:
    """Returns what a metric's values are counted in."""
    if metric.kind is MetricKind.PROPORTION:
        return Unit.SHARE
    return Unit.USD if metric.revenue else Unit.VALUE


def _trials(brief: Brief, metrics: dict[str, MetricProfile], segment_by_alias: dict[str, str]) -> Iterator[Trial]:
    metric_alias = {metric.metric_id: alias for alias, metric in metrics.items()}
    segment_alias = {name: alias for alias, name in segment_by_alias.items()}
    given = [row for row in brief.past if row.metric_id in metric_alias]
    decided_first = sorted(given, key=lambda row: row.outcome is PastOutcome.INCONCLUSIVE)
    experiments: dict[tuple[str, str], str] = {}
    seen: set[tuple[str, str]] = set()
    for row in decided_first:
        segment = segment_of(row, metrics[metric_alias[row.metric_id]])
        key = (row.experiment_id, segment)
        if key not in experiments and len(experiments) == MOST_EXPERIMENTS:
            continue
        alias = experiments.setdefault(key, f"X{len(experiments) + 1}")
        # The first row wins: two results of one experiment on one metric would make its verdict ambiguous.
        if (alias, row.metric_id) not in seen:
            seen.add((alias, row.metric_id))
            yield Trial(row, metric_alias[row.metric_id], alias, segment_alias.get(segment, ""))


def _gather_metrics(facts: Gatherer, metrics: dict[str, MetricProfile], history: History, brief: Brief) -> None:
    for alias, metric in metrics.items():
        past = history[metric.metric_id]
        if metric.baseline is not None:
            facts.add(FactKind.BASELINE, metric.baseline, unit_of(metric), metric=alias, unit_count=metric.unit_count)
        if metric.trend is not None:
            facts.add(FactKind.TREND, metric.trend, Unit.SHARE, metric=alias)
        outcomes = [row.outcome for row in past.experiments]
        facts.add(FactKind.PAST_EXPERIMENTS, len(outcomes), Unit.COUNT, metric=alias)
        if outcomes:
            won = outcomes.count(PastOutcome.WON)
            facts.add(FactKind.PAST_WINS, won, Unit.COUNT, metric=alias)
            facts.add(FactKind.PAST_LOSSES, outcomes.count(PastOutcome.LOST), Unit.COUNT, metric=alias)
            facts.add(FactKind.WIN_RATE, won / len(outcomes), Unit.SHARE, metric=alias)
        if past.band is not None:
            facts.add(FactKind.BAND_LOW, past.band.low, Unit.SHARE, metric=alias)
            facts.add(FactKind.BAND_HIGH, past.band.high, Unit.SHARE, metric=alias)
    if brief.traffic is not None:
        facts.add(FactKind.UNITS_PER_DAY, brief.traffic.participants_per_day, Unit.UNITS)


def _gather_gaps(facts: Gatherer, metrics: dict[str, MetricProfile], segment_by_alias: dict[str, str]) -> None:
    alias_of = {metric.metric_id: alias for alias, metric in metrics.items()}
    segment_alias = {name: alias for alias, name in segment_by_alias.items()}
    for gap in segments.gaps(tuple(metrics.values())):
        shares = gap.metric.kind is MetricKind.PROPORTION
        value = gap.difference if shares else gap.relative
        if value is not None:
            facts.add(
                FactKind.SEGMENT_GAP,
                value,
                Unit.POINTS if shares else Unit.SHARE,
                metric=alias_of[gap.metric.metric_id],
                subject=segment_alias[gap.segment.segment],
                unit_count=gap.segment.unit_count,
            )
    for step in funnel.steps(tuple(metrics.values())):
        facts.add(FactKind.FUNNEL_GAP, step.gap, Unit.POINTS, metric=alias_of[step.after.metric_id])


def _gather_trial(facts: Gatherer, trial: Trial) -> None:
    if trial.row.relative_lift is not None:
        facts.add(
            FactKind.PAST_LIFT, trial.row.relative_lift, Unit.SHARE, metric=trial.metric, subject=trial.experiment
        )
    else:
        facts.add(FactKind.PAST_EXPERIMENTS, 1, Unit.COUNT, metric=trial.metric, subject=trial.experiment)


def _metric_ref(alias: str, metric: MetricProfile) -> MetricRef:
    return MetricRef(alias, metric.metric_id, metric.direction, metric.role or MetricRole.PRIMARY, metric.display_name)


def _segment_refs(segment_by_alias: dict[str, str]) -> Iterator[SubjectRef]:
    for alias, name in segment_by_alias.items():
        yield SubjectRef(alias, name, _spaced(name))


def _experiment_refs(trials: Sequence[Trial], segment_by_alias: dict[str, str]) -> Iterator[SubjectRef]:
    by_alias = {one.experiment: one for one in trials}
    for alias, trial in by_alias.items():
        segment = _spaced(segment_by_alias.get(trial.segment, ""))
        yield SubjectRef(alias, trial.row.experiment_id, f"{_spaced(trial.row.experiment_id)} {segment}".strip())


def _spaced(name: str) -> str:
    """Returns a name in characters that a sentence can hold: `device=mobile` becomes `device mobile`."""
    return " ".join(_UNNAMEABLE.sub(" ", name).split())
