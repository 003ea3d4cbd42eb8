"""Suggests hypotheses from given data alone, best first; none where nothing bears any."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.completion import completed
from services.ai.domain.hypotheses.generators import GENERATORS
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Draft, Hypothesis
from services.ai.domain.hypotheses.scoring import chosen
from services.ai.domain.metrics import MetricProfile


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Is a hypothesis with the draft that it was completed from; `sort` is its generator, or empty."""

    draft: Draft
    hypothesis: Hypothesis
    sort: str = ""


def drafts(knowledge: Knowledge) -> Iterator[tuple[str, Draft]]:
    """Yields what the generators find, each with the name of its generator."""
    for name, generate in GENERATORS.items():
        for draft in generate(knowledge):
            yield name, draft


def suggested(knowledge: Knowledge) -> tuple[Hypothesis, ...]:
    """Returns at most as many hypotheses as the brief wants."""
    return tuple(one.hypothesis for one in suggestions(knowledge))


def suggestions(knowledge: Knowledge) -> tuple[Suggestion, ...]:
    """Returns the same with their drafts."""
    return best(suggestions_of(drafts(knowledge), knowledge), knowledge.brief)


def suggestions_of(found: Iterable[tuple[str, Draft]], knowledge: Knowledge) -> list[Suggestion]:
    """Returns the drafts that make hypotheses, those left out that say again what one before them says."""
    kept: list[Suggestion] = []
    for sort, draft in found:
        hypothesis = completed(draft, knowledge).hypothesis
        if hypothesis is not None and not any(_repeats(draft, other.draft, knowledge) for other in kept):
            kept.append(Suggestion(draft, hypothesis, sort))
    return kept


def best(found: Sequence[Suggestion], brief: Brief) -> tuple[Suggestion, ...]:
    """Returns as many as the brief wants, by score; new ones on a metric that the goal names come first."""
    aimed = [one for one in found if one.hypothesis.primary_metric_id in _aims(brief)]
    aimed = [one for one in aimed if not one.hypothesis.duplicate_of]
    first = _chosen(aimed, brief.max_count)
    return (*first, *_chosen([one for one in found if one not in aimed], brief.max_count - len(first)))


def _chosen(found: Sequence[Suggestion], count: int) -> tuple[Suggestion, ...]:
    by_hypothesis = {id(one.hypothesis): one for one in found}
    return tuple(by_hypothesis[id(one)] for one in chosen([(one.sort, one.hypothesis) for one in found], count))


def _aims(brief: Brief) -> frozenset[str]:
    return frozenset(metric.metric_id for metric in brief.metrics if _is_named(metric, brief.goal))


def _is_named(metric: MetricProfile, text: str) -> bool:
    """Says whether a text names a metric, by its id, also with spaces in it, or by its display name."""
    names = {metric.metric_id, metric.metric_id.replace("_", " "), metric.display_name}
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names if name.strip())


def _repeats(one: Draft, other: Draft, knowledge: Knowledge) -> bool:
    same_goal = (one.metric, one.direction, one.segment) == (other.metric, other.direction, other.segment)
    return same_goal and knowledge.are_alike(one.intervention, other.intervention)
