"""GetPolicy, ListPolicies, ProposePolicy: versions, and how one follows the other."""

import pytest

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as review
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from shared.errors import Reason
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import (
    INVALID_FIELD,
    INVALID_PAGE_TOKEN,
    MOVED,
    NOT_ALLOWED,
    NOT_PERMITTED,
    UNAPPROVED,
)
from tests.review.verbs import apply, approve, approved, drafted, edit, emergency_apply, proposed

TWO = review_pb2.PolicyRule(rule_id="two", change_kinds=["start"], approval_count=2)


def proposed_policy(desk: Desk, *rules: review_pb2.PolicyRule, **fields: object) -> pb.ChangeRequest:
    asked = review.ProposePolicyRequest(rules=rules, reason="so", **fields)  # type: ignore[arg-type]  # its fields
    return desk["ada"].reviews.ProposePolicy(asked).change_request


def in_force(desk: Desk) -> review_pb2.Policy:
    return desk["vic"].reviews.GetPolicy(review.GetPolicyRequest()).policy


def brought(desk: Desk, *rules: review_pb2.PolicyRule) -> pb.ChangeRequest:
    """Brings a policy into force: ada proposes it, ava approves it."""
    request = approved(desk, proposed_policy(desk, *rules), "ava")
    return desk["ada"].reviews.ApplyChangeRequest(apply(request)).change_request


def test_get_when_none_was_ever_proposed_then_the_set_that_ships(desk: Desk) -> None:
    policy = in_force(desk)

    assert (policy.version, policy.author, policy.change_request_id) == (0, "", "")
    assert not policy.HasField("created_at")
    assert [rule.rule_id for rule in policy.rules] == [rule.rule_id for rule in DEFAULT_POLICY.rules]


def test_get_when_there_is_no_such_version_then_policy_not_found(desk: Desk, refused: Refused) -> None:
    refusal = refused(desk["vic"].reviews.GetPolicy, review.GetPolicyRequest(version=7))

    assert refusal.error.reason is Reason.POLICY_NOT_FOUND
    assert refusal.code.name == "NOT_FOUND"
    assert refusal.error.metadata == {"version": "7"}


def test_propose_when_an_admin_agrees_and_it_is_applied_then_in_force(desk: Desk) -> None:
    request = proposed_policy(desk, TWO)
    before = in_force(desk)
    agreed = approved(desk, request, "ava")
    applied = desk["ada"].reviews.ApplyChangeRequest(apply(agreed)).change_request

    assert (request.state, before.version) == (pb.CHANGE_REQUEST_STATE_PENDING, 0)
    assert request.experiment_id == ""
    assert [(each.rule_id, list(each.roles)) for each in request.requirements] == [("policy-edits", ["admin"])]
    assert (applied.state, applied.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 1)
    policy = in_force(desk)
    assert (policy.version, policy.author, policy.change_request_id) == (1, "ada", request.change_request_id)
    assert (list(policy.rules), policy.created_at) == ([TWO], applied.applied_at)
    assert desk["vic"].reviews.GetPolicy(review.GetPolicyRequest(version=0)).policy == before


def test_propose_when_a_reviewer_approves_then_that_is_not_an_admin_who_agrees(desk: Desk, refused: Refused) -> None:
    request = proposed_policy(desk)

    answer = approved(desk, request, "rob", "rae")
    refusal = refused(desk["ada"].reviews.ApplyChangeRequest, apply(request))

    assert answer.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert refusal.reason == UNAPPROVED
    assert refusal.error.metadata["missing"] == "policy-edits"
    assert refused(desk["ada"].reviews.ApproveChangeRequest, approve(request)).reason == NOT_ALLOWED


def test_propose_when_pending_then_nobody_but_an_admin_edits_or_applies_it_in_an_emergency(
    desk: Desk, refused: Refused
) -> None:
    request = proposed_policy(desk, TWO)
    emptied = edit(request, change=pb.Change(edit_policy_rules=pb.EditPolicyRulesChange()))

    refusals = [
        refused(desk["rob"].reviews.EditChangeRequest, emptied),
        refused(desk["agent"].reviews.EditChangeRequest, emptied),
        refused(desk["rob"].reviews.EmergencyApply, emergency_apply(request)),
    ]
    assert {refusal.reason for refusal in refusals} == {NOT_PERMITTED}
    assert {refusal.error.metadata["permission"] for refusal in refusals} == {"policies.propose"}
    assert in_force(desk).version == 0

    edited = desk["ava"].reviews.EditChangeRequest(emptied).change_request
    applied = desk["ada"].reviews.EmergencyApply(emergency_apply(edited)).change_request
    assert (applied.state, applied.emergency.actor) == (pb.CHANGE_REQUEST_STATE_APPLIED, "ada")
    assert in_force(desk).version == 1


def test_propose_when_the_rules_are_taken_away_then_the_next_policy_still_needs_an_admin(desk: Desk) -> None:
    brought(desk)
    drafted(desk)

    start = proposed(desk)
    policy = proposed_policy(desk, TWO)

    assert in_force(desk).version == 1
    assert start.state == pb.CHANGE_REQUEST_STATE_APPLIED
    assert policy.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert [each.rule_id for each in policy.requirements] == ["policy-edits"]


def test_propose_when_a_policy_comes_into_force_then_requests_keep_what_they_were_judged_by(desk: Desk) -> None:
    drafted(desk)
    earlier = proposed(desk)
    brought(desk, TWO)

    later = proposed(desk)
    edited = desk["ann"].reviews.EditChangeRequest(edit(earlier, reason="again")).change_request

    assert (earlier.policy_version, later.policy_version, edited.policy_version) == (0, 1, 1)
    assert [each.approval_count for each in earlier.requirements] == [1]
    assert [each.approval_count for each in later.requirements] == [2]
    assert [each.approval_count for each in edited.requirements] == [2]


def test_propose_when_two_are_against_one_base_then_the_second_fails(desk: Desk) -> None:
    first, second = proposed_policy(desk, TWO), proposed_policy(desk)
    approved(desk, first, "ava")
    approved(desk, second, "ava")

    desk["ada"].reviews.ApplyChangeRequest(apply(first))
    failed = desk["ada"].reviews.ApplyChangeRequest(apply(second)).change_request

    assert failed.state == pb.CHANGE_REQUEST_STATE_FAILED
    assert "version 1" in failed.failure
    assert in_force(desk).version == 1


def test_propose_when_the_base_is_not_in_force_then_etag_mismatch(desk: Desk, refused: Refused) -> None:
    brought(desk)

    asked = review.ProposePolicyRequest(reason="so", base_version=0)
    refusal = refused(desk["ada"].reviews.ProposePolicy, asked)

    assert refusal.reason == MOVED
    assert refusal.error.metadata == {"version": "1"}


def test_propose_when_validate_only_then_checked_and_nothing_changes(desk: Desk) -> None:
    seen = proposed_policy(desk, TWO, validate_only=True)

    assert seen.change_request_id == ""
    assert seen.diff
    assert not desk["vic"].reviews.ListChangeRequests(review.ListChangeRequestsRequest()).change_requests


def test_propose_when_a_reviewer_asks_then_it_waits_for_an_admin(desk: Desk) -> None:
    request = desk["rob"].reviews.ProposePolicy(review.ProposePolicyRequest(reason="so")).change_request

    assert [(each.rule_id, list(each.roles)) for each in request.requirements] == [("policy-edits", ["admin"])]


@pytest.mark.parametrize("name", ["ann", "agent", "service", "vic"])
def test_propose_when_no_reviewer_and_no_admin_then_not_permitted(desk: Desk, refused: Refused, name: str) -> None:
    refusal = refused(desk[name].reviews.ProposePolicy, review.ProposePolicyRequest(reason="so"))

    assert refusal.reason == NOT_PERMITTED
    assert refusal.error.metadata == {"permission": "policies.propose"}


def test_propose_when_rules_are_bad_then_each_field_is_named(desk: Desk, refused: Refused) -> None:
    propose = desk["ada"].reviews.ProposePolicy
    condition = review_pb2.PolicyCondition(fact="nonsense", operator=review_pb2.POLICY_OPERATOR_EQUALS, flag=True)
    bad = [
        review_pb2.PolicyRule(rule_id="policy-edits", approval_count=1),
        review_pb2.PolicyRule(rule_id="a", approval_count=1, change_kinds=["pause"]),
        review_pb2.PolicyRule(rule_id="a", approval_count=1, conditions=[condition]),
        review_pb2.PolicyRule(rule_id="b", approval_count=1, roles=["agent"]),
    ]

    across = refused(propose, review.ProposePolicyRequest(rules=bad, reason="so"))
    alone = refused(propose, review.ProposePolicyRequest(rules=[review_pb2.PolicyRule(rule_id="A")]))

    assert across.reason == alone.reason == INVALID_FIELD
    assert across.fields == [
        "rules[2].rule_id",
        "rules[0].rule_id",
        "rules[1].change_kinds[0]",
        "rules[2].conditions[0].fact",
        "rules[3].roles[0]",
    ]
    assert alone.fields == ["rules[0].rule_id", "rules[0].approval_count", "reason"]


def test_list_when_paged_then_newest_first_down_to_the_set_that_ships(desk: Desk, refused: Refused) -> None:
    brought(desk, TWO)
    brought(desk)
    listing = desk["vic"].reviews.ListPolicies

    first = listing(review.ListPoliciesRequest(page_size=2))
    second = listing(review.ListPoliciesRequest(page_size=2, page_token=first.next_page_token))

    assert [policy.version for policy in first.policies] == [2, 1]
    assert [policy.version for policy in second.policies] == [0]
    assert second.next_page_token == ""
    assert list(first.policies[1].rules) == [TWO]
    assert refused(listing, review.ListPoliciesRequest(page_token="?")).reason == INVALID_PAGE_TOKEN
    negative = refused(listing, review.ListPoliciesRequest(page_size=-1))
    assert (negative.reason, negative.fields) == (INVALID_FIELD, ["page_size"])
