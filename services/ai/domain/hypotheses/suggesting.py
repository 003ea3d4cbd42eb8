"""Suggests hypotheses from given data alone, best first; none where nothing bears any."""

from collections.abc import Iterator

from services.ai.domain.hypotheses.completion import completed
from services.ai.domain.hypotheses.generators import GENERATORS
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Draft, Hypothesis
from services.ai.domain.hypotheses.scoring import chosen


def drafts(knowledge: Knowledge) -> Iterator[tuple[str, Draft]]:
    """Yields what the generators find, each with the name of its generator."""
    for name, generate in GENERATORS.items():
        for draft in generate(knowledge):
            yield name, draft


def suggested(knowledge: Knowledge) -> tuple[Hypothesis, ...]:
    """Returns at most as many hypotheses as the brief wants."""
    found: list[tuple[str, Draft, Hypothesis]] = []
    for name, draft in drafts(knowledge):
        hypothesis = completed(draft, knowledge).hypothesis
        if hypothesis is not None and not any(_repeats(draft, other, knowledge) for _, other, _ in found):
            found.append((name, draft, hypothesis))
    return chosen([(name, hypothesis) for name, _, hypothesis in found], knowledge.brief.max_count)


def _repeats(one: Draft, other: Draft, knowledge: Knowledge) -> bool:
    same_goal = (one.metric, one.direction, one.segment) == (other.metric, other.direction, other.segment)
    return same_goal and knowledge.are_alike(one.intervention, other.intervention)
