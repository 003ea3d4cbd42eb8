"""The rules on what is measured, foretold and borne: each yields what is wrong with a draft, and says how to mend it.

The flaws are the seven that LaunchDarkly's hypothesis builder looks for, with magnitudes that nobody measured and tests
of a thing against itself besides.
"""

from collections.abc import Iterator

from services.ai.domain.grounding.evidence import MetricRef
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting.findings import Flaw, LintFinding
from services.ai.domain.hypotheses.linting.lexicon import MAGNITUDE, NEITHER_WAY, OUTCOMES
from services.ai.domain.hypotheses.model import Draft, EffectDirection, LiftRange
from services.ai.domain.hypotheses.naming import id_tokens, name_tokens
from services.ai.domain.hypotheses.similarity import tokens
from services.ai.domain.hypotheses.wanted import wanted_direction
from shared.definition.model import MetricRole
from shared.statistics.design.severity import Severity

_ROUNDING = 1e-9


def metric(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields a metric that is not given, cannot decide, or of which nothing is known."""
    ref = knowledge.pack.metric(draft.metric)
    if ref is None:
        allowed = ", ".join(one.alias for one in knowledge.pack.metrics)
        yield _finding(
            Flaw.NO_MEASURABLE_METRIC, "metric", f"{draft.metric!r} is none of the metrics", f"use {allowed}"
        )
    elif ref.role is MetricRole.GUARDRAIL:
        yield _finding(
            Flaw.NO_MEASURABLE_METRIC, "metric", "a guardrail decides nothing", "name a metric that is to be moved"
        )
    elif not knowledge.is_plannable(draft.metric):
        yield LintFinding(
            Flaw.NOT_FALSIFIABLE,
            "metric",
            Severity.WARNING,
            "without its baseline and spread nobody can say how many units would refute it",
            "measure the baseline",
        )


def direction(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields a direction that is missing, open to both sides, or not the one that is wanted of the metric."""
    if draft.direction is None:
        yield _finding(Flaw.NOT_FALSIFIABLE, "direction", "no direction is stated", "say INCREASE or DECREASE")
    for field in ("intervention", "rationale"):
        if found := NEITHER_WAY.search(getattr(draft, field)):
            yield _finding(
                Flaw.NOT_FALSIFIABLE, field, f"{found[0]!r} fits whatever happens", "say which way, and leave this out"
            )
    profile = knowledge.metric_by_alias.get(draft.metric)
    if profile is not None and draft.direction is not None and draft.direction is not wanted_direction(profile):
        yield _finding(
            Flaw.OUTCOME_MISMATCH,
            "direction",
            f"{draft.direction} is not what is wanted of this metric",
            f"foretell {wanted_direction(profile)}, or name the metric that is meant",
        )


def outcome(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields texts that foretell a move of another metric than the one that decides."""
    for field in ("intervention", "rationale"):
        text = getattr(draft, field)
        named = [ref.alias for ref in knowledge.pack.metrics if _is_named(ref, text)]
        if named and draft.metric not in named and OUTCOMES.search(text):
            yield LintFinding(
                Flaw.OUTCOME_MISMATCH,
                field,
                Severity.WARNING,
                f"speaks of {', '.join(named)}, and {draft.metric} decides",
                "let the metric decide that the change is meant to move",
            )


def mechanism(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields the lack of a reason why it should work, and one that only repeats what is hoped for."""
    told = set(tokens(draft.rationale)) - {word for word in tokens(draft.rationale) if OUTCOMES.fullmatch(word)}
    ref = knowledge.pack.metric(draft.metric)
    known = set(tokens(draft.intervention)) | (set(name_tokens(ref)) if ref else set())
    if not told and not draft.because:
        yield LintFinding(
            Flaw.MISSING_MECHANISM,
            "rationale",
            Severity.WARNING,
            "nothing says why it should work",
            "say by what means",
        )
    elif draft.rationale and not told - known:
        yield LintFinding(
            Flaw.MISSING_MECHANISM,
            "rationale",
            Severity.WARNING,
            "it repeats the change and the hope, and gives no reason",
            "say by what means the change moves the metric",
        )


def grounds(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields claims that cite nothing that is there, and a draft that none bears."""
    for place, claim in enumerate(draft.because):
        if unknown := [one for one in claim.evidence_ids if one not in knowledge.pack.fact_by_id]:
            yield _finding(
                Flaw.UNGROUNDED, f"because[{place}]", f"there is no {', '.join(unknown)}", "cite evidence that is given"
            )
    unknown_kin = [one.experiment for one in draft.builds_on if one.experiment not in knowledge.pack.ref_by_alias]
    if unknown_kin:
        yield _finding(
            Flaw.UNGROUNDED,
            "builds_on",
            f"there is no {', '.join(unknown_kin)}",
            "name past experiments that are given",
        )
    if not any(claim.evidence_ids for claim in draft.because):
        yield LintFinding(
            Flaw.UNGROUNDED, "because", Severity.WARNING, "no evidence bears it", "cite evidence, or keep it as an idea"
        )


def magnitude(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields magnitudes in words, and an expected lift that is not inside what was seen before."""
    for field in ("intervention", "rationale"):
        if found := MAGNITUDE.search(getattr(draft, field)):
            yield _finding(
                Flaw.INVENTED_MAGNITUDE, field, f"{found[0].strip()!r} was measured nowhere", "leave magnitudes to code"
            )
    if draft.expected_lift is None:
        return
    band = knowledge.band(draft.metric)
    if band is None:
        yield _finding(
            Flaw.INVENTED_MAGNITUDE,
            "expected_lift",
            "too few past effects are known to expect any magnitude",
            "leave it out",
        )
    elif not _is_inside(draft.expected_lift, band, draft.direction):
        yield _finding(
            Flaw.INVENTED_MAGNITUDE,
            "expected_lift",
            f"from {draft.expected_lift.low:.3g} to {draft.expected_lift.high:.3g} is not inside what was seen before",
            f"stay within sizes from {band.low:.3g} to {band.high:.3g}, in the stated direction",
        )


def _is_inside(lift: LiftRange, band: LiftRange, stated: EffectDirection | None) -> bool:
    low, high = (-lift.high, -lift.low) if stated is EffectDirection.DECREASE else (lift.low, lift.high)
    slack = _ROUNDING * max(band.high, 1.0)
    return band.low - slack <= low <= high <= band.high + slack


def _is_named(ref: MetricRef, text: str) -> bool:
    said = f" {' '.join(tokens(text))} "
    names = (tokens(ref.display_name), id_tokens(ref))
    return f"{{{{{ref.alias}}}}}" in text or any(words and f" {' '.join(words)} " in said for words in names)


def _finding(flaw: Flaw, field: str, message: str, fix: str) -> LintFinding:
    return LintFinding(flaw, field, Severity.ERROR, message, fix)
