"""JSON against the contracts' messages."""

from typing import Any

import pytest

from experimentation.v1 import bandit_service_pb2, common_pb2, experiment_service_pb2, review_service_pb2
from services.gateway.rest.json_check import violations

EXPERIMENT = common_pb2.Experiment.DESCRIPTOR
OUTCOME = bandit_service_pb2.Outcome.DESCRIPTOR
EDIT = review_service_pb2.EditChangeRequestRequest.DESCRIPTOR
ALLOCATE = bandit_service_pb2.AllocateRequest.DESCRIPTOR


def found(kind: Any, value: Any) -> list[tuple[str, str]]:
    return [(each.field, each.description) for each in violations(kind, value)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EXPERIMENT, {}),
        (EXPERIMENT, {"labels": {"a": "b"}, "attribution_window": "3600s", "traffic": {"share": 1}}),
        (EXPERIMENT, {"created_at": "2026-01-31T12:00:00.123456789+01:00", "state": "EXPERIMENT_STATE_DRAFT"}),
        (EXPERIMENT, {"revision": "9223372036854775807"}),
        (EXPERIMENT, {"revision": 1.0, "arms": []}),
        (OUTCOME, {"value": -1e300, "token": "YWJj"}),
        (OUTCOME, {"token": "_-8="}),
        (ALLOCATE, {"context": {"age": {"number": 3}, "": {"flag": False}}}),
    ],
)
def test_violations_when_it_is_the_message_then_none(kind: Any, value: Any) -> None:
    assert found(kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        (EXPERIMENT, [], ""),
        (EXPERIMENT, {"experimentId": "a"}, "experimentId"),
        (EXPERIMENT, {"experiment_id": None}, "experiment_id"),
        (EXPERIMENT, {"experiment_id": 1}, "experiment_id"),
        (EXPERIMENT, {"experiment_id": "\ud800"}, "experiment_id"),
        (EXPERIMENT, {"\ud800": 1}, "?"),
        (EXPERIMENT, {"labels": {"\ud800": "a"}}, 'labels["?"]'),
        (EXPERIMENT, {"labels": ["a"]}, "labels"),
        (EXPERIMENT, {"arms": {}}, "arms"),
        (EXPERIMENT, {"arms": [{}, None]}, "arms[1]"),
        (EXPERIMENT, {"arms": [{}, {"control": 1}]}, "arms[1].control"),
        (EXPERIMENT, {"state": 1}, "state"),
        (EXPERIMENT, {"state": "DRAFT"}, "state"),
        (EXPERIMENT, {"state": "\ud800"}, "state"),
        (EXPERIMENT, {"traffic": {"share": "1"}}, "traffic.share"),
        (EXPERIMENT, {"traffic": {"share": True}}, "traffic.share"),
        (EXPERIMENT, {"traffic": {"share": float("inf")}}, "traffic.share"),
        (EXPERIMENT, {"traffic": {"share": 10**400}}, "traffic.share"),
        (EXPERIMENT, {"revision": 1.5}, "revision"),
        (EXPERIMENT, {"revision": "1.5"}, "revision"),
        (EXPERIMENT, {"revision": "9223372036854775808"}, "revision"),
        (EXPERIMENT, {"revision": True}, "revision"),
        (EXPERIMENT, {"attribution_window": 3600}, "attribution_window"),
        (EXPERIMENT, {"attribution_window": "1h"}, "attribution_window"),
        (EXPERIMENT, {"attribution_window": " 1s"}, "attribution_window"),
        (EXPERIMENT, {"attribution_window": "999999999999s"}, "attribution_window"),
        (EXPERIMENT, {"created_at": "2026-1-31T12:00:00Z"}, "created_at"),
        (EXPERIMENT, {"created_at": "2026-02-30T12:00:00Z"}, "created_at"),
        (EXPERIMENT, {"created_at": "0000-01-01T00:00:00Z"}, "created_at"),
        (EXPERIMENT, {"created_at": "2026-01-31T12:00:00Z\n"}, "created_at"),
        (OUTCOME, {"token": "a b"}, "token"),
        (OUTCOME, {"token": "YWJj\n"}, "token"),
        (ALLOCATE, {"context": {"age": {"number": 3, "text": "3"}}}, 'context["age"].text'),
        (ALLOCATE, {"context": {"age": 3}}, 'context["age"]'),
        (EDIT, {"change": {"start": {}, "stop": {}}}, "change.stop"),
    ],
)
def test_violations_when_it_is_not_then_the_field_is_named(kind: Any, value: Any, field: str) -> None:
    assert [name for name, _ in found(kind, value)] == [field]


def test_violations_then_all_of_them_in_the_order_of_the_json() -> None:
    kind = experiment_service_pb2.CreateExperimentRequest.DESCRIPTOR

    assert found(kind, {"experiment": {"x": 1, "arms": [{"arm_id": {}}]}, "validate_only": "no"}) == [
        ("experiment.x", "is no field of Experiment"),
        ("experiment.arms[0].arm_id", "must be a text, is an object"),
        ("validate_only", "must be true or false, is a text"),
    ]
