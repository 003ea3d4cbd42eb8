"""The operations of the OpenAPI document, one for each route of the table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from services.gateway.rest import query
from services.gateway.rest.openapi import answers, rules
from services.gateway.rest.openapi.comments import comment
from services.gateway.rest.openapi.examples import examples
from services.gateway.rest.openapi.schemas import Schemas
from services.gateway.rest.route import WHOLE, Etag, Route
from services.gateway.rest.table import ROUTES

_JSON: Final = "application/json"
_MATCHED: Final = {Etag.NONE: (), Etag.FIELD: ("etag",), Etag.REVISION: ("request_revision", "digest")}


def operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    """Returns the operation of a route."""
    text = comment(route.operation.full_name)
    name = operation_id(route)
    found: dict[str, Any] = {
        "operationId": name,
        "tags": [route.tag],
        "summary": text.partition(". ")[0].rstrip("."),
        "description": f"{text} (`{route.rpc}`)",
        "parameters": [*_in_path(route, schemas), *_in_query(route, schemas), *_in_headers(route)],
        "responses": answers.responses(route, schemas, examples().get(name, {}), _links(route)),
    }
    if route.body:
        found["requestBody"] = _body(route, schemas, examples().get(name, {}))
    return found


def operation_id(route: Route) -> str:
    """Returns the operation's name: the RPC's, and for what else has the same one, what it goes by, too."""
    _, _, name = route.rpc.partition(".")
    if _count()[route.rpc] == 1 or not route.parameters:
        return name
    return f"{name}By{''.join(part.title() for part in '_'.join(route.parameters).split('_'))}"


@cache
def _count() -> Mapping[str, int]:
    return Counter(route.rpc for route in ROUTES)


def _body(route: Route, schemas: Schemas, example: Mapping[str, Any]) -> dict[str, Any]:
    field = route.body_field
    kind = route.request if field is None else field.message_type
    assert kind is not None
    elsewhere = route.parameters if field is None or route.is_item else ()
    schema = schemas.taken(kind, without=elsewhere, optional=_MATCHED[route.if_match])
    content: dict[str, Any] = {"schema": schema}
    if "request" in example:
        content["example"] = example["request"]
    needed = route.body != WHOLE or any(
        rules.is_required(each)
        for each in kind.fields
        if each.name not in (*route.parameters, *_MATCHED[route.if_match])
    )
    return {"required": needed, "content": {_JSON: content}}


def _in_path(route: Route, schemas: Schemas) -> Iterator[dict[str, Any]]:
    field = route.body_field
    item = field.message_type if route.is_item and field is not None else None
    kind = item or route.request
    for name in route.parameters:
        each = kind.fields_by_name[name]
        schema = _plain(schemas.taken_field(each))
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": comment(each.full_name),
            # A path with nothing in its place is another path.
            "schema": {"minLength": 1, **schema} if schema["type"] == "string" else schema,
        }


def _in_query(route: Route, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for field, _ in query.parameters(route):
        found = {
            "name": field.name,
            "in": "query",
            "description": comment(field.full_name),
            "schema": _plain(schemas.taken_field(field)),
        }
        yield {**found, **_style(field)}


def _style(field: FieldDescriptor) -> Mapping[str, Any]:
    if query.is_map(field):
        return {"style": "deepObject", "explode": True}
    return {"style": "form", "explode": True} if field.is_repeated else {}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema as a text in a path or a query has it: numbers are numbers alone."""
    if isinstance(schema.get("type"), list):
        return {**{name: value for name, value in schema.items() if name != "pattern"}, "type": "integer"}
    return schema


def _in_headers(route: Route) -> Sequence[dict[str, Any]]:
    found = []
    if route.body and "request_id" in route.request.fields_by_name:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if route.if_match is not Etag.NONE:
        found.append({"$ref": "#/components/parameters/IfMatch"})
    if route.events is not None:
        found.append({"$ref": "#/components/parameters/LastEventId"})
    return found


def _links(route: Route) -> Mapping[str, Any]:
    """Returns where what was made can be read."""
    if not route.location:
        return {}
    collection, _, field = route.location.partition("/{")
    pointer = field.rstrip("}").replace(".", "/")
    return {
        operation_id(target): {
            "operationId": operation_id(target),
            "parameters": {target.parameters[0]: f"$response.body#/{pointer}"},
        }
        for target in ROUTES
        if target.method == "GET" and target.parameters and target.path == f"{collection}/{{{target.parameters[0]}}}"
    }
