"""The audit log: its events from the service, and as lines for people."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import audit_service_pb2 as pb
from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from services.admin.clients import CALL_SECONDS
from shared.rpc import client

PAGE_SIZE: Final = 500
POLL_SECONDS: Final = 2.0
_DENIED: Final = ".denied"
# Digests say nothing to people.
_MOST_SHOWN: Final = 40


def pages(stub: AuditServiceStub, request: pb.ListAuditEventsRequest, *, limit: int = 0) -> Iterator[pb.AuditEvent]:
    """Yields the events that the request asks for; at most `limit`, or all where that is 0."""
    request.page_size = min(limit or PAGE_SIZE, PAGE_SIZE)
    count = 0
    while True:
        response = client.call(stub.ListAuditEvents, request, timeout_seconds=CALL_SECONDS)
        for event in response.events:
            yield event
            count += 1
            if count == limit:
                return
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def followed(
    stub: AuditServiceStub, request: pb.ListAuditEventsRequest, *, pause: Callable[[float], None] = time.sleep
) -> Iterator[pb.AuditEvent]:
    """Yields the events after those that the request has seen, as they happen, without end."""
    while True:
        for event in pages(stub, request):
            request.after_sequence = event.sequence
            yield event
        request.page_token = ""
        pause(POLL_SECONDS)


def lines(events: Sequence[pb.AuditEvent]) -> RenderableType:
    """Returns a line per event."""
    return Group(*map(line, events)) if events else Text("There are no such events.")


def line(event: pb.AuditEvent) -> Text:
    """Returns one event: who did what to what, the particulars below."""
    style = "red" if event.action.endswith(_DENIED) else ""
    when = f"{event.occurred_at.ToDatetime():%Y-%m-%d %H:%M:%S}"
    text = Text.assemble(
        (f"{event.sequence:>6}", "dim"), f"  {when}  {event.actor}  ", (event.action, style), f"  {event.target}"
    )
    details = [f"{key}={_short(value)}" for key, value in sorted(event.details.items())]
    return text.append(f"\n        {'  '.join(details)}", style="dim") if details else text


def _short(value: str) -> str:
    return value if len(value) <= _MOST_SHOWN else value[: _MOST_SHOWN - 1] + "…"
