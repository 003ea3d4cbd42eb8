"""Takes up differences between segments that are more than noise: of a change's effect, or of the metric as it is."""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.model import Draft, EffectDirection, Kin, Kinship
from services.ai.domain.hypotheses.segments import ALPHA, SegmentGap, gaps, two_sided
from services.ai.domain.hypotheses.wanted import wanted_direction
from shared.statistics.fixed.multiplicity import Procedure, adjusted


class Interaction(NamedTuple):
    """Is one change in two segments: the better, the worse, and the p-value that its effects are the same."""

    better: Trial
    worse: Trial
    p_value: float


def serve_better_segment(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a change for the segment where it did good, if it did less in another."""
    for one in interactions(knowledge):
        measured = knowledge.history.kinsman(one.better.row, 1.0)
        if (
            one.p_value > ALPHA
            or measured is None
            or measured.lift <= 0
            or not may_decide(knowledge, one.better.metric)
        ):
            continue
        yield draft(
            knowledge,
            f"Serve the change of {{{{{one.better.experiment}}}}} to {{{{{one.better.segment}}}}} alone",
            one.better.metric,
            (because.result(knowledge, one.better), because.result(knowledge, one.worse)),
            rationale="The segments respond to the change in different ways.",
            segment=one.better.segment,
            builds_on=(Kin(one.better.experiment, Kinship.SAME),),
        )


def tailor_to_lagging_segment(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a change for the segment of each metric that is furthest behind the others."""
    behind = [gap for gap in gaps(tuple(knowledge.metric_by_alias.values())) if _is_behind(gap)]
    for metric, profile in knowledge.metric_by_alias.items():
        own = [gap for gap in behind if gap.metric is profile]
        if own and may_decide(knowledge, metric):
            segment = knowledge.alias_of_segment[max(own, key=lambda gap: abs(gap.difference)).segment.segment]
            yield draft(
                knowledge,
                f"Tailor the first screen to {{{{{segment}}}}}",
                metric,
                (because.segment_gap(knowledge, metric, segment),),
                rationale="The first screen was made for the rest, and these units meet it in other conditions.",
                segment=segment,
            )


def _is_behind(gap: SegmentGap) -> bool:
    wrong = (gap.difference < 0) is (wanted_direction(gap.metric) is EffectDirection.INCREASE)
    return wrong and gap.p_value <= ALPHA and gap.relative is not None


def interactions(knowledge: Knowledge) -> tuple[Interaction, ...]:
    """Returns each change that was measured in two segments, with z-tests adjusted as one family."""
    pairs = [pair for pair in combinations(knowledge.trials, 2) if _compares(knowledge, *pair)]
    found = [_tested(knowledge, *pair) for pair in pairs]
    p_values = adjusted([one.p_value for one in found], Procedure.BENJAMINI_HOCHBERG) if found else ()
    return tuple(one._replace(p_value=float(p_value)) for one, p_value in zip(found, p_values, strict=True))


def _compares(knowledge: Knowledge, one: Trial, other: Trial) -> bool:
    apart = one.segment and other.segment and one.segment != other.segment and one.metric == other.metric
    measured = all(knowledge.history.kinsman(trial.row, 1.0) for trial in (one, other))
    return bool(apart) and measured and knowledge.are_alike(one.row.intervention, other.row.intervention)


def _tested(knowledge: Knowledge, one: Trial, other: Trial) -> Interaction:
    first, second = (knowledge.history.kinsman(trial.row, 1.0) for trial in (one, other))
    if first is None or second is None:
        return Interaction(one, other, math.nan)
    error = math.hypot(first.standard_error, second.standard_error)
    p_value = two_sided((first.lift - second.lift) / error)
    return Interaction(one, other, p_value) if first.lift >= second.lift else Interaction(other, one, p_value)
