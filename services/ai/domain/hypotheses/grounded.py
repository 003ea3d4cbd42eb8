"""Between drafts as the grounding validator sees them and drafts as they are completed."""

from collections.abc import Iterator

from services.ai.domain.grounding.claims import Relation
from services.ai.domain.grounding.hypotheses import HypothesisDraft
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Draft, EffectDirection, Kin, Kinship, LiftRange

_RELATIONS = {EffectDirection.INCREASE: Relation.INCREASE, EffectDirection.DECREASE: Relation.DECREASE}
_DIRECTIONS = {relation: direction for direction, relation in _RELATIONS.items()}


def to_grounding(draft: Draft) -> HypothesisDraft:
    """Returns a draft for the validator; a draft without a direction is told as if nothing were measured."""
    sizes = sorted(map(abs, (draft.expected_lift.low, draft.expected_lift.high))) if draft.expected_lift else None
    return HypothesisDraft(
        intervention=draft.intervention,
        metric=draft.metric,
        direction=_RELATIONS[draft.direction] if draft.direction else Relation.STATED,
        evidence_ids=tuple(dict.fromkeys(one for claim in draft.because for one in claim.evidence_ids)),
        because=draft.because,
        rationale=draft.rationale,
        expected_low=sizes[0] if sizes else None,
        expected_high=sizes[1] if sizes else None,
        ungrounded=not draft.because,
    )


def from_grounding(checked: HypothesisDraft, knowledge: Knowledge) -> Draft:
    """Returns what is left of a draft after the validator.

    What it builds on are the past experiments on its metric that its claims are about. Nobody but code says that it
    repeats one of them: it does where their interventions are alike, and is a variation elsewhere.
    """
    direction = _DIRECTIONS.get(checked.direction)
    return Draft(
        intervention=checked.intervention,
        metric=checked.metric,
        direction=direction,
        because=checked.because,
        rationale=checked.rationale,
        builds_on=tuple(_kin(checked, knowledge)),
        expected_lift=_range(checked, direction),
    )


def _kin(checked: HypothesisDraft, knowledge: Knowledge) -> Iterator[Kin]:
    told = dict.fromkeys(claim.subject for claim in checked.because if claim.metric == checked.metric)
    for trial in knowledge.trials:
        if trial.metric == checked.metric and trial.experiment in told:
            alike = knowledge.are_alike(checked.intervention, trial.row.intervention)
            yield Kin(trial.experiment, Kinship.SAME if alike else Kinship.VARIATION)


def _range(checked: HypothesisDraft, direction: EffectDirection | None) -> LiftRange | None:
    low, high = checked.expected_low, checked.expected_high
    if low is None or high is None:
        return None
    return LiftRange(-high, -low) if direction is EffectDirection.DECREASE else LiftRange(low, high)
