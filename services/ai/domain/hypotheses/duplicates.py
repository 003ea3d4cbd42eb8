"""Whether a hypothesis is there already: the same metric and direction, the same words as far as they count."""

from collections.abc import Sequence

from services.ai.domain.hypotheses.model import EffectDirection, StoredHypothesis
from services.ai.domain.hypotheses.opposites import are_contrary
from services.ai.domain.hypotheses.similarity import DUPLICATE, Corpus


def duplicate_of(
    intervention: str,
    metric_id: str,
    direction: EffectDirection,
    *,
    stored: Sequence[StoredHypothesis],
    corpus: Corpus,
    segments: Sequence[str] = (),
) -> StoredHypothesis | None:
    """Returns the stored hypothesis that is repeated, the most alike; None: it is new.

    Args:
        intervention: What is done.
        metric_id: Of the metric that decides.
        direction: That is stated.
        stored: Those that are there.
        corpus: How rare words are.
        segments: Names of segments: texts that name different ones are different.
    """
    comparable = [
        one
        for one in stored
        if (one.primary_metric_id, one.expected_direction) == (metric_id, direction)
        and _named(one.intervention, segments) == _named(intervention, segments)
        and not are_contrary(one.intervention, intervention)
    ]
    found = corpus.most_alike(intervention, [one.intervention for one in comparable])
    return comparable[found[0]] if found and found[1] >= DUPLICATE else None


def _named(text: str, segments: Sequence[str]) -> frozenset[str]:
    return frozenset(one for one in segments if one.casefold() in text.casefold())
