"""Any request: its canonical form, its fingerprint, and what its page tokens are bound to."""

from typing import Any

from services.review.domain.change_request import RequestKey
from shared.rpc import request_form
from shared.rpc.request_form import document, query

__all__ = ["document", "key", "query"]


def key(request: Any) -> RequestKey:
    """Returns what tells a retry of the request, which has a `request_id`, from a new one.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return RequestKey(request.request_id, request_form.digest(request))
