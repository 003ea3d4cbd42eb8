"""The same comparisons by other methods, to be read beside: nothing is decided by them.

Where weights followed the data, plain means are biased (docs/adr/0005): there the one look is that of adaptively
weighted AIPW, and no degree of belief is given, as the arms' posteriors would take every unit as drawn alike.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from services.ai.domain.analysis import looks
from services.ai.domain.analysis.comparisons import ArmComparison, Look, compared
from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.engine import ExperimentAnalysis
from services.ai.domain.analysis.samples import Samples, batches_of
from services.ai.domain.records import AnswerKind, AnswerRecord, EstimateRecord
from shared.definition.model import MetricDirection, MetricKind
from shared.statistics.adaptive import aipw
from shared.statistics.bayesian.answer import BayesianReport
from shared.statistics.bayesian.comparison import compare as compare_posteriors
from shared.statistics.bayesian.means import means
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import proportions
from shared.statistics.result.method import Validity
from shared.statistics.result.report import Interval, NotEstimable, Report

_KINDS: Final = {
    Validity.FIXED_LOOK: AnswerKind.FIXED,
    Validity.ADAPTIVE_FIXED_LOOK: AnswerKind.FIXED,
    Validity.PLANNED_LOOKS: AnswerKind.FIXED,
    Validity.ANY_TIME: AnswerKind.ANY_TIME,
    Validity.ADAPTIVE_ANY_TIME: AnswerKind.ANY_TIME,
    Validity.BAYESIAN: AnswerKind.BAYESIAN,
}
Key: TypeAlias = tuple[str, str]
"""A metric and a treatment, by id."""


def answer_of(one: ArmComparison) -> AnswerRecord:
    """Returns the answer that a comparison is."""
    return AnswerRecord(
        kind=_KINDS[one.report.method.validity],
        method=one.report.method.name,
        confidence_level=one.report.confidence_level,
        difference=_estimate(one.report.difference),
        relative_lift=_estimate(one.report.lift),
        p_value=one.p_value,
    )


def other_answers(analysis: ExperimentAnalysis, data: BanditData | None) -> dict[Key, tuple[AnswerRecord, ...]]:
    """Returns what other methods say of each comparison that they can estimate, by metric and treatment.

    Args:
        analysis: What the decision rests on.
        data: What the bandit recorded; None: the data are sums of arms.
    """
    found: dict[Key, tuple[AnswerRecord, ...]] = {}
    told = {_KINDS[one.report.method.validity] for one in analysis.comparisons}
    for kind, look in _looks(analysis, data):
        if kind not in told:
            for one in _compared(analysis, look):
                found[_key(one)] = (*found.get(_key(one), ()), *_estimable(answer_of(one)))
    if not analysis.progress.adaptive:
        for key, answer in _beliefs(analysis):
            found[key] = (*found.get(key, ()), *_estimable(answer))
    return found


def _looks(analysis: ExperimentAnalysis, data: BanditData | None) -> Iterator[tuple[AnswerKind, Look]]:
    samples, plan = analysis.samples, analysis.plan
    if analysis.progress.adaptive and data is not None:
        yield AnswerKind.FIXED, _at_one_look(data)
        yield (
            AnswerKind.ANY_TIME,
            looks.of_bandit(data, optimal_unit_count=plan.optimal_unit_count(len(samples.arm_ids))),
        )
    else:
        yield AnswerKind.FIXED, looks.at_the_end(samples)
        yield AnswerKind.ANY_TIME, looks.at_any_time(samples, optimal_unit_count=plan.optimal_unit_count(2))


def _at_one_look(data: BanditData) -> Look:
    """Returns a look at data whose weights changed, which holds once."""
    treatments = np.arange(1, len(data.arm_ids))

    def one(place: int, alpha: float) -> Sequence[Report]:
        batches = batches_of(data, place)
        if batches is None:
            return [looks.nothing(alpha, aipw.AW_AIPW)] * treatments.size
        found = aipw.compare(batches, treatment=treatments, alpha=alpha)
        return [found.report(treatment) for treatment in range(treatments.size)]

    return lambda places, alpha: [one(place, alpha) for place in places]


def _compared(analysis: ExperimentAnalysis, look: Look) -> Sequence[ArmComparison]:
    return compared(
        analysis.samples.metrics,
        analysis.samples.arm_ids,
        look,
        alpha=analysis.plan.alpha,
        enough=_whether_enough,
    )


def _whether_enough(_metric: int, _arm_id: str) -> bool:
    """Says nothing: these answers get no status."""
    return True


def _beliefs(analysis: ExperimentAnalysis) -> Iterator[tuple[Key, AnswerRecord]]:
    """Yields the chance that each treatment is better; all treatments of a metric at once, as ends are searched for."""
    by_metric: dict[str, list[ArmComparison]] = {}
    for one in analysis.comparisons:
        by_metric.setdefault(one.metric.metric_id, []).append(one)
    for comparisons in by_metric.values():
        metric = comparisons[0].metric
        arms = _POSTERIORS[metric.kind](analysis.samples, analysis.samples.metrics.index(metric))
        found = compare_posteriors(
            arms[1:],
            arms[:1],
            lower_is_better=metric.direction is MetricDirection.MINIMIZE,
            alpha=1 - comparisons[0].report.confidence_level,
        )
        for one in comparisons:
            yield _key(one), _belief(found.report(analysis.samples.arm_ids.index(one.arm_id) - 1))


def _belief(report: BayesianReport) -> AnswerRecord:
    return AnswerRecord(
        kind=AnswerKind.BAYESIAN,
        method=report.method.name,
        confidence_level=report.probability,
        difference=_estimate(report.difference),
        relative_lift=_estimate(report.lift),
        probability_better=None if isinstance(report.chance_to_beat, NotEstimable) else report.chance_to_beat,
    )


_POSTERIORS: Final[Mapping[MetricKind, Callable[[Samples, int], Posterior]]] = MappingProxyType(
    {
        MetricKind.PROPORTION: lambda samples, place: proportions(
            samples.successes(place), samples.moments.count[place]
        ),
        MetricKind.MEAN: lambda samples, place: means(samples.moments[place]),
    }
)


def _key(one: ArmComparison) -> Key:
    return one.metric.metric_id, one.arm_id


def _estimable(answer: AnswerRecord) -> tuple[AnswerRecord, ...]:
    return (answer,) if answer.difference is not None else ()


def _estimate(found: Interval | NotEstimable) -> EstimateRecord | None:
    if isinstance(found, NotEstimable):
        return None
    low, high = (end if np.isfinite(end) else None for end in (found.low, found.high))
    return EstimateRecord(found.estimate, low, high)
