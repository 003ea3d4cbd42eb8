"""TestPolicy: which rules would match, and why."""

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as review
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import PAUSE, START
from tests.review.rpc.calls import INVALID_FIELD, NOT_FOUND, WRONG_STATE
from tests.review.verbs import apply, approved, current, drafted

RISKY = review_pb2.PolicyRule(
    rule_id="risky",
    approval_count=3,
    conditions=[
        review_pb2.PolicyCondition(fact="risk_score", operator=review_pb2.POLICY_OPERATOR_AT_LEAST, number=1),
        review_pb2.PolicyCondition(fact="revenue_guardrail", operator=review_pb2.POLICY_OPERATOR_EQUALS, flag=False),
    ],
)
ELSEWHERE = review_pb2.PolicyRule(rule_id="elsewhere", approval_count=1, labels={"team": "web"})


def tried(desk: Desk, change: pb.Change, *rules: review_pb2.PolicyRule) -> review.TestPolicyResponse:
    return desk["vic"].reviews.TestPolicy(
        review.TestPolicyRequest(experiment_id="checkout", change=change, rules=rules)
    )


def test_try_when_no_rules_are_given_then_those_in_force(desk: Desk, pending: pb.ChangeRequest) -> None:
    answer = tried(desk, START)

    assert [result.rule_id for result in answer.results if result.matches] == ["start"]
    assert not any(result.failed for result in answer.results)
    assert all(result.reasons for result in answer.results)
    assert (answer.risk_score, list(answer.risk_factors)) == (pending.risk_score, list(pending.risk_factors))
    assert list(answer.requirements) == list(pending.requirements)
    assert {fact.fact: fact.text for fact in answer.facts if fact.HasField("text")}["change_kind"] == "start"
    assert current(desk, pending) == pending


def test_try_when_rules_are_given_then_those_alone(desk: Desk) -> None:
    drafted(desk)

    answer = tried(desk, START, RISKY, ELSEWHERE)

    assert [(result.rule_id, result.matches) for result in answer.results if result.rule_id != "policy-edits"] == [
        ("risky", True),
        ("elsewhere", False),
    ]
    assert [(each.rule_id, each.approval_count) for each in answer.requirements] == [("risky", 3)]
    assert not answer.never_gated


def test_try_when_it_only_reduces_harm_then_no_rule_is_asked(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))

    answer = tried(desk, PAUSE, review_pb2.PolicyRule(rule_id="all", approval_count=1))

    assert answer.never_gated
    assert not answer.requirements


def test_try_when_it_cannot_be_then_it_says_why(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    trying = desk["vic"].reviews.TestPolicy
    unknown = review.TestPolicyRequest(experiment_id="nowhere", change=START)
    misfit = review.TestPolicyRequest(experiment_id="checkout", change=PAUSE)
    no_change = review.TestPolicyRequest(experiment_id="checkout")
    of_rules = review.TestPolicyRequest(
        experiment_id="checkout", change=pb.Change(edit_policy_rules=pb.EditPolicyRulesChange())
    )
    nul = review.TestPolicyRequest(experiment_id="a\0", change=START)
    reserved = review.TestPolicyRequest(
        experiment_id="checkout",
        change=START,
        rules=[review_pb2.PolicyRule(rule_id="policy-edits", approval_count=1)],
    )

    assert refused(trying, unknown).reason == NOT_FOUND
    assert refused(trying, misfit).reason == WRONG_STATE
    for request, path in (
        (no_change, "change"),
        (of_rules, "change"),
        (nul, "experiment_id"),
        (reserved, "rules[0].rule_id"),
    ):
        refusal = refused(trying, request)
        assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])
