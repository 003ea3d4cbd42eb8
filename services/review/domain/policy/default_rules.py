"""The set of rules that ships: version 0 of the policy."""

from dataclasses import replace
from typing import Final

from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule
from shared.definition.model import ExperimentState

THRESHOLD: Final = 0.05
"""The most that a share may change without an approval, of all units or of those that take part."""

_ALLOCATING: Final = ("edit_arms", "edit_allocation")
_ALLOCATING_OR_MEASURING: Final = (*_ALLOCATING, "edit_metrics")


def _is(fact: str) -> Condition:
    return Condition(fact, Operator.EQUALS, value=True)


def _above(fact: str, value: float) -> Condition:
    return Condition(fact, Operator.ABOVE, value)


# A pause is free for all: what is paused is as much under review as what runs.
_STARTED: Final = Condition("experiment_state", Operator.DIFFERS, ExperimentState.DRAFT.value)
_PERCENT: Final = f"{100 * THRESHOLD:g} percentage points"

_ONE_APPROVAL: Final = (
    PolicyRule("start", "A start puts units into the arms.", ("start",)),
    PolicyRule("resume", "So does a resume, with whatever was edited meanwhile.", ("resume",)),
    PolicyRule(
        "ship",
        "A stop with another arm than the control gives it to everyone, for good.",
        ("stop",),
        conditions=(_is("ships_arm"),),
    ),
    PolicyRule(
        "traffic",
        f"More or less traffic, by more than {_PERCENT}.",
        ("edit_traffic",),
        conditions=(_STARTED, _above("traffic_change", THRESHOLD)),
    ),
    PolicyRule(
        "holdout",
        f"A larger or smaller holdout, by more than {_PERCENT}.",
        ("edit_traffic",),
        conditions=(_STARTED, _above("holdout_change", THRESHOLD)),
    ),
    PolicyRule(
        "analysis-split",
        f"A larger or smaller analysis split, by more than {_PERCENT}.",
        ("edit_traffic",),
        conditions=(_STARTED, _above("analysis_share_change", THRESHOLD)),
    ),
    PolicyRule(
        "weights",
        f"An arm's share moves by more than {_PERCENT}.",
        _ALLOCATING,
        conditions=(_STARTED, _above("weight_change", THRESHOLD)),
    ),
    PolicyRule(
        "exploration",
        "Another exploration floor.",
        _ALLOCATING,
        conditions=(_STARTED, _above("exploration_floor_change", 0)),
    ),
    PolicyRule(
        "algorithm",
        "Another algorithm, or something else for it to go by.",
        _ALLOCATING_OR_MEASURING,
        conditions=(_STARTED, _is("algorithm_changed")),
    ),
    PolicyRule("arms-added", "A new arm.", ("edit_arms",), conditions=(_STARTED, _above("arms_added", 0))),
    PolicyRule(
        "arms-removed", "An arm is taken away.", ("edit_arms",), conditions=(_STARTED, _above("arms_removed", 0))
    ),
    PolicyRule(
        "primary-metric",
        "Another primary metric: what decides is not changed after the start by one alone.",
        ("edit_metrics",),
        conditions=(_STARTED, _is("primary_metric_changed")),
    ),
    PolicyRule(
        "guardrail",
        "Another guardrail, or another pause by guardrails.",
        _ALLOCATING_OR_MEASURING,
        conditions=(_STARTED, _is("guardrail_changed")),
    ),
)


def _with_revenue(rule: PolicyRule) -> PolicyRule:
    return replace(
        rule,
        rule_id=f"{rule.rule_id}-revenue",
        description=f"Two where revenue is a guardrail. {rule.description}",
        conditions=(*rule.conditions, _is("revenue_guardrail")),
        approval_count=2,
    )


DEFAULT_POLICY: Final = Policy(
    version=0,
    rules=(
        *_ONE_APPROVAL,
        PolicyRule(
            "ship-paused",
            "An arm that a guardrail paused is not shipped by one alone.",
            ("stop",),
            conditions=(_is("ships_paused_arm"),),
            approval_count=2,
        ),
        *(_with_revenue(rule) for rule in _ONE_APPROVAL),
    ),
)
"""One approval for what matters, two where revenue is a guardrail; nothing for words and for drafts."""
