"""Whether the approvals given are those that the requirements ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.review.domain.policy.evaluation import Requirement


@dataclass(frozen=True, slots=True)
class Approval:
    """Is an approval that counts: given by somebody who may, of the request as it is.

    Attributes:
        principal_id: Who gave it.
        person_id: Who that is: the approvals of one person count once. Empty: the principal is a person of its own.
        roles: The reviewer's.
        groups: The reviewer's.
    """

    principal_id: str
    person_id: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tally:
    """Says of one requirement who approved it: the principals, one for each person."""

    requirement: Requirement
    approved_by: tuple[str, ...]

    @property
    def rule_id(self) -> str:
        """Returns the rule that asks."""
        return self.requirement.rule_id

    @property
    def satisfied(self) -> bool:
        """Returns whether that is enough; nobody is never enough."""
        return len(self.approved_by) >= max(1, self.requirement.approval_count)


def tally(requirements: Sequence[Requirement], approvals: Sequence[Approval]) -> tuple[Tally, ...]:
    """Returns for each requirement whose approvals count for it; one person may count for several."""
    return tuple(Tally(requirement, _approved_by(requirement, approvals)) for requirement in requirements)


def _approved_by(requirement: Requirement, approvals: Sequence[Approval]) -> tuple[str, ...]:
    people: dict[str, str] = {}
    for approval in approvals:
        if _counts(approval, requirement):
            people.setdefault(approval.person_id or approval.principal_id, approval.principal_id)
    return tuple(people.values())


def _counts(approval: Approval, requirement: Requirement) -> bool:
    if not requirement.roles and not requirement.groups:
        return True
    return not approval.roles.isdisjoint(requirement.roles) or not approval.groups.isdisjoint(requirement.groups)
