"""AddComment, CancelChangeRequest, GetChangeRequest."""

import pytest

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import INVALID_FIELD, NO_REQUEST, NOT_PERMITTED, WRONG_STATE
from tests.review.verbs import approved, cancel, comment, current, drafted, proposed, reject

NOWHERE = pb.ChangeRequest(change_request_id="nowhere", request_revision=1)


def test_get_when_there_then_as_its_proposer_was_told(desk: Desk, pending: pb.ChangeRequest) -> None:
    assert current(desk, pending) == pending
    assert (pending.requester, pending.base_revision, pending.policy_version) == ("ann", 1, 0)
    assert pending.risk_score == sum(factor.points for factor in pending.risk_factors)


def test_get_when_unknown_or_unfit_then_it_says_so(desk: Desk, refused: Refused) -> None:
    get = desk["vic"].reviews.GetChangeRequest

    unknown = refused(get, review.GetChangeRequestRequest(change_request_id="x" * 20_000))
    empty = refused(get, review.GetChangeRequestRequest())
    unfit = refused(get, review.GetChangeRequestRequest(change_request_id="a\0"))

    assert unknown.reason == NO_REQUEST
    assert unknown.error.metadata == {"change_request_id": "x" * 64}
    assert (empty.reason, empty.fields) == (INVALID_FIELD, ["change_request_id"])
    assert (unfit.reason, unfit.fields) == (INVALID_FIELD, ["change_request_id"])


def test_comment_when_many_then_all_are_kept_in_order_and_verdicts_stay(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)

    for name in ("agent", "ann", "rob"):
        answer = desk[name].reviews.AddComment(comment(pending, text=f"says {name}")).change_request

    assert [(each.author, each.text) for each in answer.comments] == [
        ("agent", "says agent"),
        ("ann", "says ann"),
        ("rob", "says rob"),
    ]
    assert len({each.comment_id for each in answer.comments}) == 3
    assert (answer.state, answer.digest) == (pb.CHANGE_REQUEST_STATE_APPROVED, pending.digest)
    assert [each.stale for each in answer.verdicts] == [False]


def test_comment_when_closed_then_still_open(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.RejectChangeRequest(reject(pending))

    answer = desk["ann"].reviews.AddComment(comment(pending, text="pity")).change_request

    assert (answer.state, answer.comments[0].text) == (pb.CHANGE_REQUEST_STATE_REJECTED, "pity")


def test_comment_when_unknown_or_not_permitted_then_it_says_so(desk: Desk, refused: Refused) -> None:
    assert refused(desk["ann"].reviews.AddComment, comment(NOWHERE)).reason == NO_REQUEST
    for name in ("vic", "service"):
        refusal = refused(desk[name].reviews.AddComment, comment(NOWHERE))
        assert refusal.reason == NOT_PERMITTED
        assert refusal.error.metadata == {"permission": "changes.comment"}


@pytest.mark.parametrize("text", ["", "x" * 10_001, "a\0"])
def test_comment_when_the_text_is_bad_then_it_is_named(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, text: str
) -> None:
    refusal = refused(desk["ann"].reviews.AddComment, comment(pending, text=text))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["text"])


def test_cancel_when_requester_under_another_name_then_cancelled(desk: Desk, pending: pb.ChangeRequest) -> None:
    answer = desk["anna"].reviews.CancelChangeRequest(cancel(pending, comment="no longer")).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_CANCELLED
    (event,) = (
        desk["vic"].audits.ListAuditEvents(audit.ListAuditEventsRequest(action_prefix="change_request.cancel")).events
    )
    assert (event.actor, event.details["comment"]) == ("anna", "no longer")


def test_cancel_when_somebody_else_then_only_an_admin_may(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk)

    refusal = refused(desk["rob"].reviews.CancelChangeRequest, cancel(request))
    answer = desk["ada"].reviews.CancelChangeRequest(cancel(request)).change_request

    assert refusal.reason == NOT_PERMITTED
    assert answer.state == pb.CHANGE_REQUEST_STATE_CANCELLED


def test_cancel_when_closed_or_unknown_then_it_says_so(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    desk["ann"].reviews.CancelChangeRequest(cancel(pending))

    assert refused(desk["ann"].reviews.CancelChangeRequest, cancel(pending)).reason == WRONG_STATE
    assert refused(desk["ann"].reviews.CancelChangeRequest, cancel(NOWHERE)).reason == NO_REQUEST
