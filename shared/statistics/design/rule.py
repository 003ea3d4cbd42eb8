"""What a rule is, and what it says of a design."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from shared.statistics.design.case import Case
from shared.statistics.design.severity import Severity


class Broken(NamedTuple):
    """Says that the design breaks the rule.

    Attributes:
        message: What is wrong, with the numbers.
        fix: What would mend it, with the numbers.
    """

    severity: Severity
    message: str
    fix: str


class Unchecked(NamedTuple):
    """Says that the rule could not be judged, and what was missing."""

    because: str


Judgement: TypeAlias = Broken | Unchecked | None
"""What a rule says: broken, could not be judged, or None where it is kept or does not apply."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Is one thing that a sound design keeps.

    Attributes:
        rule_id: Such as "D07".
        title: What the rule asks for.
        source: Where it comes from.
        judge: A pure predicate.
    """

    rule_id: str
    title: str
    source: str
    judge: Callable[[Case], Judgement]


def error(message: str, fix: str) -> Broken:
    """Returns what blocks a design."""
    return Broken(Severity.ERROR, message, fix)


def warning(message: str, fix: str) -> Broken:
    """Returns what needs a reason."""
    return Broken(Severity.WARNING, message, fix)


def info(message: str, fix: str) -> Broken:
    """Returns what could be better."""
    return Broken(Severity.INFO, message, fix)
