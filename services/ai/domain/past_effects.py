"""What a stopped experiment of the store found, as a past experiment that hypotheses can build on."""

from statistics import NormalDist
from typing import Final

from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.hypotheses.brief import LEAST_ERROR, MOST_LIFT
from services.ai.domain.metrics import PastExperiment, PastOutcome
from services.ai.domain.records import AnalysisRecord, AnswerKind, AnswerRecord, ComparisonRecord
from shared.definition.model import MetricDirection, MetricRole

_OUTCOMES: Final = {ComparisonStatus.BETTER: PastOutcome.WON, ComparisonStatus.WORSE: PastOutcome.LOST}


def past_effect(record: AnalysisRecord, intervention: str) -> PastExperiment | None:
    """Returns the effect on the primary metric of the arm that was shipped, else of the one that did best.

    None where the analysis compared nothing on a primary metric. A lift is told with its standard error or not at all,
    and only where both are such as a brief takes.
    """
    primary = [one for one in record.comparisons if one.metric_role is MetricRole.PRIMARY]
    if not primary:
        return None
    shipped = [one for one in primary if one.arm_id == record.decision.arm_id]
    told = shipped[0] if shipped else max(primary, key=_gain)
    lift, error = _lift(told)
    return PastExperiment(
        experiment_id=record.experiment_id,
        intervention=intervention,
        metric_id=told.metric_id,
        relative_lift=lift,
        standard_error=error,
        outcome=_OUTCOMES.get(told.status, PastOutcome.INCONCLUSIVE),
    )


def _gain(comparison: ComparisonRecord) -> float:
    lift = comparison.answer.relative_lift
    if lift is None:
        return float("-inf")
    return lift.estimate if comparison.direction is MetricDirection.MAXIMIZE else -lift.estimate


def _lift(comparison: ComparisonRecord) -> tuple[float | None, float | None]:
    """Returns the lift and its standard error, by an interval for one look where there is one.

    Intervals that hold at any look are wider than the normal ones, so that an error read off them is too large, and the
    past counts for less.
    """
    answers = (comparison.answer, *comparison.other_answers)
    for answer in sorted(answers, key=lambda answer: answer.kind is not AnswerKind.FIXED):
        lift, error = answer.relative_lift, _standard_error(answer)
        if lift is not None and error is not None and abs(lift.estimate) <= MOST_LIFT:
            return lift.estimate, error
    return None, None


def _standard_error(answer: AnswerRecord) -> float | None:
    lift = answer.relative_lift
    if lift is None or lift.low is None or lift.high is None or not lift.low < lift.high:
        return None
    error = (lift.high - lift.low) / (2 * NormalDist().inv_cdf((1 + answer.confidence_level) / 2))
    return error if LEAST_ERROR <= error <= MOST_LIFT else None
