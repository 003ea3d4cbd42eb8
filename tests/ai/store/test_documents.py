"""Tests that what is stored as a document comes back equal, and that what is no such document is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.calls import CallRecord
from services.ai.domain.jobs import AnalysisInput, DesignInput, HypothesesInput, JobFailure, WarehouseTable
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord
from services.ai.store.documents import DocumentError, from_document, to_document
from shared.store.engine import transaction
from tests.ai.domain.analysis.examples import conversions, experiment
from tests.ai.store.examples import analysis

_ECHO = text("SELECT CAST(:document AS jsonb)").bindparams(bindparam("document", type_=JSONB))


class Size(StrEnum):
    SMALL = "SMALL"
    LARGE = "LARGE"


@dataclass(frozen=True, slots=True)
class Circle:
    radius: float


@dataclass(frozen=True, slots=True)
class Square:
    side: float


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    size: Size = Size.SMALL
    weight: float = 0.0
    count: int = 0
    shape: Circle | Square | None = None
    centre: Circle | None = None
    at: datetime | None = None
    age: timedelta = timedelta()
    marks: tuple[float, ...] = ()
    pairs: tuple[tuple[str, int], ...] = ()
    notes: Mapping[str, float] = field(default_factory=dict)


plans = st.builds(
    AnalysisPlan,
    alpha=st.floats(0.001, 0.4),
    sample=st.none() | st.builds(PlannedSample, st.integers(1, 10**9), st.none() | st.floats(1e-9, 10)),
    expected_delay=st.none() | st.timedeltas(),
)
analyses = st.builds(
    AnalysisRecord, plan=plans, **{one.name: ... for one in fields(AnalysisRecord) if one.name != "plan"}
)
inputs = st.one_of(
    st.from_type(HypothesesInput),
    st.from_type(DesignInput),
    st.builds(AnalysisInput, plan=st.none() | plans, experiment_id=..., data=..., propose=...),
)
values = st.one_of(
    st.from_type(HypothesisRecord),
    st.from_type(DesignRecord),
    analyses,
    inputs,
    st.from_type(CallRecord),
    st.from_type(JobFailure),
)


@given(value=values)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_from_document_when_any_record_was_stored_then_it_comes_back(value: Any) -> None:
    assert _told(from_document(type(value), to_document(value))) == _told(value)


def _told(value: object) -> str:
    """Returns a value as text, which tells 0 from -0, and one not-a-number is as good as another."""
    return repr(value).replace(", fold=1", "")


@pytest.mark.parametrize(
    "thing",
    [
        Thing("a\x00b \ud800 \\u0000 é\U0001f600"),
        Thing("x", shape=Square(1.5), centre=Circle(2.0)),
        Thing("x", at=datetime(2026, 7, 1, 12, 30, 1, 7, tzinfo=UTC), age=timedelta(days=400, microseconds=1)),
        Thing("x", at=datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))), age=-timedelta(seconds=1)),
        Thing("x", marks=(0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e22, float("inf"), float("-inf"), float("nan"))),
        Thing("x", weight=1.0, count=2**80, pairs=(("a", 1), ("b", -1))),
        Thing("x", notes={"a": 0.25, "@class": 1.0}),
    ],
)
def test_from_document_when_postgres_kept_it_then_it_comes_back_to_the_last_bit(engine: Engine, thing: Thing) -> None:
    with transaction(engine) as connection:
        kept = connection.scalar(_ECHO, {"document": to_document(thing)})

    assert repr(from_document(Thing, kept)) == repr(thing)


def test_from_document_when_a_newer_release_stored_it_then_its_fields_are_passed_over() -> None:
    document = to_document(Thing("x", shape=Circle(1.0))) | {"colour": "red"}
    document["shape"]["filled"] = True

    assert from_document(Thing, document) == Thing("x", shape=Circle(1.0))


def test_from_document_when_an_older_release_stored_it_then_the_defaults_are_filled_in() -> None:
    assert from_document(Thing, {"name": "x"}) == Thing("x")


@pytest.mark.parametrize(
    ("value", "newer"),
    [
        (analysis("a1"), {"segments", "left_out_segments"}),
        (AnalysisInput("checkout", experiment(conversions("control", 10, 1))), {"segments", "left_out_segments"}),
        (AnalysisInput("checkout", WarehouseTable("lake", "visits", "visitor", "arm", ())), {"segment_columns"}),
    ],
)
def test_from_document_when_it_is_older_than_segments_then_there_are_none(value: Any, newer: set[str]) -> None:
    document = to_document(value)
    part = document if newer <= set(document) else document["data"]
    assert newer <= set(part)

    for name in newer:
        del part[name]

    assert from_document(type(value), document) == value


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "Thing: name missing"),
        ([], "Thing: list, must be Thing"),
        ({"name": 1}, "Thing.name: int, must be str"),
        ({"name": {"text": "x"}}, "Thing.name: dict, must be str"),
        ({"name": "x", "size": "HUGE"}, "Thing.size: str, must be Size"),
        ({"name": "x", "weight": "heavy"}, "Thing.weight: str, must be float"),
        ({"name": "x", "weight": 10**400}, "Thing.weight: int, must be float"),
        ({"name": "x", "weight": True}, "Thing.weight: bool, must be float"),
        ({"name": "x", "count": 1.5}, "Thing.count: float, must be int"),
        ({"name": "x", "count": True}, "Thing.count: bool, must be int"),
        ({"name": "x", "at": "yesterday"}, "Thing.at: str, must be datetime"),
        ({"name": "x", "marks": {"a": 1}}, "Thing.marks: dict, must be a list"),
        ({"name": "x", "pairs": [["a"]]}, r"Thing.pairs\[0\]: list, must be a list"),
        ({"name": "x", "notes": [1]}, "Thing.notes: list, must be an object"),
        ({"name": "x", "shape": {"radius": 1.0}}, "Thing.shape: None, must be one of Circle, Square"),
        ({"name": "x", "shape": {"@class": "Cube"}}, "Thing.shape: 'Cube', must be one of Circle, Square"),
        ({"name": None}, "Thing.name: NoneType, must be str"),
    ],
)
def test_from_document_when_it_is_no_such_document_then_the_part_is_named(document: object, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        from_document(Thing, document)


def test_from_document_when_a_value_is_not_allowed_any_more_then_refused() -> None:
    with pytest.raises(DocumentError, match="AnalysisPlan: alpha"):
        from_document(AnalysisPlan, to_document(AnalysisPlan()) | {"alpha": 3.0})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"count": np.int64(1)}, "Thing.count: int64, must be int"),
        ({"marks": np.array([1.0])}, "Thing.marks: ndarray, must be a tuple"),
        ({"marks": [1.0]}, "Thing.marks: list, must be a tuple"),
        ({"marks": ("a",)}, r"Thing.marks\[0\]: str, must be float"),
        ({"weight": np.float32(1.0)}, "Thing.weight: float32, must be float"),
        ({"name": None}, "Thing.name: NoneType, must be str"),
        ({"shape": Thing("y")}, "Thing.shape: not one of"),
        ({"notes": {1: 1.0}}, "Thing.notes: dict, must be a mapping"),
        ({"notes": {"a\x00": 1.0}}, "Thing.notes: dict, must be a mapping"),
    ],
)
def test_to_document_when_a_part_is_of_another_type_then_it_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        to_document(Thing(**{"name": "x", **changes}))


def test_to_document_when_it_is_no_dataclass_then_refused() -> None:
    with pytest.raises(DocumentError, match="str: str, must be a dataclass"):
        to_document("x")


def test_to_document_when_a_float_is_of_numpy_then_a_plain_one_is_stored() -> None:
    stored = to_document(Thing("x", weight=np.float64(0.1)))

    assert type(stored["weight"]) is float
