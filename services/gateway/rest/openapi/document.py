"""The OpenAPI document."""

from functools import cache
from typing import Any, Final

from services.gateway.rest.openapi import answers
from services.gateway.rest.openapi.operations import operation
from services.gateway.rest.openapi.schemas import Schemas
from services.gateway.rest.table import ROUTES

VERSION: Final = "1.0.0"

_ABOUT: Final = (
    "The services' contracts as HTTP and JSON: every operation is an RPC, with the same fields, checks and errors. "
    "Send an API token as `Authorization: Bearer <token>`. 64-bit numbers are texts in answers; both are taken."
)
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Says what went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "reason", "metadata", "violations", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Names the sort of problem, by its reason."},
        "title": {"type": "string", "description": "Is the status in words."},
        "status": {"type": "integer", "description": "Is the HTTP status."},
        "detail": {"type": "string", "description": "Says what was wrong and what to do."},
        "reason": {
            "type": "string",
            "description": "Is what programs act on: ErrorReason, or a refusal of HTTP's own.",
        },
        "metadata": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Are the dynamic parts of the detail.",
        },
        "violations": {
            "type": "array",
            "description": "Are the fields at fault, as paths into the RPC's request.",
            "items": {
                "type": "object",
                "required": ["field", "description"],
                "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
            },
        },
        "request_id": {"type": "string", "description": "Is what the logs call the request."},
        "retry_after": {"type": "number", "description": "Is in how many seconds to try again, where that is known."},
    },
}
_PARAMETERS: Final[dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a retry safe: the same key gets the same answer. Is the request's `request_id`.",
        "schema": {"type": "string", "maxLength": 64},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Is the ETag that the caller saw; with another one now, 412. `*`: whatever it is.",
        "schema": {"type": "string"},
        "example": "*",
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "Is the id of the last event that the caller has: the stream goes on from there.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    },
}


@cache
def document() -> dict[str, Any]:
    """Returns the document, which is the same in every process of a release."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Experimentation platform", "version": VERSION, "description": _ABOUT},
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted({**schemas.components, "Problem": _PROBLEM}.items())),
            "parameters": _PARAMETERS,
            "responses": answers.problems(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
