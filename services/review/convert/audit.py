"""Audit events to protobuf, and what is asked of them."""

import json
from collections.abc import Mapping
from typing import Any

from experimentation.v1 import audit_service_pb2 as pb
from services.review.convert import requests
from services.review.domain import audit
from services.review.domain.model import AuditFilter, Page
from services.review.service.audit import Verification
from shared.definition import convert
from shared.rpc import pagination


def kept(request: pb.ListAuditEventsRequest) -> AuditFilter:
    """Returns what the list keeps, and where its page begins if it is one that goes forward.

    Raises:
        InvalidArgument: INVALID_FIELD, INVALID_PAGE_TOKEN.
    """
    place = _place(request)
    after = request.after_sequence if request.newest_first or place is None else place
    return AuditFilter(after, request.actor, request.action_prefix, request.target)


def before(request: pb.ListAuditEventsRequest) -> int | None:
    """Returns the sequence below which the page begins; None: at the newest, or it goes forward.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    return _place(request) if request.newest_first else None


def page_to_proto(page: Page[audit.Event], request: pb.ListAuditEventsRequest) -> pb.ListAuditEventsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListAuditEventsResponse(events=map(event_to_proto, page.items))
    if page.more:
        response.next_page_token = pagination.encode((page.items[-1].sequence,), requests.query(request))
    return response


def event_to_proto(event: audit.Event) -> pb.AuditEvent:
    """Returns the event as a message."""
    entry = event.entry
    return pb.AuditEvent(
        sequence=event.sequence,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        details=_details(entry.details),
        occurred_at=convert.timestamp_to_proto(entry.occurred_at),
        previous_hash=event.previous_hash,
        hash=event.hash,
    )


def verification_to_proto(verification: Verification) -> pb.VerifyAuditChainResponse:
    """Returns the verification as a response."""
    return pb.VerifyAuditChainResponse(
        intact=verification.is_intact,
        intact_count=verification.intact_count,
        broken_sequence=verification.broken_sequence,
        problem=verification.problem,
        last_sequence=verification.last_sequence,
        last_hash=verification.last_hash,
    )


def _details(details: Any) -> dict[str, str]:
    """Returns texts, also of what is none: a log that was tampered with must still be readable."""
    named = details if isinstance(details, Mapping) else {"": details}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in named.items()}


def _place(request: pb.ListAuditEventsRequest) -> int | None:
    found = pagination.decode(request.page_token, requests.query(request))
    return int(found[0] or 0) if found else None
