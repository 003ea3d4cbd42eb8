"""R1: from a provider's JSON to typed claims; what is not of the shape is left out and reported."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from services.ai.domain.grounding.claims import Answer, Certainty, Claim, ClaimKind, Recommendation, Relation, Valence
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status

_Choice = TypeVar("_Choice", bound=StrEnum)

MOST_CLAIMS: Final = 40
MOST_EVIDENCE: Final = 16
TEXT_LENGTH: Final = 2000
_CLAIM_FIELDS: Final[Mapping[str, type[StrEnum] | None]] = {
    "kind": ClaimKind,
    "metric": None,
    "arm": None,
    "baseline": None,
    "subject": None,
    "relation": Relation,
    "valence": Valence,
    "certainty": Certainty,
    "check": Check,
    "status": Status,
}
_ADVICE_FIELDS: Final[Mapping[str, type[StrEnum] | None]] = {"verdict": Verdict, "arm": None}
_OPTIONAL: Final = frozenset({"metric", "arm", "baseline", "subject", "check", "status"})


class ShapeError(Exception):
    """Is raised for a value that does not have its shape; caught in this file."""

    def __init__(self, field: str, got: object, *allowed: str) -> None:
        super().__init__(field)
        self.violation = Violation(field, RuleId.SHAPE, repr(got)[:120], allowed)


def parse_answer(document: object, *, evidence_sha256: str) -> tuple[Answer, tuple[Violation, ...]]:
    """Returns the answer that a document holds, bound to the pack that it was asked about, and what was left out."""
    if not isinstance(document, Mapping):
        return Answer(evidence_sha256), (ShapeError("answer", document, "an object").violation,)
    found = list[Violation]()
    found += (Violation(str(key)[:120], RuleId.SHAPE, "unknown field", _FIELDS) for key in set(document) - set(_FIELDS))
    advised = (
        _advice_in([document["recommendation"]], "recommendation", found) if document.get("recommendation") else ()
    )
    return Answer(
        evidence_sha256,
        recommendation=advised[0] if advised else None,
        reasons=claims_in(document.get("reasons", ()), "reasons", found),
        statements=claims_in(document.get("statements", ()), "statements", found),
        next_steps=_advice_in(document.get("next_steps", ()), "next_steps", found),
        what_would_change=claims_in(document.get("what_would_change", ()), "what_would_change", found),
    ), tuple(found)


def answer_schema() -> dict[str, object]:
    """Returns the JSON schema of an answer, the same for every pack, so that it can be compiled and cached once."""
    claims, advice = claims_schema(), _schema(_ADVICE_FIELDS)
    properties: dict[str, object] = {
        "recommendation": {"anyOf": [advice, {"type": "null"}]},
        "reasons": claims,
        "statements": claims,
        "next_steps": {"type": "array", "items": advice},
        "what_would_change": claims,
    }
    return {"type": "object", "properties": properties, "required": list(_FIELDS), "additionalProperties": False}


def claims_schema() -> dict[str, object]:
    """Returns the JSON schema of a list of claims."""
    return {"type": "array", "items": _schema(_CLAIM_FIELDS)}


_FIELDS: Final = ("recommendation", "reasons", "statements", "next_steps", "what_would_change")


def claims_in(rows: object, path: str, found: list[Violation]) -> tuple[Claim, ...]:
    """Returns the claims of a list; those that have another shape go into `found`."""
    return tuple(_claim(fields) for fields in _rows(rows, path, _CLAIM_FIELDS, found))


def _advice_in(rows: object, path: str, found: list[Violation]) -> tuple[Recommendation, ...]:
    return tuple(
        Recommendation(_chosen(Verdict, row["verdict"]), _evidence(row), _text(row), _plain(row, "arm"))
        for row in _rows(rows, path, _ADVICE_FIELDS, found)
    )


def _rows(
    rows: object, path: str, fields: Mapping[str, type[StrEnum] | None], found: list[Violation]
) -> Iterator[Mapping[str, object]]:
    """Yields the rows that have the shape; the others go into `found`."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        found.append(ShapeError(path, rows, "a list").violation)
        return
    for index, row in enumerate(rows):
        try:
            yield _checked(row if index < MOST_CLAIMS else f"more than {MOST_CLAIMS}", fields)
        except ShapeError as error:
            wrong = error.violation
            place = f"{path}[{index}]" + (f".{wrong.path}" if wrong.path else "")
            found.append(Violation(place, wrong.rule, wrong.got, wrong.allowed))


def _checked(row: object, fields: Mapping[str, type[StrEnum] | None]) -> Mapping[str, object]:
    if not isinstance(row, Mapping):
        raise ShapeError("", row, "an object")
    for key in set(row) - set(fields) - {"evidence_ids", "text"}:
        raise ShapeError(str(key)[:60], "unknown field", *fields)
    for name, choices in fields.items():
        value = row.get(name)
        if value in (None, "") and name in _OPTIONAL:
            continue
        if not isinstance(value, str):
            raise ShapeError(name, value, "a string")
        if choices and value not in list(choices):
            raise ShapeError(name, value, *choices)
    _evidence(row)
    _text(row)
    return row


def _evidence(row: Mapping[str, object]) -> tuple[str, ...]:
    ids = row.get("evidence_ids")
    if not isinstance(ids, Sequence) or isinstance(ids, str) or not all(isinstance(one, str) for one in ids):
        raise ShapeError("evidence_ids", ids, "a list of ids")
    if not 1 <= len(ids) <= MOST_EVIDENCE:
        raise ShapeError("evidence_ids", len(ids), f"1 to {MOST_EVIDENCE}")
    return tuple(dict.fromkeys(ids))


def _text(row: Mapping[str, object]) -> str:
    text = row.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_LENGTH:
        raise ShapeError("text", text, f"a string of 1 to {TEXT_LENGTH} characters")
    return text


def _claim(row: Mapping[str, object]) -> Claim:
    return Claim(
        _chosen(ClaimKind, row["kind"]),
        _evidence(row),
        _text(row),
        metric=_plain(row, "metric"),
        arm=_plain(row, "arm"),
        baseline=_plain(row, "baseline"),
        subject=_plain(row, "subject"),
        relation=_chosen(Relation, row["relation"]),
        valence=_chosen(Valence, row["valence"]),
        certainty=_chosen(Certainty, row["certainty"]),
        check=_chosen(Check, row["check"]) if row.get("check") else None,
        status=_chosen(Status, row["status"]) if row.get("status") else None,
    )


def _chosen(choices: type[_Choice], value: object) -> _Choice:
    return choices(str(value))


def _plain(row: Mapping[str, object], name: str) -> str:
    return str(row.get(name) or "")


def _schema(fields: Mapping[str, type[StrEnum] | None]) -> dict[str, object]:
    properties: dict[str, object] = {
        name: {"type": "string", "enum": [*choices, *([""] if name in _OPTIONAL else [])]}
        if choices
        else {"type": "string"}
        for name, choices in fields.items()
    }
    properties |= {"evidence_ids": {"type": "array", "items": {"type": "string"}}, "text": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
