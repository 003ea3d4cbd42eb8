"""The sentences that code writes: what should happen, and what would refute it."""

from services.ai.domain.grounding.names import label
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting.lexicon import CHANGES
from services.ai.domain.hypotheses.model import Draft, EffectDirection, RequiredTest
from services.ai.domain.hypotheses.planning import PLAN


def statement(draft: Draft, direction: EffectDirection, knowledge: Knowledge) -> str:
    """Returns what should happen, as if and then."""
    moves = "rise" if direction is EffectDirection.INCREASE else "fall"
    part = f" in {label(knowledge.pack.ref_by_alias[draft.segment])}" if draft.segment else ""
    condition = _condition(knowledge.filled(draft.intervention))
    return f"{condition}, {_metric(draft, knowledge)} will {moves}{part}."


def falsifier(draft: Draft, direction: EffectDirection, test: RequiredTest, knowledge: Knowledge) -> str:
    """Returns what would refute the hypothesis: an interval that leaves out the least lift that matters."""
    move = "rise" if direction is EffectDirection.INCREASE else "fall"
    after = f"after {test.units_per_arm:,} units in each arm" if test.units_per_arm else "at the planned end"
    level = f"{100 * (1 - PLAN.alpha):g} %"
    size = f"{100 * test.relative_mde:.3g} %"
    return (
        f"Refuted if {after} the {level} interval of the lift of {_metric(draft, knowledge)}"
        f" leaves out a {move} of {size} or more."
    )


def _metric(draft: Draft, knowledge: Knowledge) -> str:
    return label(knowledge.pack.ref_by_alias[draft.metric])


def _condition(intervention: str) -> str:
    """Returns a command as a condition: `Shorten it.` as `If we shorten it`, `Blue button` as `With blue button`."""
    text = intervention.strip().rstrip(".")
    first = text.split(maxsplit=1)[0] if text else ""
    begun = text[:1].lower() + text[1:] if first[1:].islower() else text
    return f"If we {begun}" if first.casefold() in CHANGES else f"With {begun}"
