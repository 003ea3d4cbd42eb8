"""Makes and reads page tokens: where the next page begins, bound to the query that it continues."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from shared import errors
from shared.errors import Reason

Scalar: TypeAlias = str | int | float | bool | None

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
DIGEST_BYTES = 9


def page_size(requested: int) -> int:
    """Returns how many items a page has: 50 where none is asked for (0), 500 at most.

    Raises:
        errors.InvalidArgument: INVALID_FIELD, it is negative.
    """
    if requested < 0:
        raise errors.invalid_field("page_size", f"is {requested}, must not be negative")
    return min(requested or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def encode(cursor: Sequence[Scalar], query: Mapping[str, Scalar]) -> str:
    """Returns the token of the page that begins after the cursor.

    Args:
        cursor: The sort key of the last item of this page.
        query: The arguments that choose and sort the items; not the page size, which may change from page to page.
    """
    values = json.dumps(list(cursor), separators=(",", ":"))
    return base64.urlsafe_b64encode(_digest(values, query) + values.encode()).decode().rstrip("=")


def decode(token: str, query: Mapping[str, Scalar]) -> tuple[Scalar, ...] | None:
    """Returns the cursor that the token was made with; None for the empty token of the first page.

    The token is not signed: it keeps callers from mistakes, and gives no access to anything.

    Raises:
        errors.InvalidArgument: INVALID_PAGE_TOKEN, it was not made for this query.
    """
    if not token:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, values = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:].decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if digest != _digest(values, query):
        raise _invalid()
    return tuple(json.loads(values))


def _digest(values: str, query: Mapping[str, Scalar]) -> bytes:
    canonical = json.dumps([values, query], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()[:DIGEST_BYTES]


def _invalid() -> errors.InvalidArgument:
    return errors.InvalidArgument(
        Reason.INVALID_PAGE_TOKEN, "the page token was not issued for this query: leave it empty to start again"
    )
