"""ListChangeRequests: pages, filters, refusals."""

from typing import Any, cast

import pytest

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import START
from tests.review.rpc.calls import INVALID_FIELD, INVALID_PAGE_TOKEN
from tests.review.verbs import approved, cancel, drafted, edit, emergency_apply, proposed, request_changes, sign

UNKNOWN_STATE = cast("pb.ChangeRequestState.ValueType", 99)  # of a newer client
PENDING, CANCELLED = pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_CANCELLED


def listed(desk: Desk, who: str = "vic", **filters: Any) -> list[str]:
    kept = review.ChangeRequestFilter(**filters)
    found = desk[who].reviews.ListChangeRequests(review.ListChangeRequestsRequest(filter=kept)).change_requests
    return [each.change_request_id for each in found]


def ids(*requests: pb.ChangeRequest) -> list[str]:
    return [each.change_request_id for each in requests]


def test_list_when_paged_then_every_request_comes_once_newest_first(desk: Desk) -> None:
    drafted(desk)
    requests = [proposed(desk) for _ in range(3)]
    reviews = desk["vic"].reviews

    first = reviews.ListChangeRequests(review.ListChangeRequestsRequest(page_size=2))
    proposed(desk)
    second = reviews.ListChangeRequests(review.ListChangeRequestsRequest(page_size=5, page_token=first.next_page_token))

    assert list(first.change_requests) == [requests[2], requests[1]]
    assert list(second.change_requests) == [requests[0]]
    assert second.next_page_token == ""


def test_list_when_filtered_then_only_those(desk: Desk) -> None:
    drafted(desk)
    drafted(desk, "other")
    anns, bobs, others = proposed(desk), proposed(desk, who="bob"), proposed(desk, START, "other")
    desk["ann"].reviews.CancelChangeRequest(cancel(anns))

    assert listed(desk) == ids(others, bobs, anns)
    assert listed(desk, states=[PENDING]) == ids(others, bobs)
    assert listed(desk, states=[PENDING, CANCELLED]) == ids(others, bobs, anns)
    assert listed(desk, experiment_id="checkout") == ids(bobs, anns)
    assert listed(desk, requester="ann", states=[CANCELLED]) == ids(anns)
    assert listed(desk, requester="ann", experiment_id="nowhere") == []


def test_list_when_policies_are_proposed_then_they_are_among_them(desk: Desk, pending: pb.ChangeRequest) -> None:
    policy = desk["ada"].reviews.ProposePolicy(review.ProposePolicyRequest(reason="none")).change_request

    assert listed(desk) == ids(policy, pending)
    assert listed(desk, experiment_id="checkout") == ids(pending)


def test_awaits_caller_when_one_may_judge_and_has_not_then_listed(desk: Desk, pending: pb.ChangeRequest) -> None:
    robs = proposed(desk, who="rob")

    assert listed(desk, "rob", awaits_caller=True) == ids(pending)
    assert listed(desk, "robert", awaits_caller=True) == ids(pending)
    assert listed(desk, "rae", awaits_caller=True) == ids(robs, pending)
    assert listed(desk, "anna", awaits_caller=True) == ids(robs)


def test_awaits_caller_when_one_has_judged_then_not_until_it_is_edited(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.RequestChanges(request_changes(pending))

    assert listed(desk, "robert", awaits_caller=True) == []
    assert listed(desk, "rae", awaits_caller=True) == ids(pending)
    desk["bob"].reviews.EditChangeRequest(edit(pending, reason="so"))
    assert listed(desk, "rob", awaits_caller=True) == ids(pending)
    assert listed(desk, "bob", awaits_caller=True) == []


def test_awaits_caller_when_approved_or_draft_then_nobody_is_awaited(desk: Desk, pending: pb.ChangeRequest) -> None:
    proposed(desk, draft=True)
    approved(desk, pending)

    assert listed(desk, "rae", awaits_caller=True) == []


def test_awaits_caller_when_an_emergency_is_unsigned_then_others_are_awaited(
    desk: Desk, pending: pb.ChangeRequest
) -> None:
    desk["rob"].reviews.EmergencyApply(emergency_apply(pending))

    assert {name: listed(desk, name, awaits_caller=True) for name in ("rob", "robert", "anna", "rae")} == {
        "rob": [],
        "robert": [],
        "anna": [],
        "rae": ids(pending),
    }
    desk["rae"].reviews.SignEmergency(sign(pending))
    assert listed(desk, "rex", awaits_caller=True) == []


@pytest.mark.parametrize("other", [{"requester": "ann"}, {"states": [PENDING]}, {"awaits_caller": True}])
def test_list_when_the_token_is_of_another_query_then_it_is_refused(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, other: dict[str, Any]
) -> None:
    proposed(desk)
    reviews = desk["rob"].reviews
    token = reviews.ListChangeRequests(review.ListChangeRequestsRequest(page_size=1)).next_page_token

    refusal = refused(
        reviews.ListChangeRequests,
        review.ListChangeRequestsRequest(page_token=token, filter=review.ChangeRequestFilter(**other)),
    )

    assert token
    assert refusal.reason == INVALID_PAGE_TOKEN


def test_list_when_a_field_is_bad_then_it_is_named(desk: Desk, refused: Refused) -> None:
    listing = desk["vic"].reviews.ListChangeRequests
    bad = {
        "filter.states[0]": review.ChangeRequestFilter(states=[UNKNOWN_STATE]),
        "filter.experiment_id": review.ChangeRequestFilter(experiment_id="x" * 64),
        "filter.requester": review.ChangeRequestFilter(requester="a\0"),
    }

    for path, kept in bad.items():
        refusal = refused(listing, review.ListChangeRequestsRequest(filter=kept))
        assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])
    negative = refused(listing, review.ListChangeRequestsRequest(page_size=-1))
    assert (negative.reason, negative.fields) == (INVALID_FIELD, ["page_size"])
    garbage = refused(listing, review.ListChangeRequestsRequest(page_token="?"))
    assert garbage.reason == INVALID_PAGE_TOKEN


def test_awaits_caller_when_a_program_asks_then_it_is_told_that_it_never_is(desk: Desk, refused: Refused) -> None:
    kept = review.ChangeRequestFilter(awaits_caller=True)

    refusal = refused(desk["agent"].reviews.ListChangeRequests, review.ListChangeRequestsRequest(filter=kept))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["filter.awaits_caller"])
