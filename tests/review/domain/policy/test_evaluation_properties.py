"""What rules make of a change, whatever the rules and the change are."""

import operator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.domain.policy import evaluation
from services.review.domain.policy.catalogue import CHANGE_KINDS, FACTS, Facts, FactValue, type_of
from services.review.domain.policy.evaluation import Labels
from services.review.domain.policy.rule_checks import condition_violations
from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule
from tests.review.domain.policy import strategies

HARMLESS = [{"change_kind": "pause"}, {"change_kind": "stop", "ships_arm": False}]


def _policy(*rules: PolicyRule) -> Policy:
    return Policy(1, rules)


@settings(deadline=None)
@given(
    st.lists(strategies.any_rules, max_size=4),
    st.sampled_from(HARMLESS),
    strategies.some_facts,
    strategies.labels,
)
def test_evaluate_when_the_change_only_reduces_harm_then_no_rule_is_asked(
    rules: list[PolicyRule], harmless: dict[str, FactValue], others: dict[str, FactValue], labels: Labels
) -> None:
    policy, facts = _policy(*rules), {**others, **harmless}

    assert evaluation.requirements(policy, facts, labels) == ()
    assert all(not result.matches and not result.failed for result in evaluation.evaluate(policy, facts, labels))


COMPARE = {
    Operator.EQUALS: operator.eq,
    Operator.DIFFERS: operator.ne,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
    Operator.ABOVE: operator.gt,
    Operator.BELOW: operator.lt,
}


def _covers(rule: PolicyRule, facts: Facts, labels: Labels) -> bool:
    """Says whether the rule is about such changes of such experiments."""
    kind_fits = not rule.change_kinds or facts["change_kind"] in rule.change_kinds
    return kind_fits and set(rule.labels.items()) <= set(labels.after.items())


def _escapes(rule: PolicyRule, labels: Labels) -> bool:
    asked = set(rule.labels.items())
    return bool(asked) and asked <= set(labels.before.items()) and not asked <= set(labels.after.items())


def _gated(facts: Facts) -> bool:
    return facts["change_kind"] != "pause" and (facts["change_kind"] != "stop" or facts["ships_arm"] is not False)


@settings(deadline=None)
@given(strategies.rules, strategies.complete_facts.filter(_gated), strategies.labels)
def test_evaluate_when_all_is_known_then_a_rule_matches_where_all_its_parts_do(
    rule: PolicyRule, facts: dict[str, FactValue], labels: Labels
) -> None:
    holding = all(COMPARE[each.operator](facts[each.fact], each.value) for each in rule.conditions)

    result = evaluation.evaluate(_policy(rule), facts, labels)[0]

    assert result.matches == (_escapes(rule, labels) or (_covers(rule, facts, labels) and holding))
    assert not result.failed


@settings(deadline=None)
@given(
    strategies.rules,
    strategies.broken_conditions,
    st.integers(0, 2),
    strategies.complete_facts.filter(_gated),
    strategies.labels,
)
def test_evaluate_when_a_condition_is_broken_then_a_rule_that_covers_the_change_matches(
    rule: PolicyRule, broken: Condition, place: int, facts: dict[str, FactValue], labels: Labels
) -> None:
    mixed = replace(rule, conditions=(*rule.conditions[:place], broken, *rule.conditions[place:]))

    result = evaluation.evaluate(_policy(mixed), facts, labels)[0]

    assert result.matches == (_escapes(rule, labels) or _covers(rule, facts, labels))
    assert result.failed == (not _escapes(rule, labels) and _covers(rule, facts, labels))


@settings(deadline=None)
@given(strategies.conditions, strategies.complete_facts.filter(_gated))
def test_evaluate_when_a_value_is_missing_then_the_rule_matches(
    condition: Condition, facts: dict[str, FactValue]
) -> None:
    facts.pop(condition.fact)

    result = evaluation.evaluate(_policy(PolicyRule("any", conditions=(condition,))), facts, Labels())[0]

    assert (result.matches, result.failed) == (True, True)


def _is_out_of_scope(rule: PolicyRule, facts: Facts, labels: Labels) -> bool:
    kinds: Any = rule.change_kinds
    other_kind = bool(kinds) and all(kind in CHANGE_KINDS for kind in kinds) and facts.get("change_kind") not in kinds
    return other_kind or any(labels.after.get(key) != value for key, value in (rule.labels or {}).items())


def _is_refuted(rule: PolicyRule, facts: Facts) -> bool:
    conditions: Any = rule.conditions or ()
    readable = all(
        not list(condition_violations(each)) and type_of(facts.get(each.fact)) is FACTS[each.fact].type
        for each in conditions
    )
    return readable and not all(COMPARE[each.operator](facts[each.fact], each.value) for each in conditions)


@settings(deadline=None, max_examples=300)
@given(strategies.any_rules, strategies.some_facts, strategies.labels)
def test_evaluate_when_anything_at_all_is_wrong_then_only_a_rule_that_is_known_not_to_match_does_not(
    rule: PolicyRule, facts: dict[str, FactValue], labels: Labels
) -> None:
    result = evaluation.evaluate(_policy(rule), facts, labels)[0]
    asked = evaluation.requirements(_policy(rule), facts, labels)

    if result.matches:
        assert asked[0].approval_count >= 1
    elif result.reasons != (evaluation.HARMLESS,):
        assert _is_out_of_scope(rule, facts, labels) or _is_refuted(rule, facts)
    assert result.reasons
    assert result.matches or not result.failed


@settings(deadline=None)
@given(
    st.lists(strategies.any_rules, max_size=3),
    strategies.any_rules,
    st.integers(0, 3),
    strategies.some_facts,
    strategies.labels,
)
def test_requirements_when_a_rule_is_added_then_nothing_that_was_asked_for_is_taken_away(
    rules: list[PolicyRule], added: PolicyRule, place: int, facts: dict[str, FactValue], labels: Labels
) -> None:
    less = evaluation.requirements(_policy(*rules), facts, labels)
    more = evaluation.requirements(_policy(*rules[:place], added, *rules[place:]), facts, labels)

    rest = iter(more)
    # Each is found, in order, in what is left of the longer list.
    assert all(any(repr(each) == repr(other) for other in rest) for each in less)


@settings(deadline=None)
@given(st.lists(strategies.any_rules, max_size=3))
def test_requirements_when_the_rules_are_edited_then_no_rule_can_take_the_admin_away(rules: list[PolicyRule]) -> None:
    found = evaluation.requirements(_policy(*rules), {"change_kind": "edit_policy_rules"}, Labels())

    assert any((each.roles, each.groups) == (("admin",), ()) and each.rule_id == "policy-edits" for each in found)
