"""What the engine says, written as a provider's answer, is read back as it was; what is no JSON is refused."""

import pytest

from services.ai.domain.grounding.claims import Answer, Claim, Recommendation, Relation
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.documents import answer_json, design_json, hypotheses_json, read_document
from services.ai.domain.grounding.draft_parsing import parse_design, parse_hypotheses
from services.ai.domain.grounding.hypotheses import HypothesisDraft
from services.ai.domain.grounding.parsing import parse_answer
from services.ai.evaluation.cases import cases

SAID = [case.said(case.texts[0]) for case in cases()]
CLAIMS = tuple(one for one in SAID if isinstance(one, Claim))
ADVICE = tuple(one for one in SAID if isinstance(one, Recommendation))


def test_answer_when_written_then_is_read_back_as_it_was() -> None:
    answer = Answer("abc", ADVICE[0], CLAIMS[:3], CLAIMS[:40], ADVICE[:2], CLAIMS[3:5])

    assert parse_answer(read_document(answer_json(answer)), evidence_sha256="abc") == (answer, ())


def test_answer_when_it_advises_nothing_then_is_read_back_as_it_was() -> None:
    answer = Answer("abc", statements=CLAIMS[:1])

    assert parse_answer(read_document(answer_json(answer)), evidence_sha256="abc") == (answer, ())


def test_hypotheses_when_written_then_are_read_back_as_they_were() -> None:
    drafts = (
        HypothesisDraft("Show the date", "M1", Relation.INCREASE, ("E1",), CLAIMS[:2], "It is hidden.", 0.0, 0.05),
        HypothesisDraft("Hide the price", "M2", Relation.DECREASE, ungrounded=True),
    )

    assert parse_hypotheses(read_document(hypotheses_json(drafts))) == (drafts, ())


def test_design_when_written_then_is_read_back_as_it_was() -> None:
    choice, words = DesignChoice("D1", "M1", ("M2", "M3")), Answer("abc", reasons=CLAIMS[:2], statements=CLAIMS[2:3])

    read = parse_design(read_document(design_json(choice, words)), evidence_sha256="abc")

    assert read == (choice, words, ())


@pytest.mark.parametrize("text", ["", "All is well.", '{"a":', '{"a":NaN}', '{"a":-Infinity}', "[" * 200_000])
def test_document_when_it_is_no_json_then_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_document(text)
