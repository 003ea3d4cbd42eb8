"""What an analysis says of a hypothesis that its experiment tests."""

from typing import Final

from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.hypotheses.model import EffectDirection, Hypothesis
from services.ai.domain.hypotheses.states import TestResult
from services.ai.domain.records import AnalysisRecord, ComparisonRecord
from shared.definition.model import MetricDirection
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status

_ENDING: Final = frozenset({Verdict.SHIP, Verdict.ROLL_BACK, Verdict.STOP_INCONCLUSIVE})
"""Decisions that end an experiment: they fall when the plan allows it, so that what is shown then holds."""

_UP, _DOWN = EffectDirection.INCREASE, EffectDirection.DECREASE


def result_of(hypothesis: Hypothesis, analysis: AnalysisRecord, *, stopped: bool) -> TestResult | None:
    """Returns the result; None: the analysis does not speak of the hypothesis's metric.

    Of several treatments the one counts that was shipped, else the one that moved the metric most the expected way.

    Args:
        hypothesis: That is tested.
        analysis: Of its experiment.
        stopped: Whether that has been stopped.
    """
    own = [one for one in analysis.comparisons if one.metric_id == hypothesis.primary_metric_id]
    if not own:
        return None
    shipped = [one for one in own if one.arm_id == analysis.decision.arm_id]
    told = shipped[0] if shipped else max(own, key=lambda one: _moved(one, hypothesis.expected_direction))
    return TestResult(
        shown=_shown(told),
        ended=stopped or analysis.decision.verdict in _ENDING,
        healthy=all(one.status is not Status.FAIL for one in analysis.health),
    )


def _moved(one: ComparisonRecord, expected: EffectDirection) -> float:
    found = one.answer.difference
    if found is None:
        return float("-inf")
    return found.estimate if expected is _UP else -found.estimate


def _shown(one: ComparisonRecord) -> EffectDirection | None:
    good, bad = (_UP, _DOWN) if one.direction is MetricDirection.MAXIMIZE else (_DOWN, _UP)
    return {ComparisonStatus.BETTER: good, ComparisonStatus.WORSE: bad}.get(one.status)
