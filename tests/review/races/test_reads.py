"""Reads while verbs are under way: a request is read as it was at one moment, never half before and half after."""

from functools import partial

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.review.desk import Desk, approvals, bring_policy
from tests.review.races.racing import many_rounds, race
from tests.review.verbs import approve, drafted, proposed, renamed

READERS = 6


@many_rounds
def test_get_when_it_is_approved_at_once_then_state_and_verdicts_are_of_one_moment(
    desk: Desk, round_count: int
) -> None:
    bring_policy(desk.store, approvals(1))
    drafted(desk)
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"))
        asked = review.GetChangeRequestRequest(change_request_id=request.change_request_id)

        _, *reads = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            *[partial(desk["vic"].reviews.GetChangeRequest, asked)] * READERS,
        )

        for read in reads:
            agreed = read.change_request.state == pb.CHANGE_REQUEST_STATE_APPROVED
            assert (len(read.change_request.verdicts), read.change_request.requirements[0].satisfied) == (
                agreed,
                agreed,
            )
