"""All that policy says of a change, at once."""

from services.review.domain import changes
from services.review.domain.policy import judgement
from services.review.domain.policy.evaluation import HARMLESS
from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule
from tests.review.domain.policy.cases import SURROUNDINGS, after
from tests.review.examples import draft, running

RISKY = PolicyRule("risky", conditions=(Condition("risk_score", Operator.AT_LEAST, 30),), approval_count=2)
OWNED = PolicyRule("owned", labels={"team": "pay"}, groups=("pay",))
POLICY = Policy(7, (RISKY, OWNED))


def test_of_change_when_a_rule_asks_about_the_risk_then_it_is_a_fact() -> None:
    before = draft(labels={"team": "pay"})

    found = judgement.of_change(POLICY, "start", before, after(changes.Start(), before), SURROUNDINGS)

    assert found.policy_version == 7
    assert found.facts["risk_score"] == found.risk.score == 31
    assert [(each.rule_id, each.approval_count, each.groups) for each in found.requirements] == [
        ("risky", 2, ()),
        ("owned", 1, ("pay",)),
    ]
    assert not found.never_gated


def test_of_change_when_labels_are_taken_away_then_the_rule_that_goes_by_them_asks() -> None:
    before, change = running(labels={"team": "pay"}), changes.EditDetails(labels={})

    found = judgement.of_change(POLICY, change.kind, before, after(change, before), SURROUNDINGS)

    assert [each.rule_id for each in found.requirements] == ["owned"]


def test_of_change_when_it_only_reduces_harm_then_it_says_so() -> None:
    before = running(labels={"team": "pay"})

    found = judgement.of_change(POLICY, "pause", before, after(changes.Pause(), before), SURROUNDINGS)

    assert found.never_gated
    assert found.requirements == ()
    assert [(each.matches, each.reasons) for each in found.results] == [(False, (HARMLESS,))] * 2


def test_of_policy_edit_when_rules_ask_about_risk_then_they_ask_beside_the_admin() -> None:
    found = judgement.of_policy_edit(POLICY)

    assert [each.rule_id for each in found.requirements] == ["risky", "policy-edits"]
    assert (found.facts["risk_score"], found.never_gated) == (50, False)
