"""Makes an HTTP answer of an RPC's response."""

import json
from typing import Any

from google.protobuf import json_format, message
from starlette.responses import Response

from services.gateway.rest.route import Etag, Route

MEDIA_TYPE = "application/json"


def as_json(answer: message.Message) -> Any:
    """Returns the message as JSON of the contracts: its fields' own names, and those that are empty, too."""
    return json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def response_of(route: Route, response: message.Message, *, changed: bool = True) -> Response:
    """Returns the answer of a route.

    Args:
        route: What was asked.
        response: What the RPC answered.
        changed: Whether anything was made; False where it was only checked.
    """
    answer = getattr(response, route.answer) if route.answer else response
    headers = {"Cache-Control": "no-store"}
    tag = entity_tag(route.etag, answer)
    if tag:
        headers["ETag"] = tag
    if route.location and changed:
        headers["Location"] = _filled(route.location, answer)
    content = json.dumps(as_json(answer), ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, route.status if changed else 200, headers, MEDIA_TYPE)


def entity_tag(etag: Etag, answer: Any) -> str:
    """Returns the answer's entity tag; empty: it has none."""
    if etag is Etag.FIELD:
        return f'"{answer.etag}"' if answer.etag else ""
    if etag is Etag.REVISION:
        return f'"{answer.request_revision}-{answer.digest}"' if answer.digest else ""
    return ""


def _filled(location: str, answer: Any) -> str:
    """Returns the path with the answer's fields, such as `{change_request.change_request_id}`, in the braces' place."""
    return location.format_map(_Fields(answer))


class _Fields(dict[str, Any]):
    """Reads fields of a message by their names."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, name: str) -> Any:
        return getattr(self._answer, name)
