"""Whose approvals a change needs, and whose are still missing, in people."""

from collections.abc import Iterable, Sequence

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2


def people(requirement: review_pb2.Requirement) -> str:
    """Returns who must approve, such as `2 people, any reviewer`."""
    count = _needed(requirement)
    comma = "" if _is_restricted(requirement) else ","
    return f"{count} {'person' if count == 1 else 'people'}{comma} {who(requirement)}"


def who(requirement: review_pb2.Requirement) -> str:
    """Returns whose approvals count for a requirement."""
    roles = [f"role {name}" for name in requirement.roles]
    groups = [f"group {name}" for name in requirement.groups]
    named = " or ".join([*roles, *groups])
    return f"with {named}" if named else "any reviewer"


def strictest_first(requirements: Iterable[review_pb2.Requirement]) -> Sequence[review_pb2.Requirement]:
    """Returns the requirements: those that few can meet before those that everybody can, and of them the larger."""
    return sorted(requirements, key=lambda each: (not _is_restricted(each), -_needed(each)))


def distinct(requirements: Iterable[review_pb2.Requirement]) -> Sequence[review_pb2.Requirement]:
    """Returns the strictest of those that ask the same people, strictest first."""
    strictest: dict[str, review_pb2.Requirement] = {}
    for each in strictest_first(requirements):
        strictest.setdefault(who(each), each)
    return list(strictest.values())


def missing(request: pb.ChangeRequest, reviewer: str) -> str:
    """Returns whose approvals are missing, and whether the reviewer's counts; empty where none are.

    Args:
        request: The request after the reviewer's approval.
        reviewer: The principal who approved.
    """
    return "; ".join(_missing(each, reviewer) for each in distinct(request.requirements) if not each.satisfied)


def approved_already(request: pb.ChangeRequest, reviewer: str) -> bool:
    """Returns whether the reviewer's last verdict on the request as it is was an approval."""
    own = [each for each in request.verdicts if each.reviewer == reviewer and not each.stale]
    return bool(own) and own[-1].kind == review_pb2.VERDICT_KIND_APPROVE


def _missing(requirement: review_pb2.Requirement, reviewer: str) -> str:
    count = _needed(requirement) - len(requirement.approved_by)
    somebody = "somebody" if count == 1 else "people"
    whom = f"{somebody} {who(requirement)}" if _is_restricted(requirement) else who(requirement)
    yours = "" if reviewer in requirement.approved_by else " (yours does not count for it)"
    return f"needs {count} more: {whom}{yours}"


def _is_restricted(requirement: review_pb2.Requirement) -> bool:
    return bool(requirement.roles or requirement.groups)


def _needed(requirement: review_pb2.Requirement) -> int:
    return max(1, requirement.approval_count)
