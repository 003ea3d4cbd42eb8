"""A provider's JSON becomes typed claims; what has another shape is left out and reported with its path."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Certainty, ClaimKind, Relation, Valence
from services.ai.domain.grounding.parsing import MOST_CLAIMS, answer_schema, parse_answer
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.cases import cases
from shared.statistics.decision.verdict import Verdict

ROW = {
    "kind": "effect",
    "metric": "M1",
    "arm": "V2",
    "baseline": "",
    "subject": "",
    "relation": "increase",
    "valence": "better",
    "certainty": "established",
    "check": "",
    "status": "",
    "evidence_ids": ["E1", "E2", "E1"],
    "text": "{{V2}} raised {{M1}}.",
}
ADVICE = {"verdict": "SHIP", "arm": "V2", "evidence_ids": ["E1"], "text": "Ship {{V2}}."}
PACK = cases()[0].pack


def _document(**fields: object) -> dict[str, object]:
    empty: dict[str, object] = {name: [] for name in ("reasons", "statements", "next_steps", "what_would_change")}
    return {"recommendation": None, **empty, **fields}


def test_document_when_it_has_the_shape_then_is_read_whole() -> None:
    document = _document(recommendation=ADVICE, statements=[ROW], next_steps=[ADVICE])

    answer, found = parse_answer(json.loads(json.dumps(document)), evidence_sha256="abc")

    assert not found
    assert answer.evidence_sha256 == "abc"
    claim = answer.statements[0]
    assert (claim.kind, claim.relation, claim.valence) == (ClaimKind.EFFECT, Relation.INCREASE, Valence.BETTER)
    assert claim.certainty is Certainty.ESTABLISHED
    assert claim.evidence_ids == ("E1", "E2")
    assert claim.check is None
    assert answer.recommendation is not None
    assert answer.recommendation.verdict is Verdict.SHIP
    assert len(answer.next_steps) == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"relation": "soars"}, "statements[0].relation"),
        ({"kind": None}, "statements[0].kind"),
        ({"evidence_ids": []}, "statements[0].evidence_ids"),
        ({"evidence_ids": "E1"}, "statements[0].evidence_ids"),
        ({"evidence_ids": [1]}, "statements[0].evidence_ids"),
        ({"text": ""}, "statements[0].text"),
        ({"text": "x" * 2001}, "statements[0].text"),
        ({"metric": 1}, "statements[0].metric"),
        ({"confidence": 0.9}, "statements[0].confidence"),
        ({"check": "VIBES"}, "statements[0].check"),
    ],
)
def test_claim_when_a_field_is_wrong_then_is_left_out_and_the_field_named(change: dict[str, object], path: str) -> None:
    answer, found = parse_answer(_document(statements=[ROW | change, ROW]), evidence_sha256="")

    assert len(answer.statements) == 1
    assert [(one.rule, one.path) for one in found] == [(RuleId.SHAPE, path)]


@pytest.mark.parametrize("document", [None, "prose", [], 7, True])
def test_document_when_it_is_no_object_then_is_an_empty_answer(document: object) -> None:
    answer, found = parse_answer(document, evidence_sha256="")

    assert not answer.statements
    assert [one.rule for one in found] == [RuleId.SHAPE]


def test_claims_when_there_are_too_many_then_the_rest_is_left_out() -> None:
    answer, found = parse_answer(_document(statements=[ROW] * (MOST_CLAIMS + 2)), evidence_sha256="")

    assert len(answer.statements) == MOST_CLAIMS
    assert len(found) == 2


def test_schema_when_it_is_asked_for_then_admits_what_is_parsed() -> None:
    schema = answer_schema()

    assert set(schema["properties"]) == set(_document())  # type: ignore[call-overload]
    row = schema["properties"]["statements"]["items"]  # type: ignore[index]
    assert set(row["properties"]) == set(ROW) == set(row["required"])
    assert row["additionalProperties"] is False
    assert all(ROW[name] in field["enum"] for name, field in row["properties"].items() if "enum" in field)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_ROWS = st.fixed_dictionaries(
    {
        **{name: st.just(value) | _JSON for name, value in ROW.items() if name not in ("relation", "text")},
        "relation": st.sampled_from([*Relation, "soars"]),
        "text": st.sampled_from(["{{V2}} raised {{M1}}.", "{{V2}} {{E1|pct1}} {{E99}}", "5 %", "{{"])
        | st.text(max_size=60),
    }
)


@given(rows=st.lists(_ROWS, max_size=3), whole=_JSON)
def test_document_when_it_is_anything_then_is_parsed_and_checked_without_failing(
    rows: list[dict[str, object]], whole: object
) -> None:
    for document in (whole, _document(statements=rows), _document(recommendation=rows[0] if rows else whole)):
        answer, _ = parse_answer(document, evidence_sha256=PACK.sha256)

        check(answer, PACK)
