"""What is true passes whole; what is too sure is lowered; what is not borne is dropped."""

from dataclasses import replace

import pytest

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Answer, Certainty, Claim, Recommendation, Relation
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.cases import cases
from shared.statistics.health.finding import Status

CASES = {case.name: case for case in cases()}
TRUE = [pytest.param(case, text, id=f"{case.name}: {text}") for case in cases() for text in case.texts]


@pytest.mark.parametrize(("case", "text"), TRUE)
def test_claim_when_it_is_true_then_passes(case: Case, text: str) -> None:
    checked = check(case.answer(text), case.pack)

    failed = any(one.status is Status.FAIL for one in case.pack.health)
    rules = {one.rule for one in checked.violations} - ({RuleId.CAVEAT} if failed else set())
    assert not rules
    assert checked.dropped_count == 0


def test_certainty_when_it_is_too_high_then_is_lowered_and_the_claim_kept() -> None:
    case = CASES["suggestive"]
    claim = replace(_claim(case, "<a> increased <m> by <lift_size>."), certainty=Certainty.ESTABLISHED)

    checked = check(Answer(case.pack.sha256, statements=(claim,)), case.pack)

    assert [one.rule for one in checked.violations] == [RuleId.CERTAINTY]
    assert checked.answer.statements[0].certainty is Certainty.SUGGESTIVE
    assert checked.dropped_count == 0


def test_certainty_when_it_is_below_the_ceiling_then_is_not_raised() -> None:
    case = CASES["up_good"]
    claim = replace(_claim(case, "<a> increased <m> by <lift_size>."), certainty=Certainty.SUGGESTIVE)

    checked = check(Answer(case.pack.sha256, statements=(claim,)), case.pack)

    assert not checked.violations
    assert checked.answer.statements[0].certainty is Certainty.SUGGESTIVE


def test_claim_when_the_engine_says_otherwise_then_is_dropped_and_the_rest_kept() -> None:
    case = CASES["up_good"]
    right = _claim(case, "<a> increased <m> by <lift_size>.")
    wrong = replace(right, relation=Relation.DECREASE, text=right.text.replace("increased", "decreased"))

    checked = check(Answer(case.pack.sha256, statements=(wrong, right)), case.pack)

    assert checked.answer.statements == (right,)
    assert {one.rule for one in checked.violations} == {RuleId.RELATION, RuleId.VALENCE}
    assert {one.path for one in checked.violations} == {"statements[0].relation", "statements[0].valence"}
    assert (checked.claim_count, checked.dropped_count) == (2, 1)


def test_answer_when_it_was_made_for_another_pack_then_does_not_stand() -> None:
    case = CASES["up_good"]
    answer = replace(case.answer("<a> increased <m>."), evidence_sha256="0" * 64)

    checked = check(answer, case.pack)

    assert not checked.whole
    assert [one.rule for one in checked.violations] == [RuleId.PACK]


def test_answer_when_a_failed_check_is_not_told_then_does_not_stand() -> None:
    case = CASES["rec_investigate"]

    checked = check(case.answer("Investigate the data first."), case.pack)

    assert not checked.whole
    assert [one.rule for one in checked.violations] == [RuleId.CAVEAT]


def test_advice_when_it_is_bolder_than_the_engine_then_is_dropped() -> None:
    case = CASES["rec_continue"]
    ship = replace(case.answer("Continue."), recommendation=_advice(case, "Ship <a>."))

    checked = check(ship, case.pack)

    assert checked.answer.recommendation is None
    assert RuleId.ACTION in {one.rule for one in checked.violations}


def _claim(case: Case, text: str) -> Claim:
    said = case.said(text)
    assert isinstance(said, Claim)
    return said


def _advice(case: Case, text: str) -> Recommendation:
    said = case.said(text)
    assert isinstance(said, Recommendation)
    return said
