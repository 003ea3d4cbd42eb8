"""ListAuditEvents: pages in both orders, filters, refusals."""

from typing import Any

import pytest
import sqlalchemy

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import INVALID_FIELD, INVALID_PAGE_TOKEN, NOT_PERMITTED
from tests.review.verbs import apply, approved, comment, drafted, reject


def listed(desk: Desk, **filters: Any) -> list[audit.AuditEvent]:
    return list(desk["vic"].audits.ListAuditEvents(audit.ListAuditEventsRequest(**filters)).events)


@pytest.fixture
def told(desk: Desk, pending: pb.ChangeRequest) -> pb.ChangeRequest:
    """Is a request that went all its way: six events, of which the first is the creation of its experiment."""
    desk["agent"].reviews.AddComment(comment(pending))
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))
    drafted(desk, "other")
    return pending


def test_list_when_nothing_is_asked_then_everything_in_order(desk: Desk, told: pb.ChangeRequest) -> None:
    events = listed(desk)

    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert [(event.actor, event.action, event.target) for event in events[1:5]] == [
        ("ann", "change_request.propose", "experiments/checkout"),
        ("agent", "change_request.comment", "experiments/checkout"),
        ("rob", "change_request.approve", "experiments/checkout"),
        ("ann", "change_request.apply", "experiments/checkout"),
    ]
    approval = events[3]
    assert (approval.details["change_request_id"], approval.details["digest"]) == (told.change_request_id, told.digest)
    assert (approval.details["request_revision"], approval.details["state"]) == ("1", "APPROVED")
    assert events[0].previous_hash == "0" * 64
    assert [event.previous_hash for event in events[1:]] == [event.hash for event in events[:-1]]


@pytest.mark.parametrize(("newest_first", "expected"), [(False, [1, 2, 3, 4, 5, 6]), (True, [6, 5, 4, 3, 2, 1])])
def test_list_when_paged_then_each_comes_once(
    desk: Desk, told: pb.ChangeRequest, *, newest_first: bool, expected: list[int]
) -> None:
    asked = audit.ListAuditEventsRequest(page_size=4, newest_first=newest_first)
    first = desk["vic"].audits.ListAuditEvents(asked)
    asked.page_token = first.next_page_token
    second = desk["vic"].audits.ListAuditEvents(asked)

    assert [event.sequence for event in [*first.events, *second.events]] == expected
    assert (len(first.events), second.next_page_token) == (4, "")


def test_list_when_filtered_then_only_those(desk: Desk, told: pb.ChangeRequest) -> None:
    def sequences(**filters: Any) -> list[int]:
        return [event.sequence for event in listed(desk, **filters)]

    assert sequences(actor="rob") == [4]
    assert sequences(action_prefix="change_request.ap") == [4, 5]
    assert sequences(target="experiments/other") == [6]
    assert sequences(after_sequence=4) == [5, 6]
    assert sequences(after_sequence=2, actor="ann", newest_first=True) == [6, 5]
    assert sequences(action_prefix="%") == sequences(actor="nobody") == []


def test_list_when_a_page_goes_on_then_the_filters_hold(desk: Desk, told: pb.ChangeRequest) -> None:
    asked = audit.ListAuditEventsRequest(page_size=1, actor="ann", after_sequence=1)

    first = desk["vic"].audits.ListAuditEvents(asked)
    asked.page_token = first.next_page_token
    second = desk["vic"].audits.ListAuditEvents(asked)

    assert [event.sequence for event in [*first.events, *second.events]] == [2, 5]


@pytest.mark.parametrize(
    "other", [{"actor": "rob"}, {"newest_first": True}, {"after_sequence": 1}, {"target": "policy"}]
)
def test_list_when_the_token_is_of_another_query_then_it_is_refused(
    desk: Desk, told: pb.ChangeRequest, refused: Refused, other: dict[str, Any]
) -> None:
    listing = desk["vic"].audits.ListAuditEvents
    token = listing(audit.ListAuditEventsRequest(page_size=1)).next_page_token

    assert token
    assert refused(listing, audit.ListAuditEventsRequest(page_token=token, **other)).reason == INVALID_PAGE_TOKEN


def test_list_when_a_field_is_bad_then_it_is_named(desk: Desk, refused: Refused) -> None:
    bad: dict[str, dict[str, Any]] = {
        "page_size": {"page_size": -1},
        "after_sequence": {"after_sequence": -1},
        "actor": {"actor": "x" * 201},
        "action_prefix": {"action_prefix": "x" * 101},
        "target": {"target": "a\0"},
    }

    for path, fields in bad.items():
        refusal = refused(desk["vic"].audits.ListAuditEvents, audit.ListAuditEventsRequest(**fields))
        assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])
    garbage = refused(desk["vic"].audits.ListAuditEvents, audit.ListAuditEventsRequest(page_token="?"))
    assert garbage.reason == INVALID_PAGE_TOKEN


def test_list_when_the_log_was_tampered_with_then_it_is_listed_as_it_is(
    desk: Desk, told: pb.ChangeRequest, engine: sqlalchemy.Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_events DISABLE TRIGGER append_only")
        connection.exec_driver_sql(
            "UPDATE audit_events SET occurred_at = 'infinity', details = '[1]' WHERE sequence = 6"
        )
        connection.exec_driver_sql("UPDATE audit_events SET details = '{\"a\": null}' WHERE sequence = 5")
        connection.exec_driver_sql("ALTER TABLE audit_events ENABLE TRIGGER append_only")

    desk["ann"].reviews.AddComment(comment(told))

    first, second, third = listed(desk, after_sequence=4)
    assert dict(first.details) == {"a": "null"}
    assert (dict(second.details), second.HasField("occurred_at")) == ({"": "[1]"}, False)
    assert (third.sequence, third.previous_hash) == (7, second.hash)


@pytest.mark.parametrize("name", ["service", "agent"])
def test_audit_when_not_permitted_then_refused(desk: Desk, refused: Refused, name: str) -> None:
    audits = desk[name].audits

    for refusal in (
        refused(audits.ListAuditEvents, audit.ListAuditEventsRequest()),
        refused(audits.VerifyAuditChain, audit.VerifyAuditChainRequest()),
    ):
        assert refusal.reason == NOT_PERMITTED
        assert refusal.error.metadata == {"permission": "audit.read"}


def test_list_when_a_rejection_is_told_then_with_its_words(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.RejectChangeRequest(reject(pending, comment="not in december"))

    (event,) = listed(desk, action_prefix="change_request.reject")
    assert (event.actor, event.details["comment"], event.details["state"]) == ("rob", "not in december", "REJECTED")
