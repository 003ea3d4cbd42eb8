"""Words the facts of a case: reasons in the order in which an analysis is told, each with its numbers."""

import math
from collections.abc import Iterator

from shared.statistics.decision.case import Case
from shared.statistics.decision.evidence import Guardrail, Primary, Scale
from shared.statistics.decision.rule import Goal
from shared.statistics.decision.verdict import ReasonCode, VerdictReason
from shared.statistics.health.finding import Status
from shared.statistics.result.method import Validity
from shared.statistics.result.report import Interval, NotEstimable

_DOUBTS = {
    ReasonCode.METHOD_IGNORES_ADAPTATION: "the weights followed the data, which the method does not allow for",
    ReasonCode.LOOKED_TOO_EARLY: "the method holds at its planned look only, which is not now",
    ReasonCode.BEFORE_BURN_IN: "it is too early for the method to hold",
}


def reasons_for(case: Case) -> tuple[VerdictReason, ...]:
    """Returns what speaks for and against: health, progress, the primary metric, guardrails."""
    return (*_health(case), *_progress(case), *_primary(case), *_guardrails(case))


def _health(case: Case) -> Iterator[VerdictReason]:
    for finding in case.findings(Status.FAIL):
        yield VerdictReason(ReasonCode.HEALTH_FAILED, finding.message, finding.numbers, finding.check)
    for finding in case.findings(Status.WARN):
        yield VerdictReason(ReasonCode.HEALTH_WARNED, finding.message, finding.numbers, finding.check)
    if case.sample_ratio_unchecked:
        yield VerdictReason(ReasonCode.SAMPLE_RATIO_UNCHECKED, "no check of the sample ratio has an answer yet")
    if case.too_little_data:
        yield VerdictReason(ReasonCode.TOO_LITTLE_DATA, "there is too little data to say anything")


def _progress(case: Case) -> Iterator[VerdictReason]:
    rule, progress = case.rule, case.progress
    units = {"unit_count": float(progress.unit_count), "planned_unit_count": float(rule.planned_unit_count)}
    days = {"day_count": progress.day_count, "minimum_day_count": float(rule.minimum_day_count)}
    counts = f"{progress.unit_count} of {rule.planned_unit_count} planned units"
    if case.ended:
        text = f"the planned end is reached after {progress.day_count:g} days with {counts}"
        yield VerdictReason(ReasonCode.PLANNED_END_REACHED, text, units | {"day_count": progress.day_count})
    if progress.unit_count < rule.planned_unit_count:
        share = progress.unit_count / rule.planned_unit_count
        yield VerdictReason(ReasonCode.UNDERPOWERED, f"{counts} ({share:.0%}) are there", units | {"share": share})
    if not case.ended and progress.day_count < rule.minimum_day_count:
        text = f"{progress.day_count:g} of at least {rule.minimum_day_count} days are over"
        yield VerdictReason(ReasonCode.MINIMUM_DURATION_NOT_REACHED, text, days)
    if not case.ended and not rule.early_stop:
        yield VerdictReason(ReasonCode.EARLY_STOP_NOT_DECLARED, "the rule declares no end before the planned one")


def _primary(case: Case) -> Iterator[VerdictReason]:
    primary, doubt = case.treatment.primary, case.primary_doubt
    effect = primary.effect
    if isinstance(effect, NotEstimable):
        yield VerdictReason(ReasonCode.PRIMARY_NOT_ESTIMABLE, f"the primary effect is {effect}")
    elif doubt:
        yield VerdictReason(doubt, _DOUBTS[doubt], _ends(effect))
    for text in primary.caution.texts:
        yield VerdictReason(ReasonCode.CAUTIONED, text)
    if isinstance(effect, Interval):
        yield _standing(case, effect)
    if case.looks_indifferent:
        numbers = {} if case.rule.indifference is None else {"indifference": case.rule.indifference}
        yield VerdictReason(ReasonCode.INDIFFERENT, "what difference may be left is too small to matter", numbers)


def _standing(case: Case, effect: Interval) -> VerdictReason:
    """Returns where the interval is; whether that counts now is said by the reason before."""
    primary, numbers = case.treatment.primary, _ends(effect) | {"margin": case.rule.margin}
    bound = "credible bound" if primary.validity is Validity.BAYESIAN else "confidence bound"
    if case.looks_worse:
        high = f"the upper {bound} of its {_noun(primary)} is {_number(effect.high, primary)}"
        return VerdictReason(ReasonCode.PRIMARY_WORSE, f"the primary metric is worse: {high}", numbers)
    superiority = case.rule.goal is Goal.SUPERIORITY
    goal = "above 0" if superiority else f"above the margin, {_number(-case.rule.margin, primary)}"
    found = f"the primary metric's {_noun(primary)} is {_number(effect.estimate, primary)}"
    low = f"its lower {bound}, {_number(effect.low, primary)}"
    if case.looks_good:
        return VerdictReason(ReasonCode.GOAL_MET, f"{found}; {low}, is {goal}", numbers)
    # Were the interval as wide as now, an estimate of this size would meet the goal.
    wanted = effect.estimate - effect.low - case.rule.margin
    numbers |= {"estimate_that_would_do": wanted} if math.isfinite(wanted) else {}
    return VerdictReason(ReasonCode.GOAL_NOT_MET, f"{found}; {low}, is not {goal}", numbers)


def _noun(primary: Primary) -> str:
    if primary.is_lower_better:
        return "relative decrease" if primary.scale is Scale.LIFT else "decrease"
    return "lift" if primary.scale is Scale.LIFT else "difference"


def _number(effect: float, primary: Primary) -> str:
    return f"{100 * effect:+.3g} %" if primary.scale is Scale.LIFT else f"{effect:+.4g}"


def _guardrails(case: Case) -> Iterator[VerdictReason]:
    def about(code: ReasonCode, guardrail: Guardrail, text: str) -> VerdictReason:
        return VerdictReason(code, f"guardrail {guardrail.metric_id} {text}", subject=guardrail.metric_id)

    for guardrail in case.regressed(confirmed=True):
        yield about(ReasonCode.GUARDRAIL_REGRESSED, guardrail, "is worse than the control")
    for guardrail in case.regressed(confirmed=False):
        text = "looks worse than the control, by a method that does not hold now"
        yield about(ReasonCode.GUARDRAIL_REGRESSION_UNCONFIRMED, guardrail, text)
    for guardrail in case.guardrails_missing:
        yield about(ReasonCode.GUARDRAIL_NOT_SHOWN, guardrail, "is not shown to be within its margin")
    for guardrail in case.guardrails_shown:
        yield about(ReasonCode.GUARDRAIL_SHOWN, guardrail, "is shown to be within its margin")


def _ends(effect: Interval) -> dict[str, float]:
    ends = {"estimate": effect.estimate, "low": effect.low, "high": effect.high}
    return {name: number for name, number in ends.items() if math.isfinite(number)}
