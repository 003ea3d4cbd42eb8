"""An effect in a segment: told as being there, by figures of its own; nothing is said of other parts, or advised."""

from dataclasses import replace

import pytest

from services.ai.domain.analysis.engine import analyze
from services.ai.domain.analysis.evidence import AnalysisEvidence, evidence_of
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.words.answer import answer
from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rules.violation import RuleId
from shared.statistics.health.finding import Check, Status
from tests.ai.domain.analysis.examples import NOW
from tests.ai.domain.analysis.segmented import segmented

EVIDENCE: AnalysisEvidence = evidence_of(analyze(segmented(), AnalysisPlan(sample=PlannedSample(10_000, 0.1)), now=NOW))
OWN = answer(EVIDENCE)
TOLD: Claim = next(claim for claim in OWN.statements if claim.subject)
LIFT = EVIDENCE.find(FactKind.RELATIVE_LIFT_SIZE, metric="M1", arm="V2", subject="S1")
WHOLE = EVIDENCE.find(FactKind.RELATIVE_LIFT_SIZE, metric="M1", arm="V2")
TOTAL = EVIDENCE.find(FactKind.TOTAL_UNITS)


def rules_against(claim: Claim) -> set[RuleId]:
    checked = check(replace(OWN, statements=(*OWN.statements, claim)), EVIDENCE.pack)
    return {one.rule for one in checked.violations}


def said(text: str, *evidence_ids: str) -> Claim:
    """Returns the claim of a rise in the segment, in other words; LIFT stands for its figure."""
    return replace(TOLD, text=text.replace("LIFT", LIFT), evidence_ids=evidence_ids or (LIFT,))


@pytest.mark.parametrize(
    "text",
    [
        "In {{S1}}, {{V2}} increased {{M1}} by {{LIFT}} compared with {{V1}}.",
        "{{V2}} increased {{M1}} by {{LIFT}} in {{S1}}.",
        "{{V2}} increased {{M1}} for the {{S1}} by {{LIFT}}.",
    ],
)
def test_check_when_an_effect_is_told_in_its_segment_then_it_stands(text: str) -> None:
    assert (TOLD.subject, TOLD.metric, TOLD.arm) == ("S1", "M1", "V2")
    assert rules_against(said(text)) == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{{V2}} increased {{M1}} by {{LIFT}}.", RuleId.SCOPE),
        ("In {{S2}}, {{V2}} increased {{M1}} by {{LIFT}}.", RuleId.SCOPE),
        ("In {{S1}} and {{S2}}, {{V2}} increased {{M1}} by {{LIFT}}.", RuleId.SCOPE),
        ("{{V2}} increased {{M1}} by {{LIFT}} only in {{S1}}.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}} except in {{S1}}.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}} without {{S1}}.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}}, not in {{S1}}.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}} in {{S1}} alone.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}} in {{S1}} and elsewhere.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} by {{LIFT}} in {{S1}}, but less in the rest.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} in {{S1}} by {{LIFT}} more than in the others.", RuleId.CONTEXT),
        ("{{V2}} increased {{M1}} mainly in {{S1}}, by {{LIFT}}.", RuleId.CONTEXT),
        ("{{S1}} increased {{M1}} by {{LIFT}} in {{V2}}.", RuleId.CONTEXT),
    ],
)
def test_check_when_more_is_said_than_of_the_segment_then_it_is_dropped(text: str, rule: RuleId) -> None:
    assert rule in rules_against(said(text))


@pytest.mark.parametrize("figure", [WHOLE, TOTAL])
def test_check_when_figures_of_the_whole_are_told_of_a_segment_then_the_claim_is_dropped(figure: str) -> None:
    text = f"In {{{{S1}}}}, {{{{V2}}}} increased {{{{M1}}}} by {{{{{figure}}}}}."

    assert RuleId.CITATION in rules_against(said(text, figure, LIFT))


def test_check_when_figures_of_a_segment_are_told_of_the_whole_then_the_claim_is_dropped() -> None:
    told = said("{{V2}} increased {{M1}} by {{LIFT}}.")

    assert RuleId.CITATION in rules_against(replace(told, subject=""))


def test_check_when_an_effect_is_not_shown_in_a_segment_then_none_is_told_there() -> None:
    lift = EVIDENCE.find(FactKind.RELATIVE_LIFT_SIZE, metric="M1", arm="V2", subject="S2")
    text = f"In {{{{S2}}}}, {{{{V2}}}} increased {{{{M1}}}} by {{{{{lift}}}}}."

    assert RuleId.RELATION in rules_against(replace(said(text, lift), subject="S2"))


@pytest.mark.parametrize("kind", [ClaimKind.HEALTH, ClaimKind.POWER, ClaimKind.ALLOCATION])
def test_check_when_other_things_than_effects_are_told_of_a_segment_then_they_are_dropped(kind: ClaimKind) -> None:
    as_of = EVIDENCE.find(FactKind.AS_OF)
    claim = Claim(kind, (as_of,), f"In {{{{S1}}}}, the data are as of {{{{{as_of}}}}}.", subject="S1")
    if kind is ClaimKind.HEALTH:
        claim = replace(claim, check=Check.FRESHNESS, status=Status.PASS)

    assert RuleId.MEMBERSHIP in rules_against(claim)


def test_check_when_advice_is_on_a_segment_then_it_is_dropped() -> None:
    own = OWN.recommendation
    assert own is not None
    advised = Recommendation(own.verdict, own.evidence_ids, f"{own.text.removesuffix('.')} in {{{{S1}}}}.", own.arm)

    checked = check(replace(OWN, recommendation=advised), EVIDENCE.pack)

    assert RuleId.SCOPE in {one.rule for one in checked.violations}
    assert checked.answer.recommendation is None
