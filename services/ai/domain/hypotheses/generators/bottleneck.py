"""Relieves the step of the given funnel that loses more units than the others do."""

from collections.abc import Iterator

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.funnel import steps
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Draft, EffectDirection
from services.ai.domain.hypotheses.wanted import wanted_direction


def relieve_bottleneck(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a draft for the step that is furthest behind the others; none where no step is."""
    behind = [step for step in steps(tuple(knowledge.metric_by_alias.values())) if step.is_behind]
    if not behind:
        return
    worst = min(behind, key=lambda step: step.gap)
    metric = knowledge.alias_of_metric[worst.after.metric_id]
    if wanted_direction(worst.after) is EffectDirection.INCREASE and may_decide(knowledge, metric):
        yield draft(
            knowledge,
            f"Remove a required input on the way to {{{{{metric}}}}}",
            metric,
            (because.funnel_gap(knowledge, metric),),
            rationale="Each required input is an occasion to leave.",
        )
