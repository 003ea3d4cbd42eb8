"""Judges one treatment: from evidence, health and the declared rule to a verdict with its reasons.

In this order, so that no regression that is found can make a verdict less conservative:

    1  a health check failed, or the end is reached and nothing can be judged            INVESTIGATE
    2  a guardrail or the primary metric is shown to be worse                            ROLL_BACK
    3  the goal is shown, the guardrails hold, the rule lets it end                      SHIP
    4  the effect is shown not to matter, the rule lets it end                           STOP_INCONCLUSIVE
    5  the planned end is reached                                                        STOP_INCONCLUSIVE
    6  otherwise                                                                         CONTINUE

"Shown" asks for a method that holds now: a fixed look and a posterior only at the planned end, a planned look when it
is due, any-time methods always; and where the weights followed the data, only methods made for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.statistics.decision.case import Case
from shared.statistics.decision.evidence import Treatment
from shared.statistics.decision.reasons import reasons_for
from shared.statistics.decision.rule import DecisionRule, Needed, Progress, needed
from shared.statistics.decision.verdict import Verdict, VerdictReason
from shared.statistics.health.finding import Finding, Status


@dataclass(frozen=True, slots=True)
class TreatmentVerdict:
    """Is the advice on one treatment.

    Attributes:
        reasons: Health, progress, primary metric, guardrails, in that order.
        needed: What is missing to the planned end, where a fuller experiment could change the verdict.
    """

    arm_id: str
    verdict: Verdict
    reasons: tuple[VerdictReason, ...]
    needed: Needed | None


def judge_treatment(
    treatment: Treatment, *, health: Sequence[Finding], rule: DecisionRule, progress: Progress
) -> TreatmentVerdict:
    """Returns the verdict on a treatment; `health` has the findings about the whole experiment."""
    case = Case(treatment, (*health, *treatment.health), rule, progress)
    verdict = _verdict(case)
    open_ended = verdict in (Verdict.CONTINUE, Verdict.STOP_INCONCLUSIVE)
    return TreatmentVerdict(
        treatment.arm_id, verdict, reasons_for(case), needed(rule, progress) if open_ended else None
    )


def _verdict(case: Case) -> Verdict:
    primary_holds = case.primary_doubt is None
    conclusive = primary_holds and case.may_end and not case.too_little_data
    if case.findings(Status.FAIL) or case.cannot_be_judged:
        return Verdict.INVESTIGATE
    if case.regressed(confirmed=True) or (primary_holds and case.looks_worse):
        return Verdict.ROLL_BACK
    if conclusive and case.looks_good and not _ship_is_barred(case):
        return Verdict.SHIP
    if case.ended or (conclusive and case.looks_indifferent):
        return Verdict.STOP_INCONCLUSIVE
    return Verdict.CONTINUE


def _ship_is_barred(case: Case) -> bool:
    return bool(case.sample_ratio_unchecked or case.regressed(confirmed=False) or case.guardrails_missing)
