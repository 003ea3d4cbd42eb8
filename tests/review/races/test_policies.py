"""Two policies against one base: one comes into force, the other failed."""

from functools import partial

from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as review
from tests.review.desk import Desk
from tests.review.races.racing import assert_nobody_applied_what_nobody_approved, many_rounds, race, states
from tests.review.verbs import apply, approved


def version(desk: Desk) -> int:
    return desk["vic"].reviews.GetPolicy(review.GetPolicyRequest()).policy.version


@many_rounds
def test_apply_when_two_policies_are_against_one_base_then_one_comes_into_force(desk: Desk, round_count: int) -> None:
    for number in range(round_count):
        requests = []
        for proposer, other in (("ada", "ava"), ("ava", "ada")):
            rule = review_pb2.PolicyRule(rule_id=f"by-{proposer}", approval_count=1)
            asked = review.ProposePolicyRequest(rules=[rule], reason="so", base_version=number)
            requests.append(approved(desk, desk[proposer].reviews.ProposePolicy(asked).change_request, other))

        answers = race(*[partial(desk["ann"].reviews.ApplyChangeRequest, apply(request)) for request in requests])

        assert states(answers) == ["APPLIED", "FAILED"]
        assert version(desk) == number + 1
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)
