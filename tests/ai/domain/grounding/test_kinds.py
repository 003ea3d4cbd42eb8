"""Kinds of claims beside the effect of one arm against the control: what each may say, and what it may not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.ai.domain.grounding.checking import check_claims
from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind, Relation, Valence
from services.ai.domain.grounding.evidence import (
    ArmRef,
    ComparisonStatus,
    EngineVerdict,
    EvidencePack,
    Fact,
    HealthVerdict,
    MetricRef,
    SubjectRef,
)
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.grounding.rules.violation import RuleId
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.health.finding import Check, Status

PACK = EvidencePack(
    datetime(2026, 3, 2, tzinfo=UTC),
    metrics=(MetricRef("M1", "signup_rate", MetricDirection.MAXIMIZE, MetricRole.PRIMARY),),
    arms=(ArmRef("V1", "control", control=True), ArmRef("V2", "short-form"), ArmRef("V3", "long-form")),
    subjects=(SubjectRef("S1", "device-mobile"),),
    facts=(
        Fact("E1", FactKind.RELATIVE_LIFT, 0.04, Unit.SHARE, "M1", "V2"),
        Fact("E2", FactKind.RELATIVE_LIFT, 0.09, Unit.SHARE, "M1", "V2", "S1"),
        Fact("E3", FactKind.UNITS, 5000, Unit.UNITS, arm="V2"),
        Fact("E4", FactKind.EXPECTED_LOSS, 0.002, Unit.SHARE, arm="V2"),
        Fact("E5", FactKind.EXPECTED_LOSS, 0.007, Unit.SHARE, arm="V3"),
        Fact("E6", FactKind.HEALTH_FIGURE, 0.012, Unit.SHARE),
        Fact("E7", FactKind.TREND, 0.0, Unit.SHARE, "M1"),
        Fact("E8", FactKind.REQUIRED_UNITS, 4000, Unit.UNITS),
        Fact("E9", FactKind.MDE, 0.05, Unit.SHARE, "M1"),
    ),
    verdicts=(
        EngineVerdict("M1", "V2", "V1", ComparisonStatus.BETTER),
        EngineVerdict("M1", "V2", "V3", ComparisonStatus.WORSE),
        EngineVerdict("M1", "V2", "V1", ComparisonStatus.BETTER, "S1", demoted=True),
    ),
    health=(
        HealthVerdict(Check.SAMPLE_RATIO, Status.PASS),
        HealthVerdict(Check.MULTIPLE_EXPOSURE, Status.WARN),
        HealthVerdict(Check.FRESHNESS, Status.NOT_ESTIMABLE),
        HealthVerdict(Check.SURPRISING_LIFT, Status.WARN, "V2"),
    ),
)
UP = Claim(
    ClaimKind.EFFECT,
    ("E1",),
    "{{V2}} raised {{M1}} by {{E1}}.",
    metric="M1",
    arm="V2",
    relation=Relation.INCREASE,
    valence=Valence.BETTER,
    certainty=Certainty.ESTABLISHED,
)
RIVAL = replace(
    UP,
    kind=ClaimKind.COMPARISON,
    baseline="V3",
    relation=Relation.DECREASE,
    valence=Valence.WORSE,
    text="{{M1}} is lower in {{V2}} than in {{V3}}.",
)
SEGMENT = replace(
    UP,
    subject="S1",
    evidence_ids=("E2",),
    certainty=Certainty.SUGGESTIVE,
    text="In {{S1}}, {{V2}} appears to raise {{M1}} by {{E2}}.",
)
LOSS = Claim(
    ClaimKind.ALLOCATION,
    ("E4",),
    "{{V2}} has the lowest expected loss, {{E4}}.",
    arm="V2",
    relation=Relation.LOWEST,
)
EXPOSED = Claim(
    ClaimKind.HEALTH,
    ("E6",),
    "A share of {{E6}} of the units had several exposures, which is an issue.",
    check=Check.MULTIPLE_EXPOSURE,
    status=Status.WARN,
)
STALE = replace(
    EXPOSED, check=Check.FRESHNESS, status=Status.NOT_ESTIMABLE, text="Whether the data are recent is unknown."
)
ODD = replace(
    EXPOSED,
    evidence_ids=("E1",),
    check=Check.SURPRISING_LIFT,
    metric="M1",
    arm="V2",
    text="The lift of {{M1}} in {{V2}} is surprising.",
)
PLAN = Claim(
    ClaimKind.POWER, ("E8", "E9"), "Each arm takes {{E8}} units to detect a lift of {{E9}} on {{M1}}.", metric="M1"
)
TRUE = {
    "effect": UP,
    "against another arm": RIVAL,
    "in a segment": SEGMENT,
    "lowest loss": LOSS,
    "warning": EXPOSED,
    "unknown": STALE,
    "of one arm": ODD,
    "plan": PLAN,
}


@pytest.mark.parametrize("claim", TRUE.values(), ids=TRUE)
def test_claim_when_it_is_true_then_is_kept(claim: Claim) -> None:
    assert check_claims([claim], "statements", PACK) == ((claim,), ())


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        (replace(UP, text="{{M1}} rose by {{E1}}."), RuleId.SCOPE),
        (replace(UP, baseline="V3"), RuleId.RELATION),
        (replace(UP, arm="V3"), RuleId.CITATION),
        (replace(UP, evidence_ids=("E2",), text="{{V2}} raised {{M1}} by {{E2}}."), RuleId.CITATION),
        (replace(RIVAL, text="{{M1}} is lower in {{V2}} than in the control."), RuleId.SCOPE),
        (replace(RIVAL, text="{{M1}} is lower in {{V3}} than in {{V2}}."), RuleId.SCOPE),
        (replace(SEGMENT, text="{{V2}} appears to raise {{M1}} by {{E2}}."), RuleId.SCOPE),
        (replace(SEGMENT, text="In {{S1}}, {{V2}} clearly raised {{M1}}."), RuleId.ASSURANCE),
        (replace(LOSS, arm="V3", evidence_ids=("E5",), text="{{V3}} has the lowest expected loss."), RuleId.RELATION),
        (replace(LOSS, text="{{V2}} has the lowest share."), RuleId.WORDING),
        (replace(LOSS, relation=Relation.STATED), RuleId.WORDING),
        (replace(EXPOSED, text="There is no issue with several exposures."), RuleId.WORDING),
        (replace(EXPOSED, text="There is an issue with the outcomes."), RuleId.WORDING),
        (replace(EXPOSED, status=Status.PASS), RuleId.MEMBERSHIP),
        (replace(EXPOSED, check=None), RuleId.MEMBERSHIP),
        (replace(STALE, text="The data are fresh."), RuleId.WORDING),
        (replace(STALE, text="The data are stale."), RuleId.WORDING),
        (replace(ODD, arm=""), RuleId.MEMBERSHIP),
        (replace(PLAN, text="Each arm takes {{E9}} units to detect a lift of {{E8}}."), RuleId.ROLE),
        (replace(PLAN, text="Each arm has {{E8}} units."), RuleId.ROLE),
        (replace(PLAN, relation=Relation.SUFFICIENT_DATA, text="The planned sample is reached."), RuleId.RELATION),
        (
            Claim(ClaimKind.HISTORY, ("E7",), "{{M1}} fell of late.", metric="M1", relation=Relation.DECREASE),
            RuleId.RELATION,
        ),
        (replace(UP, kind=ClaimKind.HISTORY), RuleId.CITATION),
    ],
)
def test_claim_when_it_is_not_borne_then_is_dropped_by_the_rule(claim: Claim, rule: RuleId) -> None:
    kept, found = check_claims([claim], "statements", PACK)

    assert not kept
    assert rule in {one.rule for one in found}


def test_certainty_when_the_effect_is_demoted_by_multiplicity_then_is_suggestive() -> None:
    kept, found = check_claims([replace(SEGMENT, certainty=Certainty.ESTABLISHED)], "statements", PACK)

    assert kept == (SEGMENT,)
    assert [one.rule for one in found] == [RuleId.CERTAINTY]


@pytest.mark.parametrize(
    ("health", "certainty"),
    [
        ((HealthVerdict(Check.SAMPLE_RATIO, Status.PASS),), Certainty.ESTABLISHED),
        ((HealthVerdict(Check.SEQUENTIAL_SAMPLE_RATIO, Status.PASS),), Certainty.ESTABLISHED),
        ((HealthVerdict(Check.SAMPLE_RATIO, Status.NOT_ESTIMABLE),), Certainty.SUGGESTIVE),
        ((), Certainty.SUGGESTIVE),
        ((HealthVerdict(Check.SAMPLE_RATIO, Status.FAIL),), Certainty.INCONCLUSIVE),
        (
            (HealthVerdict(Check.SAMPLE_RATIO, Status.PASS), HealthVerdict(Check.EFFECT_DRIFT, Status.FAIL, "V2")),
            Certainty.INCONCLUSIVE,
        ),
        (
            (HealthVerdict(Check.SAMPLE_RATIO, Status.PASS), HealthVerdict(Check.EFFECT_DRIFT, Status.FAIL, "V3")),
            Certainty.ESTABLISHED,
        ),
    ],
)
def test_certainty_when_health_is_less_than_sound_then_has_a_lower_ceiling(
    health: tuple[HealthVerdict, ...], certainty: Certainty
) -> None:
    kept, _ = check_claims([UP], "statements", replace(PACK, health=health))

    assert [one.certainty for one in kept] == [certainty]


@pytest.mark.parametrize(
    ("sample_reached", "any_time_valid", "certainty"),
    [
        (True, False, Certainty.ESTABLISHED),
        (False, True, Certainty.ESTABLISHED),
        (False, False, Certainty.SUGGESTIVE),
    ],
)
def test_certainty_when_the_sample_is_not_there_then_needs_a_method_that_holds_at_any_time(
    *, sample_reached: bool, any_time_valid: bool, certainty: Certainty
) -> None:
    verdict = replace(PACK.verdicts[0], sample_reached=sample_reached, any_time_valid=any_time_valid)

    kept, _ = check_claims([UP], "statements", replace(PACK, verdicts=(verdict,)))

    assert [one.certainty for one in kept] == [certainty]
