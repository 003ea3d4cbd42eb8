"""Which verdicts on a change request count, and who may give one, as far as it depends on the request."""

from collections.abc import Iterator

from services.review.domain.change_request import Author, ChangeRequest, ChangeRequestState, Verdict, VerdictKind
from services.review.domain.policy import quorum
from shared import errors


def is_stale(verdict: Verdict, request: ChangeRequest) -> bool:
    """Returns whether the request was edited since the verdict."""
    return (verdict.request_revision, verdict.digest) != (request.request_revision, request.digest)


def counting(request: ChangeRequest) -> tuple[Verdict, ...]:
    """Returns the verdicts that count: of each person the last one on this revision, and none of an author's."""
    latest: list[Verdict] = []
    for verdict in request.verdicts:
        if is_stale(verdict, request) or any(verdict.reviewer.is_same_person(author) for author in request.authors):
            continue
        latest = [other for other in latest if not other.reviewer.is_same_person(verdict.reviewer)]
        latest.append(verdict)
    return tuple(latest)


def awaits(request: ChangeRequest, reviewer: Author) -> bool:
    """Returns whether the reviewer may judge the request and has not yet, or may sign its emergency."""
    if any(reviewer.is_same_person(author) for author in request.authors):
        return False
    if request.emergency and not request.emergency.signed_by:
        return not reviewer.is_same_person(request.emergency.actor)
    waiting = request.state in (ChangeRequestState.PENDING, ChangeRequestState.CHANGES_REQUESTED)
    return waiting and not any(verdict.reviewer.is_same_person(reviewer) for verdict in counting(request))


def approvals(request: ChangeRequest) -> tuple[quorum.Tally, ...]:
    """Returns for each requirement who approved it, and whether that is enough."""
    given = tuple(_approvals(request))
    return quorum.tally(request.assessment.requirements, given)


def require_seen(request: ChangeRequest, request_revision: int, digest: str) -> None:
    """Returns if the caller saw the request as it is.

    Args:
        request: As it is.
        request_revision: What the caller saw.
        digest: What the caller saw; empty: only the revision counts.

    Raises:
        Aborted: STALE_REVISION.
    """
    if (request_revision, digest or request.digest) != (request.request_revision, request.digest):
        raise errors.Aborted(
            errors.Reason.STALE_REVISION,
            f"change request {request.change_request_id} is at revision {request.request_revision}, digest "
            f"{request.digest}: read it again",
            metadata={
                "change_request_id": request.change_request_id,
                "request_revision": str(request.request_revision),
                "digest": request.digest,
            },
        )


def require_stranger(request: ChangeRequest, reviewer: Author) -> None:
    """Returns if the reviewer wrote nothing of the request, under any name.

    Raises:
        PermissionDenied: APPROVAL_NOT_ALLOWED.
    """
    requester, *contributors = request.authors
    if reviewer.is_same_person(requester):
        raise not_allowed(request, "requester")
    if any(reviewer.is_same_person(author) for author in contributors):
        raise not_allowed(request, "contributor")


def not_allowed(request: ChangeRequest, obstacle: str) -> errors.PermissionDenied:
    """Returns the error for a reviewer who had a hand in the request."""
    return errors.PermissionDenied(
        errors.Reason.APPROVAL_NOT_ALLOWED,
        f"change request {request.change_request_id} needs somebody else: you are its {obstacle}",
        metadata={"change_request_id": request.change_request_id, "obstacle": obstacle},
    )


def _approvals(request: ChangeRequest) -> Iterator[quorum.Approval]:
    for verdict in counting(request):
        if verdict.kind is VerdictKind.APPROVE:
            reviewer = verdict.reviewer
            yield quorum.Approval(
                reviewer.principal_id, reviewer.person_id or reviewer.principal_id, verdict.roles, verdict.groups
            )
