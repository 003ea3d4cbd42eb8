"""Policy rules as values; field by field those of review.proto."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.review.domain.policy.catalogue import FactValue


class Operator(StrEnum):
    """Says how a fact is compared with a condition's value."""

    EQUALS = "EQUALS"
    DIFFERS = "DIFFERS"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"
    ABOVE = "ABOVE"
    BELOW = "BELOW"


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where the fact compares so with the value."""

    fact: str
    operator: Operator
    value: FactValue


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """Asks for approvals of what matches all of it; a part that is empty matches everything.

    Attributes:
        change_kinds: One of them must be the change's.
        labels: The experiment must carry all of them.
        conditions: All must hold.
        approval_count: How many people must approve, 1 to 10.
        roles: A reviewer must have one of them, or be in one of the groups; with neither, every reviewer counts.
        groups: See roles.
        audiences: Who is told of a matching request.
    """

    rule_id: str
    description: str = ""
    change_kinds: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    approval_count: int = 1
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Is the set of rules in force from one applied change of them to the next; version 0 ships and has no author."""

    version: int
    rules: tuple[PolicyRule, ...]
    change_request_id: str = ""
    author: str = ""
    created_at: datetime | None = None
