"""Reads the bodies of requests as strict JSON."""

import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.gateway.door import refusals
from shared.errors import invalid_field

_LARGE_BYTES: Final = 64 * 1024
_TYPE: Final = "application/json"


async def read_json(request: Request) -> Any:
    """Returns the body as JSON; without a body an empty object.

    Raises:
        InvalidArgument: INVALID_FIELD, it is no JSON, or not what all parsers agree on.
        HttpRefusal: It is of another type, or too large.
    """
    content = await request.body()
    if not content:
        return {}
    _check_type(request)
    # What takes long must not hold up the others.
    return await run_in_threadpool(parsed, content) if len(content) > _LARGE_BYTES else parsed(content)


def parsed(content: bytes) -> Any:
    """Returns the JSON.

    Raises:
        InvalidArgument: INVALID_FIELD, as `read_json` says.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_number)
    except RecursionError:
        raise invalid_field("", "the body is nested too deep") from None
    except ValueError as error:
        raise invalid_field("", f"the body is no JSON in UTF-8: {error}") from error


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    media_type, _, parameters = given.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type.strip().lower() != _TYPE or charset not in ("", "charset=utf-8") or encoding != "identity":
        raise refusals.unsupported_media_type(given)


def _without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a field twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
