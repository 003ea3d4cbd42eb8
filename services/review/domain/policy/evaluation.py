"""What the rules make of a change: which match and why, and what they ask for.

A rule that cannot be evaluated counts as matching. Rules add up: each that matches asks for its own approvals, so that
one more rule can tighten and never loosen. What only reduces harm is not asked of any.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.review.domain.policy.built_in import BUILT_IN_RULES
from services.review.domain.policy.catalogue import CHANGE_KINDS, Facts, type_of
from services.review.domain.policy.facts import only_reduces_harm
from services.review.domain.policy.rule_checks import MAX_APPROVAL_COUNT, condition_violations
from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule
from shared.identity.principal import Role

HARMLESS: Final = "only reduces harm, which is never asked of any rule"
_CLOSED: Final = "which counts as matching"
_STRICTEST: Final[tuple[int, tuple[str, ...], tuple[str, ...]]] = (MAX_APPROVAL_COUNT, (Role.ADMIN.value,), ())

_COMPARISONS: Final[Mapping[Operator, tuple[Callable[[Any, Any], bool], str, str]]] = MappingProxyType(
    {
        Operator.EQUALS: (operator.eq, "as asked", "not {}"),
        Operator.DIFFERS: (operator.ne, "not {}", "which is excluded"),
        Operator.AT_LEAST: (operator.ge, "at least {}", "not at least {}"),
        Operator.AT_MOST: (operator.le, "at most {}", "not at most {}"),
        Operator.ABOVE: (operator.gt, "above {}", "not above {}"),
        Operator.BELOW: (operator.lt, "below {}", "not below {}"),
    }
)
"""How each compares, and the words for where it holds and where it does not."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Are the labels of the experiment before the change and after it; those of no experiment are empty."""

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Is what one rule made of a change.

    Attributes:
        reasons: Why, or why not, for people: a line for each part of the rule.
        failed: It could not be evaluated and therefore counts as matching.
    """

    rule_id: str
    matches: bool
    reasons: tuple[str, ...]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """Is what a matching rule asks for; with neither roles nor groups, every reviewer counts."""

    rule_id: str
    reasons: tuple[str, ...]
    approval_count: int
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """Says whether a part of a rule holds; None: nobody can tell."""

    holds: bool | None
    words: str


def evaluate(policy: Policy, facts: Facts, labels: Labels) -> tuple[RuleResult, ...]:
    """Returns what each rule of the policy makes of the change, and those built-in rules that match it."""
    return tuple(result for _, result in _evaluated(policy, facts, labels))


def requirements(policy: Policy, facts: Facts, labels: Labels) -> tuple[Requirement, ...]:
    """Returns what the matching rules ask for, in the order of the rules; nothing: no approval is needed."""
    return tuple(_requirement(rule, result) for rule, result in _evaluated(policy, facts, labels) if result.matches)


def _evaluated(policy: Policy, facts: Facts, labels: Labels) -> Iterator[tuple[PolicyRule, RuleResult]]:
    if only_reduces_harm(facts):
        yield from ((rule, RuleResult(rule.rule_id, matches=False, reasons=(HARMLESS,))) for rule in policy.rules)
        return
    yield from ((rule, _result(rule, facts, labels)) for rule in policy.rules)
    built_in = ((rule, _result(rule, facts, labels)) for rule in BUILT_IN_RULES)
    yield from ((rule, result) for rule, result in built_in if result.matches)


def _result(rule: PolicyRule, facts: Facts, labels: Labels) -> RuleResult:
    try:
        return _weighed(rule, facts, labels)
    except Exception as error:
        # Whatever is wrong with a rule: it asks, rather than lets something pass.
        reason = f"could not be evaluated ({type(error).__name__}), {_CLOSED}"
        return RuleResult(rule.rule_id, matches=True, reasons=(reason,), failed=True)


def _weighed(rule: PolicyRule, facts: Facts, labels: Labels) -> RuleResult:
    if _escapes(rule, labels):
        reason = f"takes the experiment out of the rule's labels, {_CLOSED}"
        return RuleResult(rule.rule_id, matches=True, reasons=(reason,))
    scope = [*_kind_part(rule, facts), *_label_part(rule, labels)]
    conditions = [_condition_part(condition, facts) for condition in rule.conditions]
    parts = [*scope, *conditions]
    in_scope = all(part.holds is not False for part in scope)
    failed = in_scope and any(part.holds is None for part in parts)
    matches = failed or all(part.holds for part in parts)
    reasons = tuple(part.words for part in parts) or ("matches every change",)
    return RuleResult(rule.rule_id, matches, reasons, failed)


def _escapes(rule: PolicyRule, labels: Labels) -> bool:
    """Returns whether the change takes away a label that the rule goes by: else it would open the door to the next."""
    return bool(rule.labels) and _carries(labels.before, rule) and not _carries(labels.after, rule)


def _carries(labels: Mapping[str, str], rule: PolicyRule) -> bool:
    return all(labels.get(key) == value for key, value in rule.labels.items())


def _kind_part(rule: PolicyRule, facts: Facts) -> Iterator[_Part]:
    if not rule.change_kinds:
        return
    kind, listed = facts.get("change_kind"), ", ".join(rule.change_kinds)
    unknown = [each for each in rule.change_kinds if each not in CHANGE_KINDS]
    if kind not in CHANGE_KINDS:
        yield _Part(None, f"change_kind is not known, {_CLOSED}")
    elif kind in rule.change_kinds:
        yield _Part(holds=True, words=f"{kind} is one of {listed}")
    elif unknown:
        yield _Part(None, f"{unknown[0]!r} is no kind of change, {_CLOSED}")
    else:
        yield _Part(holds=False, words=f"{kind} is none of {listed}")


def _label_part(rule: PolicyRule, labels: Labels) -> Iterator[_Part]:
    if rule.labels:
        listed = ", ".join(f"{key}={value}" for key, value in rule.labels.items())
        carried = _carries(labels.after, rule)
        yield _Part(carried, f"the experiment {'carries' if carried else 'does not carry'} {listed}")


def _condition_part(condition: Condition, facts: Facts) -> _Part:
    for violation in condition_violations(condition):
        return _Part(None, f"the condition's {violation.field} {violation.description}, {_CLOSED}")
    fact, wanted = facts.get(condition.fact), condition.value
    if type_of(fact) is not type_of(wanted):
        problem = "is not known" if fact is None else f"is {fact!r}, which cannot be compared with {wanted!r}"
        return _Part(None, f"{condition.fact} {problem}, {_CLOSED}")
    compare, holding, failing = _COMPARISONS[condition.operator]
    holds = compare(fact, wanted)
    return _Part(holds, f"{condition.fact} is {_text(fact)}, {(holding if holds else failing).format(_text(wanted))}")


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.6g}"
        case _:
            return str(value)


def _requirement(rule: PolicyRule, result: RuleResult) -> Requirement:
    count, roles, groups = _demand(rule)
    audiences = rule.audiences if _are_texts(rule.audiences) else ()
    return Requirement(rule.rule_id, result.reasons, count, roles, groups, audiences)


def _demand(rule: PolicyRule) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Returns how many must approve, of which roles and groups; the most there is where the rule does not tell."""
    count = rule.approval_count
    if type(count) is not int or count < 1 or not _are_texts(rule.roles) or not _are_texts(rule.groups):
        return _STRICTEST
    return count, rule.roles, rule.groups


def _are_texts(values: Any) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, str) for value in values)
