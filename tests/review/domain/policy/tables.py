"""The tables that docs/review.md prints of policy, as the code has them.

`python -m tests.review.domain.policy.tables` prints them.
"""

from collections.abc import Callable, Iterator

from services.review.domain.policy import risk
from services.review.domain.policy.catalogue import FACTS, FactType
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from services.review.domain.policy.rules import Condition, Operator, PolicyRule

Table = Callable[[], str]

_SIGNS = {
    Operator.EQUALS: "is",
    Operator.DIFFERS: "is not",
    Operator.AT_LEAST: "at least",
    Operator.AT_MOST: "at most",
    Operator.ABOVE: "above",
    Operator.BELOW: "below",
}


def facts() -> str:
    """Returns the table of the facts."""
    rows = (f"| `{name}` | {fact.type} | {fact.description} |" for name, fact in FACTS.items())
    return _table("| fact | type | what it says |", rows)


def factors() -> str:
    """Returns the table of what adds to the risk score."""
    rows = (f"| `{term.fact}` | {_points(term)} | {term.words} |" for term in (*risk.DEEDS, *risk.CIRCUMSTANCES))
    return _table("| fact | points | what it is |", rows)


def default_rules() -> str:
    """Returns the table of the rules that ship, those for revenue aside, which are the others once more."""
    rows = (
        f"| `{rule.rule_id}` | {rule.approval_count} | {', '.join(rule.change_kinds)} | {_conditions(rule)} |"
        for rule in DEFAULT_POLICY.rules
        if not rule.rule_id.endswith("-revenue")
    )
    return _table("| rule | approvals | kinds of change | conditions |", rows)


def _points(term: risk.Term) -> str:
    if FACTS[term.fact].type is FactType.FLAG:
        return f"{term.points:g}"
    return f"{term.points:.3g} x value, at most {term.most:g}"


def _conditions(rule: PolicyRule) -> str:
    return ", ".join(map(_condition, rule.conditions))


def _condition(condition: Condition) -> str:
    value = str(condition.value).lower() if isinstance(condition.value, bool) else condition.value
    return f"`{condition.fact}` {_SIGNS[condition.operator]} {value}"


def _table(head: str, rows: Iterator[str]) -> str:
    rule = "|" + "---|" * (head.count("|") - 1)
    return "\n".join([head, rule, *rows]) + "\n"


if __name__ == "__main__":
    print(facts(), factors(), default_rules(), sep="\n")  # noqa: T201 - it is what it is for
