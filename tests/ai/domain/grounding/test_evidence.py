"""Evidence packs: what they take, and that equal packs have equal digests."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.ai.domain.grounding.evidence import ArmRef, EngineVerdict, EvidencePack, Fact
from services.ai.domain.grounding.evidence import ComparisonStatus as Found
from services.ai.domain.grounding.gathering import Gatherer
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.evaluation.cases import cases
from shared.errors import InvalidArgument, Reason

PACK = cases()[0].pack
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


def test_canonical_json_when_packs_are_equal_then_is_equal_and_hashed() -> None:
    again = replace(PACK)

    assert again.canonical_json == PACK.canonical_json
    assert PACK.sha256 == hashlib.sha256(PACK.canonical_json.encode()).hexdigest()
    assert PACK.canonical_json.isascii()
    assert json.loads(PACK.canonical_json)["facts"][0]["evidence_id"] == "E1"


@pytest.mark.parametrize("field", ["as_of", "facts", "verdicts", "health", "metrics", "arms", "decision"])
def test_digest_when_anything_differs_then_differs(field: str) -> None:
    other = datetime(2026, 3, 3, tzinfo=UTC) if field == "as_of" else None if field == "decision" else ()
    bare = replace(PACK, facts=(), verdicts=(), health=(), decision=None)
    pack = PACK if field in ("as_of", "facts", "verdicts", "health", "decision") else bare

    assert replace(pack, **{field: other}).sha256 != pack.sha256  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_fact_when_value_is_not_finite_then_is_refused(value: float) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Fact("E1", FactKind.MEAN, value, Unit.VALUE)

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("field", "alias"), [("evidence_id", "X1"), ("metric", "V1"), ("arm", "E0"), ("subject", "M1")]
)
def test_fact_when_alias_is_of_another_sort_then_is_refused(field: str, alias: str) -> None:
    fact = Fact("E1", FactKind.MEAN, 1, Unit.VALUE)
    with pytest.raises(InvalidArgument) as caught:
        replace(fact, **{field: alias})  # type: ignore[arg-type]

    assert caught.value.violations[0].field == field


def test_pack_when_an_alias_is_used_twice_then_is_refused() -> None:
    fact = Fact("E1", FactKind.DAYS, 7, Unit.DAYS)
    with pytest.raises(InvalidArgument, match="E1: must be used once"):
        EvidencePack(AS_OF, facts=(fact, fact))


def test_pack_when_an_alias_is_not_defined_then_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="V9: not defined"):
        EvidencePack(AS_OF, facts=(Fact("E1", FactKind.UNITS, 7, Unit.UNITS, arm="V9"),))


def test_pack_when_time_has_no_zone_then_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        EvidencePack(AS_OF.replace(tzinfo=None))

    assert caught.value.violations[0].field == "as_of"


def test_verdict_when_no_baseline_is_told_then_is_that_against_the_control() -> None:
    arms = (ArmRef("V1", "control", control=True), ArmRef("V2", "b"), ArmRef("V3", "c"))
    metrics = PACK.metrics[:1]
    against_control = EngineVerdict("M1", "V2", "V1", Found.BETTER)
    against_other = EngineVerdict("M1", "V2", "V3", Found.WORSE)
    pack = EvidencePack(AS_OF, metrics=metrics, arms=arms, verdicts=(against_control, against_other))

    assert pack.verdict_on("M1", "V2") is against_control
    assert pack.verdict_on("M1", "V2", "V3") is against_other
    assert pack.verdict_on("M1", "V3") is None


def test_gatherer_when_a_signed_fact_is_added_then_its_size_follows() -> None:
    facts = Gatherer()
    first = facts.add(FactKind.RELATIVE_LIFT, -0.04, Unit.SHARE, metric="M1", arm="V2")

    assert first == "E1"
    assert facts.facts[1] == Fact("E2", FactKind.RELATIVE_LIFT_SIZE, 0.04, Unit.SHARE, "M1", "V2")
    assert facts.find(FactKind.RELATIVE_LIFT_SIZE, metric="M1", arm="V2") == "E2"
    assert facts.find(FactKind.MEAN) == ""


@pytest.mark.parametrize(("days", "weeks"), [(14, [2.0]), (15, []), (0, [])])
def test_gatherer_when_days_are_whole_weeks_then_weeks_follow(days: int, weeks: list[float]) -> None:
    facts = Gatherer()
    facts.add(FactKind.DAYS, days, Unit.DAYS)

    assert [fact.value for fact in facts.facts if fact.kind is FactKind.WEEKS] == weeks
