"""Scheduled requests: they wait for their time, and a sweep applies them at it."""

from datetime import datetime, timedelta

import sqlalchemy
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from services.review.service.sweeping import Sweeper
from shared import clock
from shared.definition import convert
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import START, propose
from tests.review.rpc.calls import INVALID_FIELD, UNAPPROVED, WRONG_STATE
from tests.review.verbs import apply, approved, current, drafted, edit, emergency_apply, proposed, renamed

HOUR = timedelta(hours=1)


def instant(at: datetime) -> Timestamp:
    found = convert.timestamp_to_proto(at)
    assert found is not None
    return found


def swept(desk: Desk, at: datetime) -> int:
    return Sweeper(desk.store, clock=lambda: at).sweep()


def scheduled(desk: Desk, at: datetime) -> pb.ChangeRequest:
    drafted(desk)
    return proposed(desk, scheduled_at=instant(at))


def test_schedule_when_approved_then_applied_at_its_time_and_not_before(desk: Desk) -> None:
    at = clock.now() + HOUR
    request = scheduled(desk, at)
    answer = approved(desk, request)

    early = swept(desk, at - timedelta(microseconds=1))
    waiting = current(desk, request)
    due = swept(desk, at)
    again = swept(desk, at)

    assert answer.state == waiting.state == pb.CHANGE_REQUEST_STATE_SCHEDULED
    assert (early, due, again) == (0, 1, 0)
    applied = current(desk, request)
    assert (applied.state, applied.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 2)
    assert applied.applied_at == instant(at)
    asked = audit.ListAuditEventsRequest(action_prefix="change_request.apply")
    assert [each.actor for each in desk["vic"].audits.ListAuditEvents(asked).events] == ["review"]


def test_schedule_when_not_approved_then_its_time_passes_and_it_expires_a_day_after(desk: Desk) -> None:
    at = clock.now() + timedelta(days=30)
    request = scheduled(desk, at)

    at_its_time, a_day_later = swept(desk, at), swept(desk, at + timedelta(days=1))

    assert request.expires_at == instant(at + timedelta(days=1))
    assert (at_its_time, a_day_later) == (0, 1)
    assert current(desk, request).state == pb.CHANGE_REQUEST_STATE_EXPIRED


def test_schedule_when_the_target_moved_then_failed_at_its_time(desk: Desk) -> None:
    at = clock.now() + HOUR
    request = scheduled(desk, at)
    approved(desk, request)
    proposed(desk, renamed("Moved"))

    moved = swept(desk, at)

    failed = current(desk, request)
    assert (moved, failed.state) == (1, pb.CHANGE_REQUEST_STATE_FAILED)
    assert "has changed" in failed.failure


def test_schedule_when_no_rule_asks_then_it_waits_for_its_time(desk: Desk) -> None:
    drafted(desk)
    at = clock.now() + HOUR

    request = proposed(desk, renamed("Later"), scheduled_at=instant(at))
    swept(desk, at)

    assert request.state == pb.CHANGE_REQUEST_STATE_SCHEDULED
    assert current(desk, request).state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_sweep_when_one_request_cannot_be_read_then_the_others_move(desk: Desk, engine: sqlalchemy.Engine) -> None:
    at = clock.now() + HOUR
    damaged = approved(desk, scheduled(desk, at))
    drafted(desk, "other")
    whole = approved(desk, proposed(desk, START, "other", scheduled_at=instant(at + timedelta(seconds=1))))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE change_requests SET change = '[]' WHERE change_request_id = %s", (damaged.change_request_id,)
        )

    moved = swept(desk, at + HOUR)

    assert moved == 1
    assert current(desk, whole).state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_apply_when_its_time_has_not_come_then_refused_unless_it_is_an_emergency(desk: Desk, refused: Refused) -> None:
    request = scheduled(desk, clock.now() + HOUR)

    unapproved = refused(desk["ann"].reviews.ApplyChangeRequest, apply(request))
    approved(desk, request)
    early = refused(desk["ann"].reviews.ApplyChangeRequest, apply(request))
    applied = desk["rob"].reviews.EmergencyApply(emergency_apply(request)).change_request

    assert (unapproved.reason, early.reason) == (UNAPPROVED, WRONG_STATE)
    assert applied.state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_edit_when_the_time_is_taken_away_then_the_approvals_are_to_be_given_anew(desk: Desk) -> None:
    at = clock.now() + HOUR
    request = scheduled(desk, at)
    approved(desk, request)

    edited = desk["ann"].reviews.EditChangeRequest(edit(request, clear_schedule=True)).change_request

    assert edited.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert swept(desk, at) == 0


def test_propose_when_the_time_is_past_then_it_is_named(desk: Desk, refused: Refused) -> None:
    drafted(desk)

    refusal = refused(desk["ann"].experiments.ProposeChange, propose(START, scheduled_at=instant(clock.now() - HOUR)))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["scheduled_at"])
