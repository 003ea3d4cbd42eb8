"""The page on review says of policy what the code does."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import json_format

from experimentation.v1 import review_pb2
from services.review.domain.policy import risk, rule_checks
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from services.review.domain.policy.risk import POLICY_EDIT_SCORE
from services.review.domain.policy.rules import Condition, Operator, PolicyRule
from tests.review.domain.policy import tables

PAGE = Path(__file__).resolve().parents[4].joinpath("docs", "review.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Writing policy rules\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)
EXAMPLES = [json_format.Parse(block, review_pb2.PolicyRule()) for block in BLOCKS]


@pytest.mark.parametrize("table", [tables.facts, tables.factors, tables.default_rules])
def test_page_when_it_prints_a_table_then_it_is_the_code_s(table: tables.Table) -> None:
    assert table() in PAGE


def _rule(message: review_pb2.PolicyRule) -> PolicyRule:
    prefix = "POLICY_OPERATOR_"
    conditions = tuple(
        Condition(
            each.fact,
            Operator(review_pb2.PolicyOperator.Name(each.operator).removeprefix(prefix)),
            getattr(each, str(each.WhichOneof("value"))),
        )
        for each in message.conditions
    )
    return PolicyRule(
        message.rule_id,
        message.description,
        tuple(message.change_kinds),
        dict(message.labels),
        conditions,
        message.approval_count,
        tuple(message.roles),
        tuple(message.groups),
    )


def test_page_when_it_shows_rules_then_they_are_valid() -> None:
    assert len(EXAMPLES) == 2
    assert rule_checks.violations([_rule(message) for message in EXAMPLES]) == ()


def test_page_when_it_says_that_the_rules_are_there_once_more_for_revenue_then_they_are() -> None:
    rules = {rule.rule_id: rule for rule in DEFAULT_POLICY.rules}
    ordinary = [
        rule for rule in rules.values() if not rule.rule_id.endswith("-revenue") and rule.rule_id != "ship-paused"
    ]
    stricter = [rule for rule in rules.values() if rule.rule_id.endswith("-revenue")]

    is_guardrail = Condition("revenue_guardrail", Operator.EQUALS, value=True)
    assert [replace(rule, description="") for rule in stricter] == [
        replace(
            rule,
            rule_id=f"{rule.rule_id}-revenue",
            description="",
            conditions=(*rule.conditions, is_guardrail),
            approval_count=2,
        )
        for rule in ordinary
    ]


def test_page_when_it_tells_scores_then_they_are_the_code_s() -> None:
    disagreement = next(term for term in risk.CIRCUMSTANCES if term.fact == "analysis_disagrees")

    assert f"`analysis_disagrees` adds its {disagreement.most:g} points" in PAGE
    assert f"has a score of {POLICY_EDIT_SCORE:g}" in PAGE
    assert risk.CIRCUMSTANCES[0].fact == "traffic_share"
