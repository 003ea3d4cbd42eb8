"""ApplyChangeRequest, and the last approval that applies: exactly once, of what was approved."""

from datetime import timedelta

import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.service.sweeping import Sweeper
from shared import clock
from tests.review.conftest import Refused
from tests.review.desk import Desk, approvals, bring_policy
from tests.review.rpc.calls import NO_REQUEST, NOT_PERMITTED, STALE, UNAPPROVED, WRONG_STATE
from tests.review.verbs import apply, approved, cancel, current, drafted, proposed, renamed, request_changes


def revisions(desk: Desk) -> list[pb.Revision]:
    asked = pb.ListRevisionsRequest(experiment_id="checkout")
    return list(desk["vic"].experiments.ListRevisions(asked).revisions)


def test_apply_when_approved_then_the_change_is_in_effect(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)

    answer = desk["bob"].reviews.ApplyChangeRequest(apply(pending)).change_request

    assert (answer.state, answer.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 2)
    assert answer.applied_at == answer.updated_at
    newest = revisions(desk)[0]
    assert (newest.author, newest.change_request_id) == ("ann", pending.change_request_id)
    assert newest.experiment.started_at == answer.applied_at


def test_apply_when_applied_already_then_invalid_state(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))

    refusal = refused(desk["ann"].reviews.ApplyChangeRequest, apply(pending))

    assert refusal.reason == WRONG_STATE
    assert refusal.error.metadata == {"change_request_id": pending.change_request_id, "state": "APPLIED"}
    assert len(revisions(desk)) == 2


def test_apply_when_approvals_are_missing_then_it_says_whose(desk: Desk, refused: Refused) -> None:
    bring_policy(desk.store, approvals(1, rule_id="one"), approvals(2, rule_id="two"))
    drafted(desk)
    request = proposed(desk)

    first = refused(desk["ann"].reviews.ApplyChangeRequest, apply(request))
    approved(desk, request, "rob")
    second = refused(desk["ann"].reviews.ApplyChangeRequest, apply(request))
    desk["rob"].reviews.RequestChanges(request_changes(request))
    third = refused(desk["ann"].reviews.ApplyChangeRequest, apply(request))

    assert first.reason == second.reason == third.reason == UNAPPROVED
    assert first.error.metadata == {"change_request_id": request.change_request_id, "missing": "one, two"}
    assert second.error.metadata["missing"] == "two"
    assert third.error.metadata["missing"] == "one, two, rob"
    assert len(revisions(desk)) == 1


def test_apply_when_the_target_moved_then_failed_and_says_why(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)
    proposed(desk, renamed("Moved"))

    answer = desk["ann"].reviews.ApplyChangeRequest(apply(pending)).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_FAILED
    assert "has changed" in answer.failure
    assert (answer.applied_revision, answer.HasField("applied_at")) == (0, False)
    assert len(revisions(desk)) == 2


def test_apply_when_unknown_stale_closed_or_not_permitted_then_it_says_so(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    nowhere = pb.ChangeRequest(change_request_id="nowhere", request_revision=1, digest="d")
    approved(desk, pending)

    assert refused(desk["ann"].reviews.ApplyChangeRequest, apply(nowhere)).reason == NO_REQUEST
    assert refused(desk["ann"].reviews.ApplyChangeRequest, apply(pending, digest="0" * 64)).reason == STALE
    assert refused(desk["ann"].reviews.ApplyChangeRequest, apply(pending, request_revision=2)).reason == STALE
    for name in ("agent", "vic", "service"):
        assert refused(desk[name].reviews.ApplyChangeRequest, apply(nowhere)).reason == NOT_PERMITTED
    desk["ann"].reviews.CancelChangeRequest(cancel(pending))
    assert refused(desk["ann"].reviews.ApplyChangeRequest, apply(pending)).reason == WRONG_STATE


def test_apply_when_its_time_is_over_then_it_expires_and_cannot(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, engine: sqlalchemy.Engine
) -> None:
    approved(desk, pending)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE change_requests SET expires_at = now() - interval '1 second'")

    refusal = refused(desk["ann"].reviews.ApplyChangeRequest, apply(pending))
    moved = Sweeper(desk.store, clock=clock.now).sweep()

    assert refusal.reason == WRONG_STATE
    assert moved == 1
    assert current(desk, pending).state == pb.CHANGE_REQUEST_STATE_EXPIRED


def test_sweep_when_the_lifetime_is_over_then_expired_and_not_before(desk: Desk, pending: pb.ChangeRequest) -> None:
    end = clock.now() + timedelta(days=14)

    early = Sweeper(desk.store, clock=lambda: end - timedelta(minutes=5)).sweep()
    late = Sweeper(desk.store, clock=lambda: end).sweep()

    assert (early, late) == (0, 1)
    assert current(desk, pending).state == pb.CHANGE_REQUEST_STATE_EXPIRED


def test_auto_apply_when_the_last_approval_comes_then_applied(desk: Desk) -> None:
    bring_policy(desk.store, approvals(2))
    drafted(desk)
    request = proposed(desk, auto_apply=True)

    first, second = approved(desk, request, "rob"), approved(desk, request, "rae")

    assert (first.state, second.state) == (pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_APPLIED)
    assert second.applied_revision == 2
    assert revisions(desk)[0].change_request_id == request.change_request_id


def test_auto_apply_when_the_target_moved_then_the_approval_stands_and_the_request_failed(desk: Desk) -> None:
    drafted(desk)
    request = proposed(desk, auto_apply=True)
    proposed(desk, renamed("Moved"))

    answer = approved(desk, request)

    assert answer.state == pb.CHANGE_REQUEST_STATE_FAILED
    assert [each.reviewer for each in answer.verdicts] == ["rob"]
