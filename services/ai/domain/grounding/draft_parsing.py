"""R1 for drafts: from a provider's JSON to hypotheses and a choice of design; what has another shape is left out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.ai.domain.grounding.claims import Answer, Relation
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.hypotheses import HypothesisDraft
from services.ai.domain.grounding.parsing import (
    MOST_CLAIMS,
    MOST_EVIDENCE,
    TEXT_LENGTH,
    ShapeError,
    claims_in,
    claims_schema,
)
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_DIRECTIONS: Final = (Relation.INCREASE, Relation.DECREASE)
_STRING: Final = {"type": "string"}
_STRINGS: Final = {"type": "array", "items": _STRING}
_SIZE: Final = {"anyOf": [{"type": "number"}, {"type": "null"}]}


def parse_hypotheses(document: object) -> tuple[tuple[HypothesisDraft, ...], tuple[Violation, ...]]:
    """Returns the drafts that a document holds, and what was left out."""
    found = list[Violation]()
    rows = _fields(document, "hypotheses", found, "hypotheses").get("hypotheses", ())
    return tuple(_drafts(rows, found)), tuple(found)


def parse_design(
    document: object, *, evidence_sha256: str
) -> tuple[DesignChoice | None, Answer, tuple[Violation, ...]]:
    """Returns the choice that a document holds, its words with the risks as `statements`, and what was left out."""
    found = list[Violation]()
    row = _fields(document, "design", found, *_DESIGN)
    words = Answer(
        evidence_sha256,
        reasons=claims_in(row.get("reasons", ()), "reasons", found),
        statements=claims_in(row.get("risks", ()), "risks", found),
    )
    try:
        choice = DesignChoice(
            _string(row, "option_id", least=1),
            _string(row, "primary_metric"),
            _strings(row, "guardrail_metrics", most=MOST_CLAIMS),
        )
    except ShapeError as error:
        return None, words, (*found, error.violation)
    return choice, words, tuple(found)


def hypotheses_schema() -> dict[str, object]:
    """Returns the JSON schema of drafted hypotheses, the same for every pack."""
    properties: dict[str, object] = {
        "intervention": _STRING,
        "metric": _STRING,
        "direction": {"type": "string", "enum": [one.value for one in _DIRECTIONS]},
        "evidence_ids": _STRINGS,
        "because": claims_schema(),
        "rationale": _STRING,
        "expected_low": _SIZE,
        "expected_high": _SIZE,
        "ungrounded": {"type": "boolean"},
    }
    return _object({"hypotheses": {"type": "array", "items": _object(properties)}})


def design_schema() -> dict[str, object]:
    """Returns the JSON schema of the choice of a design, the same for every pack."""
    claims = claims_schema()
    return _object(
        {
            "option_id": _STRING,
            "primary_metric": _STRING,
            "guardrail_metrics": _STRINGS,
            "reasons": claims,
            "risks": claims,
        }
    )


_DESIGN: Final = ("option_id", "primary_metric", "guardrail_metrics", "reasons", "risks")
_DRAFT: Final = (
    *("intervention", "metric", "direction", "evidence_ids", "because", "rationale"),
    *("expected_low", "expected_high", "ungrounded"),
)


def _object(properties: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _fields(document: object, path: str, found: list[Violation], *known: str) -> Mapping[str, object]:
    """Returns an object's fields; an unknown one goes into `found`, and so does what is no object."""
    if not isinstance(document, Mapping):
        found.append(ShapeError(path, document, "an object").violation)
        return {}
    found += (
        Violation(str(key)[:60], RuleId.SHAPE, "unknown field", known) for key in sorted(set(document) - set(known))
    )
    return document


def _drafts(rows: object, found: list[Violation]) -> Iterator[HypothesisDraft]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        found.append(ShapeError("hypotheses", rows, "a list").violation)
        return
    for index, row in enumerate(rows[: MOST_CLAIMS + 1]):
        path = f"hypotheses[{index}]"
        try:
            yield _draft(row if index < MOST_CLAIMS else f"more than {MOST_CLAIMS}", path, found)
        except ShapeError as error:
            wrong = error.violation
            found.append(Violation(f"{path}.{wrong.path}".rstrip("."), wrong.rule, wrong.got, wrong.allowed))


def _draft(row: object, path: str, found: list[Violation]) -> HypothesisDraft:
    if not isinstance(row, Mapping):
        raise ShapeError("", row, "an object")
    for key in set(row) - set(_DRAFT):
        raise ShapeError(str(key)[:60], "unknown field", *_DRAFT)
    if row.get("direction") not in list(_DIRECTIONS):
        raise ShapeError("direction", row.get("direction"), *_DIRECTIONS)
    if not isinstance(row.get("ungrounded", False), bool):
        raise ShapeError("ungrounded", row["ungrounded"], "true or false")
    return HypothesisDraft(
        intervention=_string(row, "intervention", least=1),
        metric=_string(row, "metric", least=1),
        direction=Relation(str(row["direction"])),
        evidence_ids=_strings(row, "evidence_ids", most=MOST_EVIDENCE),
        because=claims_in(row.get("because", ()), f"{path}.because", found),
        rationale=_string(row, "rationale"),
        expected_low=_size(row, "expected_low"),
        expected_high=_size(row, "expected_high"),
        ungrounded=row.get("ungrounded", False),
    )


def _string(row: Mapping[str, object], name: str, *, least: int = 0) -> str:
    text = row.get(name, "")
    if not isinstance(text, str) or not least <= len(text) <= TEXT_LENGTH:
        raise ShapeError(name, text, f"a string of {least} to {TEXT_LENGTH} characters")
    return text


def _strings(row: Mapping[str, object], name: str, *, most: int) -> tuple[str, ...]:
    items = row.get(name, ())
    whole = isinstance(items, Sequence) and not isinstance(items, str) and len(items) <= most
    if not isinstance(items, Sequence) or not whole or not all(isinstance(one, str) for one in items):
        raise ShapeError(name, items, f"a list of at most {most} strings")
    return tuple(dict.fromkeys(items))


def _size(row: Mapping[str, object], name: str) -> float | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ShapeError(name, value, "a number or null")
    return float(value)
