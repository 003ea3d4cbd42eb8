"""A change request that people are told of, for the tests of notices."""

from dataclasses import replace
from typing import Any, NamedTuple

from services.review.domain.notices import Notice, NoticeEvent, Occurrence, Subject, notices_for
from tests.review.examples import LATER, NOW


class Altered(NamedTuple):
    """Is a field that a change alters."""

    path: str
    before: str
    after: str


SUBJECT = Subject(
    change_request_id="cr_1",
    request_revision=2,
    experiment_id="checkout",
    change_kind="edit_traffic",
    requester="ann",
    reason="more power",
    state="PENDING",
    risk_score=35.0,
    expires_at=LATER,
    diff=(Altered("traffic.share", "0.1", "0.5"),),
)


def subject(**fields: Any) -> Subject:
    """Returns it, other in some fields."""
    return replace(SUBJECT, **fields)


def notice(change_request_id: str = "cr_1", *, audience: str = "default", **fields: Any) -> Notice:
    """Returns what an audience is told of a proposal of it, at NOW."""
    occurrence = Occurrence(NoticeEvent.PROPOSED, NOW, actor="ann")
    made = notices_for(occurrence, subject(change_request_id=change_request_id, audiences=frozenset({audience})))
    return replace(next(each for each in made if each.audience == audience), **fields)
