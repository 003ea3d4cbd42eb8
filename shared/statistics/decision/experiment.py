"""Judges a whole experiment: one verdict from those on its treatments, and which treatment ships.

A treatment ships when no other is still open, as that one may be better yet. Of several that may ship each is shown to
meet the goal; the one that a best-arm analysis names goes first, else the one with the greatest estimate, and the
verdict says that the data do not tell them apart. Error rates are those of the treatments' intervals: with several
treatments these have to be adjusted for that beforehand (Dunnett, Holm).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import invalid_field
from shared.statistics.decision.evidence import Treatment
from shared.statistics.decision.rule import DecisionRule, Progress
from shared.statistics.decision.treatment import TreatmentVerdict, judge_treatment
from shared.statistics.decision.verdict import ReasonCode, Verdict, VerdictReason
from shared.statistics.health.finding import Finding
from shared.statistics.result.report import Interval


@dataclass(frozen=True, slots=True)
class ExperimentVerdict:
    """Is the advice on an experiment.

    Attributes:
        arm_id: The treatment that ships; empty unless the verdict is SHIP.
        reasons: What is true of the experiment beyond its treatments' own reasons.
        treatments: In the order in which they were given.
    """

    verdict: Verdict
    arm_id: str
    reasons: tuple[VerdictReason, ...]
    treatments: tuple[TreatmentVerdict, ...]


def judge(
    treatments: Sequence[Treatment],
    *,
    health: Sequence[Finding],
    rule: DecisionRule,
    progress: Progress,
    best_arm_id: str = "",
) -> ExperimentVerdict:
    """Returns the verdict on an experiment.

    Args:
        treatments: One or more, without the control.
        health: Findings about the whole experiment.
        rule: As declared before the start.
        progress: How far the experiment has come.
        best_arm_id: The arm that is shown to be best with error control, if one is.

    Raises:
        InvalidArgument: INVALID_FIELD: no treatments, or two with one arm id.
    """
    arm_ids = [treatment.arm_id for treatment in treatments]
    if not arm_ids or len(set(arm_ids)) < len(arm_ids):
        raise invalid_field("treatments", f"{arm_ids}, must be one or more, each once")
    judged = tuple(judge_treatment(one, health=health, rule=rule, progress=progress) for one in treatments)
    verdict = _overall({one.verdict for one in judged})
    candidates = [one for one, found in zip(treatments, judged, strict=True) if found.verdict is Verdict.SHIP]
    if verdict is not Verdict.SHIP:
        return ExperimentVerdict(verdict, "", _left_open(candidates, verdict), judged)
    arm_id, reasons = _choose(candidates, best_arm_id)
    return ExperimentVerdict(verdict, arm_id, reasons, judged)


def _overall(verdicts: set[Verdict]) -> Verdict:
    """Returns the first of these that a treatment has; ROLL_BACK only where all treatments harm."""
    order = (
        Verdict.INVESTIGATE,
        Verdict.CONTINUE,
        Verdict.SHIP,
        Verdict.STOP_INCONCLUSIVE,
        Verdict.ROLL_BACK,
    )
    return next(verdict for verdict in order if verdict in verdicts)


def _left_open(candidates: Sequence[Treatment], verdict: Verdict) -> tuple[VerdictReason, ...]:
    return tuple(
        VerdictReason(
            ReasonCode.OTHER_TREATMENTS_OPEN,
            f"{candidate.arm_id} could ship, were no other treatment at {verdict}",
            subject=candidate.arm_id,
        )
        for candidate in candidates
    )


def _choose(candidates: Sequence[Treatment], best_arm_id: str) -> tuple[str, tuple[VerdictReason, ...]]:
    effects = {one.arm_id: one.primary.effect for one in candidates}
    estimates = {arm_id: effect.estimate for arm_id, effect in effects.items() if isinstance(effect, Interval)}
    if best_arm_id in estimates:
        text = f"{best_arm_id} is shown to be the best arm"
        return best_arm_id, (VerdictReason(ReasonCode.BEST_TREATMENT_SHOWN, text, subject=best_arm_id),)
    # Equal estimates go by arm id, so that the order of the treatments has no say.
    chosen = max(sorted(estimates), key=estimates.__getitem__)
    if len(estimates) == 1:
        return chosen, ()
    text = f"{', '.join(sorted(estimates))} all meet the goal; the data do not tell which is best, {chosen} looks so"
    return chosen, (VerdictReason(ReasonCode.CANDIDATES_NOT_TOLD_APART, text, estimates, chosen),)
