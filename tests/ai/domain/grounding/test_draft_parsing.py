"""A provider's JSON becomes drafts and the choice of a design; what has another shape is left out and reported."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.domain.grounding.claims import Answer, Relation
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.draft_parsing import parse_design, parse_hypotheses
from services.ai.domain.grounding.hypotheses import check_hypotheses
from services.ai.domain.grounding.parsing import MOST_CLAIMS
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.drafts import planning_pack
from tests.ai.domain.grounding.test_parsing import ROW

DRAFT = {
    "intervention": "Show the delivery date",
    "metric": "M1",
    "direction": "increase",
    "evidence_ids": ["E1", "E1"],
    "because": [ROW],
    "rationale": "It is hard to find.",
    "expected_low": 0,
    "expected_high": 0.05,
    "ungrounded": False,
}
DESIGN = {"option_id": "D1", "primary_metric": "M1", "guardrail_metrics": ["M2"], "reasons": [ROW], "risks": []}


def test_hypotheses_when_they_have_the_shape_then_are_read_whole() -> None:
    drafts, found = parse_hypotheses({"hypotheses": [DRAFT]})

    assert not found
    assert (drafts[0].intervention, drafts[0].metric) == ("Show the delivery date", "M1")
    assert drafts[0].direction is Relation.INCREASE
    assert drafts[0].evidence_ids == ("E1",)
    assert [claim.text for claim in drafts[0].because] == [ROW["text"]]
    assert (drafts[0].expected_low, drafts[0].expected_high) == (0.0, 0.05)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"intervention": ""}, "hypotheses[0].intervention"),
        ({"intervention": "x" * 2001}, "hypotheses[0].intervention"),
        ({"metric": 1}, "hypotheses[0].metric"),
        ({"direction": "stated"}, "hypotheses[0].direction"),
        ({"direction": None}, "hypotheses[0].direction"),
        ({"evidence_ids": "E1"}, "hypotheses[0].evidence_ids"),
        ({"evidence_ids": [1]}, "hypotheses[0].evidence_ids"),
        ({"evidence_ids": ["E1"] * 17}, "hypotheses[0].evidence_ids"),
        ({"rationale": []}, "hypotheses[0].rationale"),
        ({"expected_low": "5 %"}, "hypotheses[0].expected_low"),
        ({"expected_high": float("nan")}, "hypotheses[0].expected_high"),
        ({"expected_high": True}, "hypotheses[0].expected_high"),
        ({"ungrounded": "no"}, "hypotheses[0].ungrounded"),
        ({"confidence": 0.9}, "hypotheses[0].confidence"),
    ],
)
def test_hypothesis_when_a_field_is_not_of_the_shape_then_it_alone_is_left_out(
    change: dict[str, object], path: str
) -> None:
    drafts, found = parse_hypotheses({"hypotheses": [DRAFT | change, DRAFT]})

    assert len(drafts) == 1
    assert [(one.path, one.rule) for one in found] == [(path, RuleId.SHAPE)]


def test_hypothesis_when_a_claim_is_not_of_the_shape_then_the_claim_alone_is_left_out() -> None:
    drafts, found = parse_hypotheses({"hypotheses": [DRAFT | {"because": [ROW | {"kind": "vibes"}, ROW]}]})

    assert [len(draft.because) for draft in drafts] == [1]
    assert [one.path for one in found] == ["hypotheses[0].because[0].kind"]


def test_hypotheses_when_there_are_very_many_then_the_rest_is_not_read() -> None:
    drafts, found = parse_hypotheses({"hypotheses": [DRAFT] * (MOST_CLAIMS + 5)})

    assert len(drafts) == MOST_CLAIMS
    assert len(found) == 1


@pytest.mark.parametrize("document", [None, "prose", [], 7, True])
def test_document_when_it_is_no_object_then_nothing_is_read(document: object) -> None:
    drafts, found = parse_hypotheses(document)
    choice, words, design_found = parse_design(document, evidence_sha256="abc")

    assert (drafts, choice, words) == ((), None, Answer("abc"))
    assert [one.path for one in found] == ["hypotheses"]
    assert [one.path for one in design_found] == ["design", "option_id"]


def test_design_when_it_has_the_shape_then_is_read_whole() -> None:
    choice, words, found = parse_design(DESIGN | {"risks": [ROW]}, evidence_sha256="abc")

    assert not found
    assert choice == DesignChoice("D1", "M1", ("M2",))
    assert (len(words.reasons), len(words.statements), words.evidence_sha256) == (1, 1, "abc")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"option_id": ""}, "option_id"),
        ({"primary_metric": 3}, "primary_metric"),
        ({"guardrail_metrics": "M2"}, "guardrail_metrics"),
    ],
)
def test_design_when_the_choice_is_not_of_the_shape_then_there_is_none(change: dict[str, object], path: str) -> None:
    choice, _, found = parse_design(DESIGN | change, evidence_sha256="")

    assert choice is None
    assert [one.path for one in found] == [path]


def test_design_when_it_has_a_sample_of_its_own_then_that_is_reported() -> None:
    choice, _, found = parse_design(DESIGN | {"sample_size": 100}, evidence_sha256="")

    assert choice is not None
    assert [(one.path, one.got) for one in found] == [("sample_size", "unknown field")]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DRAFT, *DESIGN]), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.dictionaries(st.sampled_from([*DRAFT]), _VALUES))
def test_document_when_it_is_anything_then_is_parsed_and_checked_without_failing(
    whole: object, change: dict[str, object]
) -> None:
    pack = planning_pack()
    for document in (whole, {"hypotheses": [DRAFT | change]}, {"hypotheses": whole}):
        drafts, _ = parse_hypotheses(document)
        kept, _ = check_hypotheses(drafts, pack)
        parse_design(document, evidence_sha256=pack.sha256)

        assert len(kept) <= len(drafts)
        assert json.dumps([draft.metric for draft in kept])
