"""Drafts, and SubmitChangeRequest."""

from experimentation.v1 import experiment_service_pb2 as pb
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import MOVED, NO_REQUEST, NOT_PERMITTED, STALE, WRONG_STATE
from tests.review.verbs import apply, approve, cancel, current, drafted, edit, proposed, renamed, submit


def test_draft_when_proposed_then_it_waits_for_nobody(desk: Desk, refused: Refused) -> None:
    drafted(desk)

    request = proposed(desk, draft=True)

    assert request.state == pb.CHANGE_REQUEST_STATE_DRAFT
    assert [each.rule_id for each in request.requirements] == ["start"]
    assert refused(desk["rob"].reviews.ApproveChangeRequest, approve(request)).reason == WRONG_STATE
    assert refused(desk["rob"].reviews.ApplyChangeRequest, apply(request)).reason == WRONG_STATE


def test_draft_when_no_rule_asks_then_still_nothing_happens_before_it_is_submitted(desk: Desk) -> None:
    drafted(desk)
    request = proposed(desk, renamed("New"), draft=True)

    edited = desk["ann"].reviews.EditChangeRequest(edit(request, change=renamed("Newer"))).change_request
    submitted = desk["ann"].reviews.SubmitChangeRequest(submit(edited)).change_request

    assert (request.state, edited.state) == (pb.CHANGE_REQUEST_STATE_DRAFT, pb.CHANGE_REQUEST_STATE_DRAFT)
    assert (submitted.state, submitted.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 2)


def test_submit_when_a_rule_asks_then_pending(desk: Desk) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)

    submitted = desk["ann"].reviews.SubmitChangeRequest(submit(request)).change_request

    assert submitted.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert (submitted.digest, submitted.request_revision) == (request.digest, 1)
    assert submitted.expires_at.ToDatetime() > request.expires_at.ToDatetime()


def test_submit_when_somebody_else_does_it_then_only_an_admin_may(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)

    refusal = refused(desk["bob"].reviews.SubmitChangeRequest, submit(request))
    submitted = desk["ada"].reviews.SubmitChangeRequest(submit(request)).change_request

    assert refusal.reason == NOT_PERMITTED
    assert refusal.error.metadata == {"permission": "authorship"}
    assert submitted.state == pb.CHANGE_REQUEST_STATE_PENDING


def test_submit_when_submitted_already_then_invalid_state(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    refusal = refused(desk["ann"].reviews.SubmitChangeRequest, submit(pending))

    assert refusal.reason == WRONG_STATE
    assert refusal.error.metadata == {"change_request_id": pending.change_request_id, "state": "PENDING"}


def test_submit_when_unknown_or_stale_then_it_says_so(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)
    nowhere = pb.ChangeRequest(change_request_id="nowhere", request_revision=1)

    assert refused(desk["ann"].reviews.SubmitChangeRequest, submit(nowhere)).reason == NO_REQUEST
    assert refused(desk["ann"].reviews.SubmitChangeRequest, submit(request, request_revision=2)).reason == STALE


def test_submit_when_the_target_moved_then_etag_mismatch_and_a_rebase_helps(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)
    proposed(desk, renamed("Moved"))

    refusal = refused(desk["ann"].reviews.SubmitChangeRequest, submit(request))
    rebased = desk["ann"].reviews.EditChangeRequest(edit(request, rebase=True)).change_request
    submitted = desk["ann"].reviews.SubmitChangeRequest(submit(rebased)).change_request

    assert refusal.reason == MOVED
    assert submitted.state == pb.CHANGE_REQUEST_STATE_PENDING


def test_cancel_when_draft_then_cancelled(desk: Desk) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)

    desk["ann"].reviews.CancelChangeRequest(cancel(request))

    assert current(desk, request).state == pb.CHANGE_REQUEST_STATE_CANCELLED
