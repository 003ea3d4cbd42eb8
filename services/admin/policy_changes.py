"""How many rules a file adds to the policy in force, changes and removes."""

from collections.abc import Iterable

from experimentation.v1 import review_pb2
from services.admin.words import plural


def summary(before: Iterable[review_pb2.PolicyRule], after: Iterable[review_pb2.PolicyRule]) -> str:
    """Returns it in words, such as `1 rule added, 0 changed, 2 removed`; rules are the same by their ids."""
    old, new = ({rule.rule_id: rule for rule in rules} for rules in (before, after))
    changed = sum(old[rule_id] != rule for rule_id, rule in new.items() if rule_id in old)
    return f"{plural(len(new.keys() - old), 'rule')} added, {changed} changed, {len(old.keys() - new)} removed"
