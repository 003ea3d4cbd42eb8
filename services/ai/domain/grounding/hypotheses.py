"""R7: drafted hypotheses are held to the pack: one intervention, a metric, a way, and no invented size."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.checking import ALL_RULES, check_claims
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.reading import Reader
from services.ai.domain.grounding.rules.engine_view import DIRECTED
from services.ai.domain.grounding.rules.markup import SEVERAL_SENTENCES, markup
from services.ai.domain.grounding.rules.numbers import number
from services.ai.domain.grounding.rules.rationale import rationale
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.grounding.untrusted import is_suspicious

MOST_HYPOTHESES: Final = 7
_SEVERAL: Final = re.compile(
    r";|\balso\b|\bas well as\b|\bplus\b|\balong with\b|\band then\b"
    r"|(?:\band|,)\s+(?:add|change|cut|drop|hide|increase|lower|make|merge|move|offer|raise|redesign|reduce|remove|rename|roll|launch|ship|deploy|approve"
    r"|replace|rewrite|send|shorten|show|simplify|split|swap|switch|test|use)\b",
    re.IGNORECASE,
)
_STATES: Final = re.compile(
    r"\s*(?:the|a|an|this|that|these|those|there|it|its|all|users|we|our|most|note)\b", re.IGNORECASE
)
_RESULTS: Final = lexicon.words(
    """significant significantly significance proven proof conclusive conclusively established evidence confirmed winner
    guaranteed undoubtedly p-value verdict"""
)


@dataclass(frozen=True, slots=True)
class HypothesisDraft:
    """Is a hypothesis as it is drafted: if the intervention, then the metric moves that way, because of the claims.

    Attributes:
        intervention: What is done, in one sentence.
        metric: Alias of the metric that decides.
        direction: INCREASE or DECREASE.
        evidence_ids: What it rests on; empty only where it is `ungrounded`.
        because: What the evidence says.
        rationale: The mechanism that is supposed; shown as not verified.
        expected_low: Least relative lift that is expected, as a size from 0; None: none is expected.
        expected_high: The most.
        ungrounded: Whether no evidence bears it: an idea, never promoted by itself.
    """

    intervention: str
    metric: str
    direction: Relation
    evidence_ids: tuple[str, ...] = ()
    because: tuple[Claim, ...] = ()
    rationale: str = ""
    expected_low: float | None = None
    expected_high: float | None = None
    ungrounded: bool = False


def check_hypotheses(
    drafts: Sequence[HypothesisDraft], pack: EvidencePack, *, rules: Collection[RuleId] = ALL_RULES
) -> tuple[tuple[HypothesisDraft, ...], tuple[Violation, ...]]:
    """Returns the drafts that may stand, and what was wrong with all of them.

    Claims that the pack does not bear are dropped from a draft, and so is a rationale that claims results; a draft of
    which no claim is left becomes an `ungrounded` idea.
    """
    reader, kept, found = Reader(pack), list[HypothesisDraft](), list[Violation]()
    for index, draft in enumerate(drafts):
        path = f"hypotheses[{index}]"
        fatal = [*_draft_violations(draft, pack, reader)] if RuleId.HYPOTHESIS in rules else []
        fatal += [_too_many()] if index >= MOST_HYPOTHESES else []
        because, claim_violations = check_claims(draft.because, f"{path}.because", pack, reader=reader, rules=rules)
        story = [*_story(draft, pack, reader)] if RuleId.RATIONALE in rules else []
        found += [replace(one, path=f"{path}.{one.path}") for one in (*fatal, *story)]
        found += claim_violations
        kept += [] if fatal else [_left(draft, because, keeps_story=not story)]
    return tuple(kept), tuple(found)


def _left(draft: HypothesisDraft, because: tuple[Claim, ...], *, keeps_story: bool) -> HypothesisDraft:
    return replace(
        draft,
        because=because,
        rationale=draft.rationale if keeps_story else "",
        ungrounded=draft.ungrounded or not because,
    )


def _draft_violations(draft: HypothesisDraft, pack: EvidencePack, reader: Reader) -> Iterator[Violation]:
    metrics = tuple(metric.alias for metric in pack.metrics)
    if draft.metric not in metrics:
        yield _broken("metric", draft.metric, *metrics)
    if draft.direction not in DIRECTED:
        yield _broken("direction", draft.direction, *sorted(DIRECTED))
    if not draft.ungrounded and not draft.evidence_ids:
        yield _broken("evidence_ids", "none", "at least one, or an ungrounded idea")
    for one in draft.evidence_ids:
        if one not in pack.fact_by_id:
            yield Violation("evidence_ids", RuleId.MEMBERSHIP, one, tuple(pack.fact_by_id))
    yield from _intervention(draft, pack, reader)
    yield from _expected(draft, pack)


def _intervention(draft: HypothesisDraft, pack: EvidencePack, reader: Reader) -> Iterator[Violation]:
    for one in _written(draft.intervention, pack, reader):
        yield replace(one, path="intervention")
    for token in reader.read(draft.intervention).words(_RESULTS):
        yield _broken("intervention", token.text, "what is done")
    if _STATES.match(draft.intervention):
        yield _broken("intervention", "says what is", "what is done")
    if is_suspicious(reader.read(draft.intervention).outside_slots):
        yield _broken("intervention", "reads like instructions to a model", "what is done")
    if found := _SEVERAL.search(draft.intervention):
        yield _broken("intervention", found[0].strip(), "one intervention")


def _story(draft: HypothesisDraft, pack: EvidencePack, reader: Reader) -> Iterator[Violation]:
    """Yields what a rationale may not hold; it may have several sentences, and be left out."""
    if not draft.rationale:
        return
    yield from rationale(reader.read(draft.rationale))
    for one in _written(draft.rationale, pack, reader):
        if one.got != SEVERAL_SENTENCES:
            yield replace(one, path="rationale")
    if is_suspicious(reader.read(draft.rationale).outside_slots):
        yield Violation("rationale", RuleId.RATIONALE, "reads like instructions to a model")


def _written(text: str, pack: EvidencePack, reader: Reader) -> Iterator[Violation]:
    """Yields figures and markup; number words may be part of what is done: a form in two steps."""
    holder, reading = Claim(ClaimKind.HISTORY, (), text), reader.read(text)
    yield from (one for one in number(holder, reading, pack) if not one.got.isalpha())
    yield from markup(holder, reading, pack)


def _expected(draft: HypothesisDraft, pack: EvidencePack) -> Iterator[Violation]:
    low, high = draft.expected_low, draft.expected_high
    if low is None and high is None:
        return
    top = max(
        (one.value for one in pack.facts if (one.kind, one.metric) == (FactKind.BAND_HIGH, draft.metric)), default=0
    )
    if low is None or high is None or not 0 <= low <= high <= top:
        yield _broken("expected", f"{low} to {high}", "none", f"0 to {top}" if top else "none")


def _too_many() -> Violation:
    return _broken("", "one too many", f"at most {MOST_HYPOTHESES}")


def _broken(path: str, got: str, *allowed: str) -> Violation:
    return Violation(path, RuleId.HYPOTHESIS, got, allowed)
