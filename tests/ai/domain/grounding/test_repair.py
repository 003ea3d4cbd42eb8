"""What becomes of a checked answer: published, repaired once, or given up."""

import json
from dataclasses import replace

import pytest

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Answer, Claim, Recommendation
from services.ai.domain.grounding.repair import Outcome, feedback_json, judge
from services.ai.domain.grounding.rules.violation import HIGH_PRECISION, RuleId, Violation
from services.ai.evaluation.cases import cases

CASES = {case.name: case for case in cases()}
EFFECT, ADVICE = CASES["up_good"], CASES["rec_ship"]
PACK = EFFECT.pack


def _claim(text: str) -> Claim:
    said = EFFECT.said(text)
    assert isinstance(said, Claim)
    return said


def _answer(*texts: str, advice: str = "Ship <a>.") -> Answer:
    advised = ADVICE.said(advice)
    assert isinstance(advised, Recommendation)
    return Answer(PACK.sha256, recommendation=advised, statements=tuple(map(_claim, texts)))


GOOD = "<a> raised <m> by <lift_size>."


def test_answer_when_it_is_clean_then_is_published() -> None:
    judged = judge(check(_answer(GOOD), PACK), PACK, repaired=False)

    assert judged.outcome is Outcome.PUBLISH
    assert not judged.feedback


def test_answer_when_a_precise_rule_is_broken_then_is_repaired_once() -> None:
    checked = check(_answer(GOOD, "<a> raised <m> by 5 %."), PACK)

    first, second = judge(checked, PACK, repaired=False), judge(checked, PACK, repaired=True)

    assert first.outcome is Outcome.REPAIR
    assert {one.rule for one in first.feedback} == {RuleId.NUMBER}
    assert second.outcome is Outcome.PUBLISH


def test_answer_when_only_the_wording_is_doubtful_then_is_published_without_it_and_not_repaired() -> None:
    checked = check(_answer(GOOD, "<a> raised <m> marvellously."), PACK)

    judged = judge(checked, PACK, repaired=False)

    assert judged.outcome is Outcome.PUBLISH
    assert [one.text for one in checked.answer.statements] == [_claim(GOOD).text]


@pytest.mark.parametrize(
    "answer",
    [
        _answer(GOOD, *["<a> raised <m> marvellously."] * 3),
        _answer(GOOD, advice="Continue."),
        _answer(),
        replace(_answer(GOOD), evidence_sha256="0" * 64),
    ],
    ids=["little is left", "no advice is left", "nothing is said", "stale"],
)
def test_answer_when_too_little_is_left_then_is_given_up(answer: Answer) -> None:
    assert judge(check(answer, PACK), PACK, repaired=False).outcome is Outcome.ABSTAIN


def test_answer_when_a_failed_check_is_not_told_then_is_given_up() -> None:
    case = CASES["rec_investigate"]
    answer = replace(case.answer("Check the data."), statements=())

    assert judge(check(answer, case.pack), case.pack, repaired=True).outcome is Outcome.ABSTAIN


def test_feedback_when_it_is_written_then_is_clean_ascii_json() -> None:
    text = feedback_json([Violation("statements[0].text", RuleId.NUMBER, "5\u202e\n" + "x" * 999, ("a slot",))])

    row = json.loads(text)[0]
    assert text.isascii()
    assert (row["path"], row["rule"], row["allowed"]) == ("statements[0].text", "R3_NUMBER", ["a slot"])
    assert row["got"].startswith("5 x")
    assert len(row["got"]) == 120


def test_precise_rules_when_listed_then_are_of_the_families_that_may_be_fed_back() -> None:
    assert {rule.value.split("_")[0] for rule in HIGH_PRECISION} == {"R1", "R2", "R3", "R6", "R8"}
