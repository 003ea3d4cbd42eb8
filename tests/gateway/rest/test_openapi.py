"""The OpenAPI document says what the contracts say."""

import json
from typing import Any

import jsonschema_rs
import pytest
from google.protobuf import json_format, message_factory

from services.gateway.rest import binding
from services.gateway.rest.openapi.document import document
from services.gateway.rest.openapi.examples import examples
from services.gateway.rest.openapi.operations import operation_id
from services.gateway.rest.route import Etag, Route
from services.gateway.rest.table import ROUTES
from tests.gateway.front import Front

TOLD = [route for route in ROUTES if route.events is None]


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][route.path][route.method.lower()]
    return found


def validator(schema: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({**schema, "components": document()["components"]})


def test_document_then_it_is_served_to_everybody(front: Front) -> None:
    answer = front.get("/openapi.json", "")

    assert answer.json() == document()
    assert answer.headers["content-type"] == "application/json"


def test_document_then_every_operation_and_field_says_what_it_is() -> None:
    for route in ROUTES:
        found = operation(route)
        assert found["summary"]
        assert found["description"].endswith(f"(`{route.rpc}`)")
        assert all(part.get("description", "$ref" in part) for part in found["parameters"])
    for schema in document()["components"]["schemas"].values():
        assert schema["description"]
        assert all(part["description"] for part in schema["properties"].values())


def test_document_then_names_are_there_once() -> None:
    names = [operation_id(route) for route in ROUTES]

    assert len(set(names)) == len(names)


def test_schemas_then_bounds_and_enums_are_those_of_the_contracts() -> None:
    schemas = document()["components"]["schemas"]
    experiment, arms = schemas["ExperimentInput"], schemas["ExperimentInput"]["properties"]["arms"]

    assert experiment["additionalProperties"] is False
    assert experiment["required"] == ["experiment_id", "arms", "metrics"]
    assert experiment["properties"]["experiment_id"]["pattern"] == "^[a-z][a-z0-9-]{0,62}$"
    assert (arms["minItems"], arms["maxItems"]) == (2, 64)
    assert len(schemas["ChangeInput"]["oneOf"]) == 10
    assert "METRIC_KIND_MEAN" in schemas["Metric"]["properties"]["kind"]["enum"]
    assert schemas["Experiment"]["properties"]["revision"]["type"] == "string"
    assert "revision" in schemas["Experiment"]["required"]
    assert "started_at" not in schemas["Experiment"]["required"]


@pytest.mark.parametrize("route", TOLD, ids=operation_id)
def test_example_then_the_request_is_one_and_the_answer_fits_its_schema(route: Route) -> None:
    example = examples()[operation_id(route)]
    success = operation(route)["responses"][str(route.status)]["content"]["application/json"]

    assert success["example"] == example["response"]
    validator(success["schema"]).validate(example["response"])
    answered = message_factory.GetMessageClass(route.answered)()
    json_format.ParseDict(example["response"], answered)
    if route.body:
        body = operation(route)["requestBody"]["content"]["application/json"]
        assert body["example"] == example["request"]
        validator(body["schema"]).validate(example["request"])
        path = dict.fromkeys(route.parameters, "x")
        # What was seen of a change request comes as its entity tag.
        headers = {"if-match": '"1-x"'} if route.if_match is Etag.REVISION else {}
        request = binding.request_of(route, path=path, given=(), headers=headers, body=example["request"])
        assert json.loads(json_format.MessageToJson(request))


def test_document_then_it_is_small_enough_to_be_read() -> None:
    assert len(json.dumps(document())) < 1_000_000
