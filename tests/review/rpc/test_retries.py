"""A retry of any verb: the same request id gets the request as it stands, and nothing happens twice."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from google.protobuf.message import Message

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.review import verbs
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import REUSED


class Verb(NamedTuple):
    """Is one verb: who calls which method with what, in which situation, and once more with something else."""

    method: str
    who: str
    ask: Callable[..., Message]
    other: dict[str, object]
    before: Callable[[Desk, pb.ChangeRequest], object] = lambda _desk, _request: None


def _approved(desk: Desk, request: pb.ChangeRequest) -> object:
    return verbs.approved(desk, request)


def _in_emergency(desk: Desk, request: pb.ChangeRequest) -> object:
    return desk["rob"].reviews.EmergencyApply(verbs.emergency_apply(request))


VERBS = (
    Verb("EditChangeRequest", "ann", verbs.edit, {"reason": "else"}),
    Verb("ApproveChangeRequest", "rob", verbs.approve, {"comment": "else"}),
    Verb("RejectChangeRequest", "rob", verbs.reject, {"comment": "else"}),
    Verb("RequestChanges", "rob", verbs.request_changes, {"comment": "else"}),
    Verb("AddComment", "ann", verbs.comment, {"text": "else"}),
    Verb("CancelChangeRequest", "ann", verbs.cancel, {"comment": "else"}),
    Verb("ApplyChangeRequest", "ann", verbs.apply, {"digest": "0" * 64}, _approved),
    Verb("EmergencyApply", "rob", verbs.emergency_apply, {"justification": "something else"}),
    Verb("SignEmergency", "rae", verbs.sign, {"comment": "else"}, _in_emergency),
)


def event_count(desk: Desk) -> int:
    (newest,) = desk["vic"].audits.ListAuditEvents(audit.ListAuditEventsRequest(page_size=1, newest_first=True)).events
    return newest.sequence


@pytest.mark.parametrize("verb", VERBS, ids=[verb.method for verb in VERBS])
def test_verb_when_retried_then_it_happens_once_and_the_id_is_good_for_nothing_else(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, verb: Verb
) -> None:
    verb.before(desk, pending)
    call = getattr(desk[verb.who].reviews, verb.method)

    first = call(verb.ask(pending, request_id="r1"))
    events = event_count(desk)
    second = call(verb.ask(pending, request_id="r1"))
    refusal = refused(call, verb.ask(pending, request_id="r1", **verb.other))

    assert second == first
    assert first.change_request.updated_at.ToDatetime() > pending.updated_at.ToDatetime()
    assert refusal.reason == REUSED
    assert refusal.error.metadata == {"request_id": "r1"}
    assert event_count(desk) == events
    assert verbs.current(desk, pending) == first.change_request


def test_submit_when_retried_then_it_happens_once(desk: Desk, refused: Refused) -> None:
    verbs.drafted(desk)
    draft, other = verbs.proposed(desk, draft=True), verbs.proposed(desk, draft=True)
    submit = desk["ann"].reviews.SubmitChangeRequest

    first = submit(verbs.submit(draft, request_id="r1"))
    second = submit(verbs.submit(draft, request_id="r1"))

    assert second == first
    assert refused(submit, verbs.submit(other, request_id="r1")).reason == REUSED
    assert verbs.current(desk, other) == other


def test_verb_when_another_verb_had_the_id_then_reused(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    desk["ann"].reviews.AddComment(verbs.comment(pending, request_id="r1"))

    refusal = refused(desk["ann"].reviews.CancelChangeRequest, verbs.cancel(pending, request_id="r1"))

    assert refusal.reason == REUSED
    assert verbs.current(desk, pending).state == pb.CHANGE_REQUEST_STATE_PENDING


def test_verb_when_it_was_refused_then_the_id_is_still_good(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    refused(desk["ann"].reviews.ApplyChangeRequest, verbs.apply(pending, request_id="r1"))
    verbs.approved(desk, pending)

    answer = desk["ann"].reviews.ApplyChangeRequest(verbs.apply(pending, request_id="r1")).change_request

    assert answer.state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_retry_when_things_went_on_then_the_request_as_it_stands(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.ApproveChangeRequest(verbs.approve(pending, request_id="r1"))
    desk["ann"].reviews.ApplyChangeRequest(verbs.apply(pending))

    again = desk["rob"].reviews.ApproveChangeRequest(verbs.approve(pending, request_id="r1")).change_request

    assert again.state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_propose_policy_when_retried_then_one_request(desk: Desk, refused: Refused) -> None:
    propose = desk["ada"].reviews.ProposePolicy

    first = propose(review.ProposePolicyRequest(reason="none", request_id="r1"))
    second = propose(review.ProposePolicyRequest(reason="none", request_id="r1"))

    assert second == first
    assert refused(propose, review.ProposePolicyRequest(reason="else", request_id="r1")).reason == REUSED
    listed = desk["vic"].reviews.ListChangeRequests(review.ListChangeRequestsRequest())
    assert list(listed.change_requests) == [first.change_request]
