"""ApproveChangeRequest, RejectChangeRequest, RequestChanges: what they come to, and what they are bound to."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from tests.review.conftest import Refusal, Refused
from tests.review.desk import Desk, approvals, bring_policy
from tests.review.rpc.calls import INVALID_FIELD, NO_REQUEST, STALE, WRONG_STATE
from tests.review.verbs import approve, approved, cancel, drafted, edit, proposed, reject, request_changes

Ask = Callable[..., Message]
VERBS: dict[str, Ask] = {
    "ApproveChangeRequest": approve,
    "RejectChangeRequest": reject,
    "RequestChanges": request_changes,
}


def refusals(desk: Desk, refused: Refused, request: pb.ChangeRequest, **fields: Any) -> list[Refusal]:
    """Returns how each verdict of rob's is refused."""
    return [refused(getattr(desk["rob"].reviews, method), ask(request, **fields)) for method, ask in VERBS.items()]


def verdicts(request: pb.ChangeRequest) -> list[tuple[str, int, bool]]:
    return [(each.reviewer, each.kind, each.stale) for each in request.verdicts]


def test_approve_when_one_is_needed_then_approved_and_on_record(desk: Desk, pending: pb.ChangeRequest) -> None:
    answer = desk["rob"].reviews.ApproveChangeRequest(approve(pending, comment="fine")).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_APPROVED
    (verdict,) = answer.verdicts
    assert (verdict.reviewer, verdict.kind, verdict.comment) == ("rob", review_pb2.VERDICT_KIND_APPROVE, "fine")
    assert (verdict.request_revision, verdict.digest, verdict.stale) == (1, pending.digest, False)
    assert verdict.created_at == answer.updated_at
    assert [(each.rule_id, list(each.approved_by), each.satisfied) for each in answer.requirements] == [
        ("start", ["rob"], True)
    ]


def test_approve_when_two_are_needed_then_the_second_reaches_it(desk: Desk) -> None:
    bring_policy(desk.store, approvals(2))
    drafted(desk)
    request = proposed(desk)

    first, second = approved(desk, request, "rob"), approved(desk, request, "rae")

    assert (first.state, second.state) == (pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_APPROVED)
    assert list(second.requirements[0].approved_by) == ["rob", "rae"]


def test_approve_when_the_same_person_does_it_twice_then_it_counts_once(desk: Desk) -> None:
    bring_policy(desk.store, approvals(2))
    drafted(desk)
    request = proposed(desk)

    approved(desk, request, "rob")
    again = approved(desk, request, "rob")
    under_another_name = approved(desk, request, "robert")

    assert again.state == under_another_name.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert list(under_another_name.requirements[0].approved_by) == ["robert"]


def test_reject_when_open_then_closed_for_good(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    answer = desk["rob"].reviews.RejectChangeRequest(reject(pending, comment="never")).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_REJECTED
    assert answer.verdicts[0].comment == "never"
    assert {refusal.reason for refusal in refusals(desk, refused, answer)} == {WRONG_STATE}


def test_request_changes_when_another_approves_then_it_still_waits_for_the_one_who_asked(
    desk: Desk, pending: pb.ChangeRequest
) -> None:
    sent_back = desk["rob"].reviews.RequestChanges(request_changes(pending)).change_request

    other, same = approved(desk, pending, "rae"), approved(desk, pending, "rob")

    assert sent_back.state == other.state == pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED
    assert same.state == pb.CHANGE_REQUEST_STATE_APPROVED


def test_request_changes_when_edited_then_it_waits_for_verdicts_anew(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.RequestChanges(request_changes(pending))

    edited = desk["ann"].reviews.EditChangeRequest(edit(pending, reason="so")).change_request

    assert edited.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert verdicts(edited) == [("rob", review_pb2.VERDICT_KIND_REQUEST_CHANGES, True)]


def test_request_changes_when_approved_already_then_it_is_no_longer(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending, "rob")

    answer = desk["rae"].reviews.RequestChanges(request_changes(pending)).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED


def test_judge_when_unknown_then_not_found(desk: Desk, refused: Refused) -> None:
    request = pb.ChangeRequest(change_request_id="x" * 200, request_revision=1, digest="d")

    for refusal in refusals(desk, refused, request):
        assert refusal.reason == NO_REQUEST
        assert refusal.error.metadata == {"change_request_id": "x" * 64}


@pytest.mark.parametrize("seen", [{"request_revision": 2}, {"digest": "0" * 64}])
def test_judge_when_it_saw_something_else_then_it_is_told_what_there_is(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, seen: dict[str, Any]
) -> None:
    for refusal in refusals(desk, refused, pending, **seen):
        assert refusal.reason == STALE
        assert refusal.error.metadata == {
            "change_request_id": pending.change_request_id,
            "request_revision": "1",
            "digest": pending.digest,
        }


def test_judge_when_it_was_edited_meanwhile_then_the_verdict_is_stale(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    edited = desk["ann"].reviews.EditChangeRequest(edit(pending, auto_apply=True)).change_request

    assert edited.digest != pending.digest
    assert {refusal.reason for refusal in refusals(desk, refused, pending)} == {STALE}


def test_judge_when_cancelled_then_invalid_state(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    desk["ann"].reviews.CancelChangeRequest(cancel(pending))

    for refusal in refusals(desk, refused, pending):
        assert refusal.reason == WRONG_STATE
        assert refusal.error.metadata == {"change_request_id": pending.change_request_id, "state": "CANCELLED"}


def test_approve_when_approved_already_then_invalid_state(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    approved(desk, pending, "rob")

    assert refused(desk["rae"].reviews.ApproveChangeRequest, approve(pending)).reason == WRONG_STATE


def test_judge_when_no_reason_is_given_then_the_comment_is_named(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    for method in ("RejectChangeRequest", "RequestChanges"):
        refusal = refused(getattr(desk["rob"].reviews, method), VERBS[method](pending, comment=""))

        assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["comment"])
