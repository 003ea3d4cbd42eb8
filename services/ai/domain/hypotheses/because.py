"""What bears a draft, as claims: each has one sentence, and the engine's own relation, valence and certainty."""

from dataclasses import replace

from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rules.engine_view import ceiling, relations, valence_of
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.metrics import PastOutcome
from shared.definition.model import MetricDirection


def result(knowledge: Knowledge, trial: Trial) -> Claim:
    """Returns what came of a past experiment."""
    metric, subject = trial.metric, trial.experiment
    told, size, count = (
        knowledge.evidence(kind, metric=metric, subject=subject)
        for kind in (FactKind.PAST_LIFT, FactKind.PAST_LIFT_SIZE, FactKind.PAST_EXPERIMENTS)
    )
    verb, by = "found no detectable change in", ""
    if trial.row.outcome is not PastOutcome.INCONCLUSIVE:
        verb, by = ("raised" if _rose(knowledge, trial) else "lowered"), (f" by {{{{{size}}}}}" if size else "")
    text = f"{{{{{subject}}}}} {verb} {{{{{metric}}}}}{by}."
    evidence = tuple(one for one in (told, size, count) if one)
    return _graded(knowledge, Claim(ClaimKind.HISTORY, evidence, text, metric=metric, subject=subject))


def trend(knowledge: Knowledge, metric: str) -> Claim | None:
    """Returns that a metric moves the way that is not wanted; None: it does not, or nobody knows."""
    profile = knowledge.metric_by_alias[metric]
    told = knowledge.evidence(FactKind.TREND, metric=metric)
    if profile.trend is None or not told or profile.trend == 0:
        return None
    fell = profile.trend < 0
    if fell is not (profile.direction is MetricDirection.MAXIMIZE):
        return None
    size = knowledge.evidence(FactKind.TREND_SIZE, metric=metric)
    text = f"{{{{{metric}}}}} {'fell' if fell else 'rose'} by {{{{{size}}}}} over the last weeks."
    return _graded(knowledge, Claim(ClaimKind.HISTORY, (told, size), text, metric=metric))


def segment_gap(knowledge: Knowledge, metric: str, segment: str) -> Claim:
    """Returns how a segment stands to the others."""
    told = knowledge.evidence(FactKind.SEGMENT_GAP, metric=metric, subject=segment)
    size = knowledge.evidence(FactKind.SEGMENT_GAP_SIZE, metric=metric, subject=segment)
    lower = knowledge.pack.fact_by_id[told].value < 0
    word = "lower" if lower else "higher"
    text = f"{{{{{metric}}}}} is {word} in {{{{{segment}}}}} than in the rest, by {{{{{size}}}}}."
    return _graded(knowledge, Claim(ClaimKind.HISTORY, (told, size), text, metric=metric, subject=segment))


def funnel_gap(knowledge: Knowledge, metric: str) -> Claim:
    """Returns how the funnel's step to a metric stands to its other steps."""
    told = knowledge.evidence(FactKind.FUNNEL_GAP, metric=metric)
    size = knowledge.evidence(FactKind.FUNNEL_GAP_SIZE, metric=metric)
    text = f"At {{{{{metric}}}}} the funnel is lower than at the other steps, by {{{{{size}}}}}."
    return _graded(knowledge, Claim(ClaimKind.HISTORY, (told, size), text, metric=metric))


def past_count(knowledge: Knowledge, metric: str) -> Claim:
    """Returns how many experiments a metric had."""
    told = knowledge.evidence(FactKind.PAST_EXPERIMENTS, metric=metric)
    text = f"Past experiments on {{{{{metric}}}}}: {{{{{told}}}}}."
    return Claim(ClaimKind.HISTORY, (told,), text, metric=metric)


def _rose(knowledge: Knowledge, trial: Trial) -> bool:
    maximize = knowledge.metric_by_alias[trial.metric].direction is MetricDirection.MAXIMIZE
    return maximize is (trial.row.outcome is PastOutcome.WON)


def _graded(knowledge: Knowledge, claim: Claim) -> Claim:
    """Returns the claim with what the engine bears: its relation, what that is worth, and the most certainty."""
    borne = relations(claim, knowledge.pack) - {Relation.STATED}
    relation = next(iter(borne)) if len(borne) == 1 else Relation.STATED
    graded = replace(claim, relation=relation, valence=valence_of(relation, claim.metric, knowledge.pack))
    return replace(graded, certainty=ceiling(graded, knowledge.pack))
