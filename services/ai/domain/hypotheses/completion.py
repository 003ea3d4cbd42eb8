"""Completes a draft, whoever made it: everything that can be computed is, and what cannot be tested is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.ai.domain.hypotheses.confidence import REFUTED_PENALTY, UNGROUNDED_PENALTY, confidence, penalty
from services.ai.domain.hypotheses.duplicates import duplicate_of
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.linting.findings import LintFinding
from services.ai.domain.hypotheses.linting.lint import is_acceptable, lint, specificity
from services.ai.domain.hypotheses.model import (
    ConfidencePart,
    Draft,
    EffectDirection,
    Hypothesis,
    HypothesisState,
    Kinship,
    LiftRange,
    StoredHypothesis,
)
from services.ai.domain.hypotheses.planning import required_test
from services.ai.domain.hypotheses.scoring import score
from services.ai.domain.hypotheses.shrinkage import Belief, updated
from services.ai.domain.hypotheses.wanted import wanted_direction
from services.ai.domain.hypotheses.wording import falsifier, statement
from services.ai.domain.metrics import MetricProfile

EXPECTED_COVERAGE: Final = 0.8
"""Of the belief: what lies between is expected."""
CORRELATION: Final = {Kinship.SAME: 1.0, Kinship.VARIATION: 0.5, Kinship.OPPOSITE: -0.5}
"""Between the true effects of a past change and of one that is kin to it: half of what a change does is its own."""

_REFUTED: Final = frozenset({HypothesisState.LOST, HypothesisState.REJECTED})


@dataclass(frozen=True, slots=True)
class Completion:
    """Is what became of a draft; `hypothesis` is None where a finding refuses it."""

    hypothesis: Hypothesis | None
    findings: tuple[LintFinding, ...]


def completed(draft: Draft, knowledge: Knowledge) -> Completion:
    """Returns the hypothesis that a draft makes, or why it makes none."""
    findings = lint(draft, knowledge)
    if draft.direction is None or not is_acceptable(findings):
        return Completion(None, findings)
    return Completion(_hypothesis(draft, draft.direction, specificity(findings), knowledge), findings)


def _hypothesis(draft: Draft, direction: EffectDirection, specific: float, knowledge: Knowledge) -> Hypothesis:
    metric = knowledge.metric_by_alias[draft.metric]
    history = knowledge.history[metric.metric_id]
    kin = list(_kin(draft, knowledge))
    belief = updated(
        history.belief,
        [one for trial, kinship in kin if (one := knowledge.history.kinsman(trial.row, CORRELATION[kinship]))],
    )
    wanted = direction is wanted_direction(metric)
    segment = knowledge.segment(draft.metric, draft.segment)
    test = required_test(metric, direction, traffic=knowledge.brief.traffic, segment=segment)
    repeated = _repeated(draft, metric, direction, knowledge)
    ungrounded = not any(claim.evidence_ids for claim in draft.because)
    return Hypothesis(
        intervention=knowledge.filled(draft.intervention),
        statement=statement(draft, direction, knowledge),
        because=draft.because,
        rationale=draft.rationale,
        primary_metric_id=metric.metric_id,
        expected_direction=direction,
        expected_lift=_expected(belief, history.band, direction, wanted=wanted, informed=bool(kin)),
        falsifier=falsifier(draft, direction, test, knowledge),
        test=test,
        confidence=confidence(
            belief,
            history,
            wanted=wanted,
            direct=any(kinship is Kinship.SAME for _, kinship in kin),
            specificity=specific,
            penalties=tuple(_penalties(repeated, ungrounded=ungrounded)),
            record=knowledge.record,
        ),
        duplicate_of=repeated.hypothesis_id if repeated else "",
        ungrounded=ungrounded,
        score=score(belief, wanted=wanted, win_rate=history.win_rate, relative_mde=test.relative_mde, weeks=test.weeks),
        evidence_sha256=knowledge.pack.sha256,
    )


def _kin(draft: Draft, knowledge: Knowledge) -> Iterator[tuple[Trial, Kinship]]:
    """Yields measured trials on the metric that the draft takes up; SAME only where its words or their name say so."""
    for trial in knowledge.trials:
        declared = [one.kinship for one in draft.builds_on if one.experiment == trial.experiment]
        if not declared or trial.metric != draft.metric or knowledge.history.kinsman(trial.row, 1.0) is None:
            continue
        same = trial.segment == draft.segment and _tells_of(draft.intervention, trial, knowledge)
        yield trial, Kinship.VARIATION if declared[0] is Kinship.SAME and not same else declared[0]


def _tells_of(intervention: str, trial: Trial, knowledge: Knowledge) -> bool:
    named = f"{{{{{trial.experiment}}}}}" in intervention
    return named or knowledge.are_alike(intervention, trial.row.intervention)


def _expected(
    belief: Belief, band: LiftRange | None, direction: EffectDirection, *, wanted: bool, informed: bool
) -> LiftRange | None:
    """Returns the sizes that are expected, as far as they are inside the band; the band itself without kin."""
    if band is None:
        return None
    low, high = band.low, band.high
    if informed:
        least, most = belief.interval(EXPECTED_COVERAGE)
        low, high = max(low, least if wanted else -most), min(high, most if wanted else -least)
    if low > high:
        return None
    return LiftRange(low, high) if direction is EffectDirection.INCREASE else LiftRange(-high, -low)


def _repeated(
    draft: Draft, metric: MetricProfile, direction: EffectDirection, knowledge: Knowledge
) -> StoredHypothesis | None:
    return duplicate_of(
        knowledge.filled(draft.intervention),
        metric.metric_id,
        direction,
        stored=knowledge.brief.stored,
        corpus=knowledge.corpus,
        segments=tuple(knowledge.segment_by_alias.values()),
    )


def _penalties(repeated: StoredHypothesis | None, *, ungrounded: bool) -> Iterator[ConfidencePart]:
    if ungrounded:
        yield penalty("ungrounded", UNGROUNDED_PENALTY, "no evidence bears it")
    if repeated and repeated.state in _REFUTED:
        yield penalty("refuted_before", REFUTED_PENALTY, f"{repeated.hypothesis_id} is {repeated.state.lower()}")
