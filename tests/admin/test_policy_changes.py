"""How many rules a file adds, changes and removes."""

from experimentation.v1 import review_pb2
from services.admin.policy_changes import summary


def rule(rule_id: str, count: int = 1) -> review_pb2.PolicyRule:
    return review_pb2.PolicyRule(rule_id=rule_id, approval_count=count)


def test_summary_when_rules_differ_then_counts_by_id() -> None:
    before = [rule("kept"), rule("tightened"), rule("gone"), rule("gone-too")]
    after = [rule("new"), rule("tightened", 2), rule("kept")]

    assert summary(before, after) == "1 rule added, 1 changed, 2 removed"
