"""Any request: what tells a retry from a new one, its pages, and instants in it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.ai.domain.jobs import RequestKey
from services.ai.domain.queries import Cursor
from shared.definition import convert
from shared.rpc import pagination, request_form
from shared.rpc.request_form import document

__all__ = ["Place", "cursor", "document", "instant", "key", "next_page_token", "page_size"]

_Item = TypeVar("_Item")
Place = Callable[[_Item], tuple[pagination.Scalar, ...]]
"""Returns where an item is in its list."""

page_size = pagination.page_size


def key(request: Any, creator: str) -> RequestKey:
    """Returns what tells a retry of the caller's request, which has a `request_id`, from a new one.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return RequestKey(creator, request.request_id, request_form.digest(request))


def cursor(request: Any) -> Cursor | None:
    """Returns where the page of a list by time begins; None: at its first row.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, request_form.query(request))
    return Cursor(datetime.fromisoformat(str(found[0])), str(found[1])) if found else None


def next_page_token(request: Message, items: Sequence[_Item], place: Place[_Item], *, more: bool) -> str:
    """Returns the token of the page that follows the items; empty: none does."""
    return pagination.encode(place(items[-1]), request_form.query(request)) if more else ""


def instant(timestamp: Timestamp, *, given: bool) -> datetime | None:
    """Returns an instant of a request whose `document` was asked for; None: it is not given."""
    return convert.timestamp_from_proto(timestamp) if given else None
