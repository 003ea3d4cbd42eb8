"""What makes policy rules valid: every rule is checked, and every field at fault is named.

Field paths are relative to what holds the rules, such as `rules[2].conditions[0].fact`.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from services.review.domain import checks
from services.review.domain.policy import catalogue
from services.review.domain.policy.built_in import RESERVED_IDS
from services.review.domain.policy.catalogue import FACTS, FactType
from services.review.domain.policy.rules import Condition, Operator, PolicyRule
from shared import errors
from shared.identity.principal import Role

RULE_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
APPROVER_ROLES: Final = tuple(role.value for role in Role if role not in (Role.SERVICE, Role.AGENT))
"""The roles that a rule can name; services and agents approve nothing."""
MAX_RULES: Final = 100
MAX_DESCRIPTION_LENGTH: Final = 500
MAX_LABELS: Final = 16
MAX_CONDITIONS: Final = 16
MAX_APPROVAL_COUNT: Final = 10
MAX_GROUPS: Final = 32
MAX_AUDIENCES: Final = 16
MAX_NAME_LENGTH: Final = 63

_GATED_KINDS: Final = tuple(kind for kind in catalogue.CHANGE_KINDS if kind != "pause")
_SAME_OR_NOT: Final = (Operator.EQUALS, Operator.DIFFERS)
_OPERATORS: Final = {
    FactType.FLAG: _SAME_OR_NOT,
    FactType.TEXT: _SAME_OR_NOT,
    FactType.NUMBER: tuple(Operator),
}


def violations(rules: Sequence[PolicyRule]) -> tuple[errors.FieldViolation, ...]:
    """Returns everything that is wrong with the rules; nothing means that they are valid."""
    found = (_rule(f"rules[{index}]", rule) for index, rule in enumerate(rules))
    return (
        *checks.length("rules", rules, 0, MAX_RULES),
        *checks.unique("rules", "rule_id", (rule.rule_id for rule in rules)),
        *itertools.chain.from_iterable(found),
    )


def condition_violations(condition: Condition) -> checks.Violations:
    """Yields what is wrong with a condition; field paths are relative to it."""
    fact = FACTS.get(condition.fact)
    if fact is None:
        yield errors.FieldViolation("fact", f"is {condition.fact!r}, which is no fact; docs/review.md lists them")
        return
    yield from _one_of("operator", condition.operator, _OPERATORS[fact.type])
    if catalogue.type_of(condition.value) is not fact.type:
        yield errors.FieldViolation("value", f"is {condition.value!r}, must be a {fact.type} as {condition.fact} is")
    elif fact.choices:
        yield from _one_of("value", str(condition.value), fact.choices)


def _rule(path: str, rule: PolicyRule) -> checks.Violations:
    yield from checks.matches(f"{path}.rule_id", rule.rule_id, RULE_ID)
    if rule.rule_id in RESERVED_IDS:
        yield errors.FieldViolation(f"{path}.rule_id", f"is {rule.rule_id!r}, which is reserved")
    yield from checks.length(f"{path}.description", rule.description, 0, MAX_DESCRIPTION_LENGTH)
    yield from _scope(path, rule)
    yield from _conditions(f"{path}.conditions", rule.conditions)
    yield from checks.within(f"{path}.approval_count", rule.approval_count, 1, MAX_APPROVAL_COUNT)
    yield from _each_one_of(f"{path}.roles", rule.roles, APPROVER_ROLES)
    yield from _names(f"{path}.groups", rule.groups, MAX_GROUPS)
    yield from _names(f"{path}.audiences", rule.audiences, MAX_AUDIENCES)


def _scope(path: str, rule: PolicyRule) -> checks.Violations:
    yield from _each_one_of(f"{path}.change_kinds", rule.change_kinds, _GATED_KINDS)
    yield from checks.length(f"{path}.labels", rule.labels, 0, MAX_LABELS)
    for key, value in rule.labels.items():
        yield from checks.length(f"{path}.labels", key, 1, MAX_NAME_LENGTH)
        yield from checks.length(f'{path}.labels["{key}"]', value, 0, MAX_NAME_LENGTH)


def _conditions(path: str, conditions: tuple[Condition, ...]) -> checks.Violations:
    yield from checks.length(path, conditions, 0, MAX_CONDITIONS)
    for index, condition in enumerate(conditions):
        for item in condition_violations(condition):
            yield errors.FieldViolation(f"{path}[{index}].{item.field}", item.description)


def _names(path: str, names: tuple[str, ...], most: int) -> checks.Violations:
    yield from checks.length(path, names, 0, most)
    for index, name in enumerate(names):
        yield from checks.length(f"{path}[{index}]", name, 1, MAX_NAME_LENGTH)


def _each_one_of(path: str, values: tuple[str, ...], allowed: Iterable[str]) -> checks.Violations:
    for index, value in enumerate(values):
        yield from _one_of(f"{path}[{index}]", value, allowed)


def _one_of(path: str, value: str, allowed: Iterable[str]) -> checks.Violations:
    if value not in allowed:
        yield errors.FieldViolation(path, f"is {value!r}, must be one of {', '.join(allowed)}")
