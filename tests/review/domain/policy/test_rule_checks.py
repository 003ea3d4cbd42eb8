"""What makes policy rules valid."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experimentation.v1 import experiment_service_pb2
from services.review.domain import changes
from services.review.domain.policy import rule_checks
from services.review.domain.policy.catalogue import CHANGE_KINDS
from services.review.domain.policy.rules import Condition, Operator, PolicyRule
from tests.review.domain.policy import strategies

RULE = PolicyRule("rule")
ABOVE_HALF = Condition("traffic_share", Operator.ABOVE, 0.5)


def _fields(**fields: Any) -> list[str]:
    return [item.field for item in rule_checks.violations([replace(RULE, **fields)])]


@pytest.mark.parametrize(
    "fields",
    [
        {"rule_id": "a" * 63, "description": "x" * 500},
        {"change_kinds": ("start", "stop", "edit_policy_rules")},
        {"labels": {"team": "", "k" * 63: "v" * 63}},
        {"conditions": (ABOVE_HALF,) * 16},
        {"conditions": (Condition("running", Operator.DIFFERS, True),)},
        {"conditions": (Condition("experiment_state", Operator.EQUALS, "DRAFT"),)},
        {"conditions": (Condition("arms_added", Operator.AT_LEAST, 1),)},
        {"approval_count": 10, "roles": ("reviewer", "admin"), "groups": ("pay",), "audiences": ("on-call",)},
    ],
)
def test_violations_when_a_rule_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert _fields(**fields) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"rule_id": ""}, "rules[0].rule_id"),
        ({"rule_id": "A"}, "rules[0].rule_id"),
        ({"rule_id": "a" * 64}, "rules[0].rule_id"),
        ({"rule_id": "policy-edits"}, "rules[0].rule_id"),
        ({"description": "x" * 501}, "rules[0].description"),
        ({"change_kinds": ("start", "teleport")}, "rules[0].change_kinds[1]"),
        # It would never be asked.
        ({"change_kinds": ("pause",)}, "rules[0].change_kinds[0]"),
        ({"labels": {"": "x"}}, "rules[0].labels"),
        ({"labels": {"team": "x" * 64}}, 'rules[0].labels["team"]'),
        ({"labels": {f"k{index}": "" for index in range(17)}}, "rules[0].labels"),
        ({"conditions": (ABOVE_HALF,) * 17}, "rules[0].conditions"),
        ({"conditions": (ABOVE_HALF, replace(ABOVE_HALF, fact="moon"))}, "rules[0].conditions[1].fact"),
        ({"conditions": (replace(ABOVE_HALF, value=True),)}, "rules[0].conditions[0].value"),
        ({"conditions": (replace(ABOVE_HALF, value="0.5"),)}, "rules[0].conditions[0].value"),
        ({"conditions": (replace(ABOVE_HALF, value=float("nan")),)}, "rules[0].conditions[0].value"),
        ({"conditions": (replace(ABOVE_HALF, value=float("inf")),)}, "rules[0].conditions[0].value"),
        ({"conditions": (Condition("running", Operator.ABOVE, True),)}, "rules[0].conditions[0].operator"),
        ({"conditions": (Condition("running", Operator.EQUALS, 1.0),)}, "rules[0].conditions[0].value"),
        ({"conditions": (Condition("change_kind", Operator.AT_MOST, "stop"),)}, "rules[0].conditions[0].operator"),
        ({"conditions": (Condition("experiment_state", Operator.EQUALS, "on"),)}, "rules[0].conditions[0].value"),
        ({"approval_count": 0}, "rules[0].approval_count"),
        ({"approval_count": 11}, "rules[0].approval_count"),
        ({"roles": ("reviewer", "king")}, "rules[0].roles[1]"),
        # They approve nothing.
        ({"roles": ("agent",)}, "rules[0].roles[0]"),
        ({"roles": ("service",)}, "rules[0].roles[0]"),
        ({"groups": ("",)}, "rules[0].groups[0]"),
        ({"groups": ("g",) * 33}, "rules[0].groups"),
        ({"audiences": ("x" * 64,)}, "rules[0].audiences[0]"),
        ({"audiences": ("a",) * 17}, "rules[0].audiences"),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(fields: dict[str, Any], path: str) -> None:
    assert _fields(**fields) == [path]


def test_violations_when_an_id_is_taken_then_the_second_is_named() -> None:
    found = rule_checks.violations([RULE, replace(RULE, rule_id="other"), RULE])

    assert [item.field for item in found] == ["rules[2].rule_id"]


def test_violations_when_there_are_too_many_rules_then_they_are_named() -> None:
    rules = [replace(RULE, rule_id=f"rule-{index}") for index in range(101)]

    assert [item.field for item in rule_checks.violations(rules)] == ["rules"]
    assert rule_checks.violations(rules[:100]) == ()


@settings(deadline=None)
@given(st.builds(Condition, st.text(max_size=8), st.sampled_from(Operator), st.floats()) | strategies.broken_conditions)
def test_condition_violations_when_it_is_broken_then_say_so(condition: Condition) -> None:
    assert list(rule_checks.condition_violations(condition))


@settings(deadline=None)
@given(strategies.conditions)
def test_condition_violations_when_it_is_valid_then_there_are_none(condition: Condition) -> None:
    assert not list(rule_checks.condition_violations(condition))


def test_change_kinds_when_compared_with_the_contract_then_are_the_same() -> None:
    contract = experiment_service_pb2.Change.DESCRIPTOR.oneofs_by_name["kind"].fields
    of_experiments = [kind.kind for kind in changes.Change.__args__]

    assert list(CHANGE_KINDS) == [field.name for field in contract]
    assert list(CHANGE_KINDS) == [*of_experiments, "edit_policy_rules"]
