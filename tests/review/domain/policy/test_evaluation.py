"""What rules make of a change."""

from dataclasses import replace
from typing import Any

import pytest

from services.review.domain.policy import evaluation
from services.review.domain.policy.catalogue import Facts, FactValue
from services.review.domain.policy.evaluation import Labels, Requirement, RuleResult
from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule

ANY = "any"
UNLABELLED = Labels()
EDIT: Facts = {"change_kind": "edit_traffic", "traffic_change": 0.2, "running": True, "experiment_state": "RUNNING"}


def _policy(*rules: PolicyRule) -> Policy:
    return Policy(1, rules)


def _result(rule: PolicyRule, facts: Facts = EDIT, labels: Labels = UNLABELLED) -> RuleResult:
    return evaluation.evaluate(_policy(rule), facts, labels)[0]


def _conditioned(fact: str, comparison: Operator, value: Any) -> PolicyRule:
    return PolicyRule(ANY, conditions=(Condition(fact, comparison, value),))


@pytest.mark.parametrize(
    ("fact", "comparison", "value", "matches", "words"),
    [
        ("traffic_change", Operator.EQUALS, 0.2, True, "traffic_change is 0.2, as asked"),
        ("traffic_change", Operator.EQUALS, 0.3, False, "traffic_change is 0.2, not 0.3"),
        ("traffic_change", Operator.DIFFERS, 0.3, True, "traffic_change is 0.2, not 0.3"),
        ("traffic_change", Operator.DIFFERS, 0.2, False, "traffic_change is 0.2, which is excluded"),
        ("traffic_change", Operator.AT_LEAST, 0.2, True, "traffic_change is 0.2, at least 0.2"),
        ("traffic_change", Operator.AT_LEAST, 0.3, False, "traffic_change is 0.2, not at least 0.3"),
        ("traffic_change", Operator.AT_MOST, 0.2, True, "traffic_change is 0.2, at most 0.2"),
        ("traffic_change", Operator.AT_MOST, 0.1, False, "traffic_change is 0.2, not at most 0.1"),
        ("traffic_change", Operator.ABOVE, 0.1, True, "traffic_change is 0.2, above 0.1"),
        ("traffic_change", Operator.ABOVE, 0.2, False, "traffic_change is 0.2, not above 0.2"),
        ("traffic_change", Operator.BELOW, 0.3, True, "traffic_change is 0.2, below 0.3"),
        ("traffic_change", Operator.BELOW, 0.2, False, "traffic_change is 0.2, not below 0.2"),
        ("running", Operator.EQUALS, True, True, "running is true, as asked"),
        ("running", Operator.EQUALS, False, False, "running is true, not false"),
        ("running", Operator.DIFFERS, False, True, "running is true, not false"),
        ("running", Operator.DIFFERS, True, False, "running is true, which is excluded"),
        ("experiment_state", Operator.EQUALS, "RUNNING", True, "experiment_state is RUNNING, as asked"),
        ("experiment_state", Operator.EQUALS, "DRAFT", False, "experiment_state is RUNNING, not DRAFT"),
        ("experiment_state", Operator.DIFFERS, "DRAFT", True, "experiment_state is RUNNING, not DRAFT"),
        ("experiment_state", Operator.DIFFERS, "RUNNING", False, "experiment_state is RUNNING, which is excluded"),
    ],
)
def test_condition_when_it_can_be_asked_then_holds_or_not_and_says_why(
    fact: str, comparison: Operator, value: FactValue, *, matches: bool, words: str
) -> None:
    assert _result(_conditioned(fact, comparison, value)) == RuleResult(ANY, matches, (words,))


@pytest.mark.parametrize(
    ("rule", "facts", "words"),
    [
        (_conditioned("moon_phase", Operator.EQUALS, 1.0), EDIT, "'moon_phase', which is no fact"),
        (_conditioned("traffic_change", Operator.ABOVE, True), EDIT, "must be a number"),
        (_conditioned("traffic_change", Operator.ABOVE, "0.1"), EDIT, "must be a number"),
        (_conditioned("traffic_change", Operator.ABOVE, float("nan")), EDIT, "must be a number"),
        (_conditioned("running", Operator.EQUALS, 1.0), EDIT, "must be a flag"),
        (_conditioned("running", Operator.ABOVE, False), EDIT, "operator is"),
        (_conditioned("experiment_state", Operator.BELOW, "RUNNING"), EDIT, "operator is"),
        (_conditioned("experiment_state", Operator.EQUALS, "RUNING"), EDIT, "must be one of DRAFT"),
        (_conditioned("traffic_share", Operator.ABOVE, 0.5), EDIT, "traffic_share is not known"),
        (_conditioned("running", Operator.EQUALS, False), {"running": 0.0}, "cannot be compared with False"),
        (
            _conditioned("traffic_change", Operator.ABOVE, 0.5),
            {"traffic_change": float("nan")},
            "is nan, which cannot be compared",
        ),
        (PolicyRule(ANY, change_kinds=("teleport",)), EDIT, "'teleport' is no kind of change"),
        (PolicyRule(ANY, change_kinds=("start",)), {}, "change_kind is not known"),
        (PolicyRule(ANY, change_kinds=("start",)), {"change_kind": "teleport"}, "change_kind is not known"),
    ],
)
def test_rule_when_it_cannot_be_asked_then_counts_as_matching(rule: PolicyRule, facts: Facts, words: str) -> None:
    result = _result(rule, facts)

    assert (result.matches, result.failed) == (True, True)
    assert words in result.reasons[0]
    assert result.reasons[0].endswith("which counts as matching")


@pytest.mark.parametrize(
    "fields",
    [{"labels": ["team"]}, {"conditions": "ab"}, {"conditions": (None,)}, {"conditions": 3}, {"change_kinds": 3}],
)
def test_rule_when_it_raises_then_counts_as_matching(fields: dict[str, Any]) -> None:
    result = _result(replace(PolicyRule(ANY), **fields))

    assert (result.matches, result.failed) == (True, True)
    assert "could not be evaluated" in result.reasons[0]


def test_rule_when_one_of_its_conditions_cannot_be_asked_then_the_others_cannot_save_it() -> None:
    rule = PolicyRule(
        ANY,
        conditions=(Condition("running", Operator.EQUALS, False), Condition("traffic_share", Operator.ABOVE, 0.5)),
    )

    result = _result(rule)

    assert (result.matches, result.failed) == (True, True)
    assert result.reasons == ("running is true, not false", "traffic_share is not known, which counts as matching")


def test_rule_when_it_is_about_other_changes_then_does_not_match_whatever_else_it_holds() -> None:
    rule = replace(_conditioned("moon_phase", Operator.EQUALS, 1.0), change_kinds=("start", "resume"))

    result = _result(rule)

    assert (result.matches, result.failed) == (False, False)
    assert result.reasons[0] == "edit_traffic is none of start, resume"


def test_rule_when_it_has_no_parts_then_matches_every_change() -> None:
    assert _result(PolicyRule(ANY)) == RuleResult(ANY, matches=True, reasons=("matches every change",))


@pytest.mark.parametrize(
    ("labels", "matches", "words"),
    [
        (Labels({"team": "pay", "tier": "1"}, {"team": "pay", "tier": "1"}), True, "carries team=pay"),
        (Labels({}, {"team": "pay"}), True, "carries team=pay"),
        (Labels({"team": "web"}, {"team": "web"}), False, "does not carry team=pay"),
        (Labels(), False, "does not carry team=pay"),
    ],
)
def test_labels_when_the_rule_names_some_then_the_experiment_must_carry_them(
    labels: Labels, *, matches: bool, words: str
) -> None:
    result = _result(PolicyRule(ANY, labels={"team": "pay"}), labels=labels)

    assert (result.matches, result.failed) == (matches, False)
    assert words in result.reasons[0]


@pytest.mark.parametrize("left", [{}, {"team": "web"}])
def test_labels_when_a_change_takes_the_experiment_out_of_a_rule_then_it_matches_whatever_it_is_about(
    left: dict[str, str],
) -> None:
    rule = PolicyRule(ANY, change_kinds=("start",), labels={"team": "pay"})
    facts = {"change_kind": "edit_details"}

    assert _result(rule, facts, Labels({"team": "pay"}, left)).matches
    assert not _result(rule, facts, Labels({"team": "pay"}, {"team": "pay", "more": "x"})).matches


def test_requirements_when_rules_match_then_each_asks_for_its_own() -> None:
    rules = (
        PolicyRule("all", approval_count=2, roles=("reviewer",), groups=("pay",), audiences=("on-call",)),
        PolicyRule("others", change_kinds=("start",)),
        _conditioned("moon_phase", Operator.EQUALS, 1.0),
    )

    first, second = evaluation.requirements(_policy(*rules), EDIT, UNLABELLED)

    assert first == Requirement("all", ("matches every change",), 2, ("reviewer",), ("pay",), ("on-call",))
    assert (second.rule_id, second.approval_count, second.roles) == (ANY, 1, ())
    assert "no fact" in second.reasons[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"approval_count": 0},
        {"approval_count": -1},
        {"approval_count": True},
        {"approval_count": None},
        {"approval_count": 2.5},
        {"roles": "admin"},
        {"groups": None},
        {"roles": (1,)},
    ],
)
def test_requirements_when_a_rule_does_not_tell_what_it_asks_for_then_it_is_the_most(fields: dict[str, Any]) -> None:
    (found,) = evaluation.requirements(_policy(replace(PolicyRule(ANY), **fields)), EDIT, UNLABELLED)

    assert (found.approval_count, found.roles, found.groups) == (10, ("admin",), ())


def test_requirements_when_the_rules_are_edited_then_an_admin_is_asked_without_any_rule() -> None:
    edit: Facts = {"change_kind": "edit_policy_rules"}

    (found,) = evaluation.requirements(_policy(), edit, UNLABELLED)
    (result,) = evaluation.evaluate(_policy(), edit, UNLABELLED)

    assert (found.rule_id, found.approval_count, found.roles, found.groups) == ("policy-edits", 1, ("admin",), ())
    assert (result.rule_id, result.matches) == ("policy-edits", True)
    assert evaluation.evaluate(_policy(), EDIT, UNLABELLED) == ()


@pytest.mark.parametrize(
    "facts",
    [
        {"change_kind": "stop"},
        {"change_kind": "stop", "ships_arm": True},
        {"change_kind": "stop", "ships_arm": 0.0},
        {"change_kind": "resume", "ships_arm": False},
        {},
    ],
)
def test_evaluate_when_a_change_is_not_known_to_only_reduce_harm_then_rules_are_asked(facts: Facts) -> None:
    assert _result(PolicyRule(ANY), facts).matches
