"""What became of an experiment: its revisions, and who did what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import audit_service_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import algorithm_of, moment

_UNTOLD: Final = frozenset({"digest", "etag"})
_MOST_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class RevisionView:
    """Is one revision."""

    revision: int
    author: str
    at: datetime | None
    state: Badge
    about: str
    change_request_id: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """Is one event."""

    actor: str
    action: str
    details: str
    at: datetime | None


def revisions(messages: Iterable[pb.Revision]) -> tuple[RevisionView, ...]:
    """Returns revisions, in the order given."""
    return tuple(
        RevisionView(
            one.experiment.revision,
            one.author,
            moment(one, "created_at"),
            badges.experiment_state(one.experiment.state),
            f"{len(one.experiment.arms)} arms, {algorithm_of(one.experiment)}",
            one.change_request_id,
        )
        for one in messages
    )


def audit_events(messages: Iterable[audit_service_pb2.AuditEvent]) -> tuple[AuditView, ...]:
    """Returns events, in the order given."""
    return tuple(AuditView(one.actor, one.action, _told(one.details), moment(one, "occurred_at")) for one in messages)


def _told(details: Mapping[str, str]) -> str:
    """Returns the particulars in a line; fingerprints and long texts are for `expctl audit`."""
    return " · ".join(f"{key}: {_cut(value)}" for key, value in sorted(details.items()) if key not in _UNTOLD)


def _cut(value: str) -> str:
    return value if len(value) <= _MOST_CHARACTERS else f"{value[: _MOST_CHARACTERS - 1]}…"
