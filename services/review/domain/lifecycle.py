"""What each verb makes of a change request: pure, each from one request to the next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.review.domain import digests, standing, verbs
from services.review.domain.change_request import (
    NO_KEY,
    AnyChange,
    Assessment,
    Author,
    ChangeRequest,
    ChangeRequestState,
    Comment,
    Emergency,
    FieldDiff,
    RequestKey,
    Verdict,
    VerdictKind,
)
from services.review.domain.policy.evaluation import Requirement
from services.review.domain.verbs import TRANSITIONS, Verb
from shared import errors

LIFETIME = timedelta(days=14)
"""How long a request waits, after its last edit, before it expires; a scheduled one a day beyond its time, if later."""

BY_AGENT = Requirement("agents", ("an agent wrote some of it",), approval_count=1)
"""Is asked for where no rule asks for anything: what an AI proposes is never applied by itself."""

_BEYOND_SCHEDULE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """Is what a reviewer judges, and what follows from it for the target as it was read."""

    change: AnyChange
    base_revision: int
    target_etag: str
    diff: tuple[FieldDiff, ...]
    assessment: Assessment
    scheduled_at: datetime | None = None
    auto_apply: bool = False


def proposed(
    change_request_id: str,
    experiment_id: str,
    terms: Terms,
    *,
    author: Author,
    reason: str,
    draft: bool,
    now: datetime,
    contributors: tuple[Author, ...] = (),
    key: RequestKey = NO_KEY,
) -> ChangeRequest:
    """Returns a new request: a DRAFT, or one that is submitted."""
    fresh = ChangeRequest(
        change_request_id=change_request_id,
        experiment_id=experiment_id,
        change=terms.change,
        reason=reason,
        authors=(author, *contributors),
        state=ChangeRequestState.DRAFT,
        base_revision=terms.base_revision,
        target_etag=terms.target_etag,
        digest="",
        created_at=now,
        updated_at=now,
        # Made with the terms.
        expires_at=now,
        key=key,
    )
    drafted = _with_terms(fresh, terms, now)
    return drafted if draft else submitted(drafted, terms.assessment, now)


def require_submittable(request: ChangeRequest) -> None:
    """Returns if the request can be submitted.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    verbs.require_open(Verb.SUBMIT, request)


def require_editable(request: ChangeRequest, now: datetime) -> None:
    """Returns if the request can be edited.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    _require(Verb.EDIT, request, now)


def submitted(request: ChangeRequest, assessment: Assessment, now: datetime) -> ChangeRequest:
    """Returns the draft as a request that waits for verdicts, or needs none.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    _require(Verb.SUBMIT, request, now)
    assessed = _assessed(assessment, request.authors)
    again = replace(request, assessment=assessed, expires_at=_expiry(request.scheduled_at, now))
    return _moved(Verb.SUBMIT, again, _settled(again), now)


def edited(
    request: ChangeRequest, terms: Terms, *, editor: Author, now: datetime, reason: str | None = None
) -> ChangeRequest:
    """Returns the request with new terms: one revision on, its verdicts stale, the editor among its authors.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    _require(Verb.EDIT, request, now)
    authors = request.authors if editor in request.authors else (*request.authors, editor)
    again = replace(
        _with_terms(replace(request, authors=authors), terms, now),
        request_revision=request.request_revision + 1,
        reason=request.reason if reason is None else reason,
        failure="",
    )
    state = request.state if request.state is ChangeRequestState.DRAFT else _settled(again)
    return _moved(Verb.EDIT, again, state, now)


def judged(request: ChangeRequest, verdict: Verdict, now: datetime) -> ChangeRequest:
    """Returns the request with one more verdict, and where that leads.

    Raises:
        FailedPrecondition: INVALID_STATE.
        Aborted: STALE_REVISION, the verdict is of another revision or digest.
        PermissionDenied: APPROVAL_NOT_ALLOWED, the reviewer is one of the authors.
    """
    verb = Verb(verdict.kind.lower())
    _require(verb, request, now)
    standing.require_seen(request, verdict.request_revision, verdict.digest)
    standing.require_stranger(request, verdict.reviewer)
    again = replace(request, verdicts=(*request.verdicts, verdict))
    state = ChangeRequestState.REJECTED if verdict.kind is VerdictKind.REJECT else _settled(again)
    return _moved(verb, again, state, now)


def commented(request: ChangeRequest, comment: Comment, now: datetime) -> ChangeRequest:
    """Returns the request with one more comment."""
    return replace(request, comments=(*request.comments, comment), updated_at=now)


def cancelled(request: ChangeRequest, now: datetime) -> ChangeRequest:
    """Returns the request withdrawn.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    verbs.require_open(Verb.CANCEL, request)
    return _moved(Verb.CANCEL, request, ChangeRequestState.CANCELLED, now)


def expired(request: ChangeRequest, now: datetime) -> ChangeRequest:
    """Returns the request, whose time is over, as expired.

    Raises:
        FailedPrecondition: INVALID_STATE, it is closed, or its time is not over.
    """
    verbs.require_open(Verb.EXPIRE, request)
    if now < request.expires_at:
        raise _invalid_state(request, f"does not expire before {request.expires_at.isoformat()}")
    return _moved(Verb.EXPIRE, request, ChangeRequestState.EXPIRED, now)


def applying(request: ChangeRequest, now: datetime) -> ChangeRequest:
    """Returns the request as one that is being applied.

    Raises:
        FailedPrecondition: APPROVAL_REQUIRED, it lacks approvals; INVALID_STATE, or its time has not come.
    """
    if request.state in (ChangeRequestState.PENDING, ChangeRequestState.CHANGES_REQUESTED):
        raise _approval_required(request)
    _require(Verb.APPLY, request, now)
    if request.scheduled_at and now < request.scheduled_at:
        raise _invalid_state(request, f"is scheduled for {request.scheduled_at.isoformat()}: edit it to apply it now")
    if _settled(request) not in (ChangeRequestState.APPROVED, ChangeRequestState.SCHEDULED):
        raise _approval_required(request)
    return _moved(Verb.APPLY, request, ChangeRequestState.APPLYING, now)


def applying_in_emergency(request: ChangeRequest, *, actor: Author, justification: str, now: datetime) -> ChangeRequest:
    """Returns the request as one that is being applied without its approvals.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    _require(Verb.EMERGENCY_APPLY, request, now)
    again = replace(request, emergency=Emergency(actor, justification))
    return _moved(Verb.EMERGENCY_APPLY, again, ChangeRequestState.APPLYING, now)


def completed(request: ChangeRequest, applied_revision: int, now: datetime) -> ChangeRequest:
    """Returns the request that is being applied as applied."""
    verbs.require_open(Verb.COMPLETE, request)
    again = replace(request, applied_revision=applied_revision, applied_at=now)
    return _moved(Verb.COMPLETE, again, ChangeRequestState.APPLIED, now)


def failed(request: ChangeRequest, failure: str, now: datetime) -> ChangeRequest:
    """Returns the request that is being applied as one that could not be; no emergency came of it."""
    verbs.require_open(Verb.FAIL, request)
    again = replace(request, failure=failure, emergency=None)
    return _moved(Verb.FAIL, again, ChangeRequestState.FAILED, now)


def signed(request: ChangeRequest, *, signer: Author, comment: str, now: datetime) -> ChangeRequest:
    """Returns the request with its emergency reviewed.

    Raises:
        FailedPrecondition: INVALID_STATE, there was no emergency, or it is signed.
        PermissionDenied: APPROVAL_NOT_ALLOWED, the signer applied it or is one of the authors.
    """
    verbs.require_open(Verb.SIGN_EMERGENCY, request)
    if request.emergency is None or request.emergency.signed_by:
        raise _invalid_state(request, "has no emergency that waits for a review")
    if signer.is_same_person(request.emergency.actor):
        raise standing.not_allowed(request, "emergency actor")
    standing.require_stranger(request, signer)
    reviewed = replace(request.emergency, signed_by=signer.principal_id, sign_comment=comment, signed_at=now)
    return _moved(Verb.SIGN_EMERGENCY, replace(request, emergency=reviewed), request.state, now)


def _with_terms(request: ChangeRequest, terms: Terms, now: datetime) -> ChangeRequest:
    again = replace(
        request,
        change=terms.change,
        base_revision=terms.base_revision,
        target_etag=terms.target_etag,
        diff=terms.diff,
        assessment=_assessed(terms.assessment, request.authors),
        scheduled_at=terms.scheduled_at,
        auto_apply=terms.auto_apply,
        expires_at=_expiry(terms.scheduled_at, now),
    )
    digest = digests.sha256([again.target, again.target_etag, again.change, again.scheduled_at, again.auto_apply])
    return replace(again, digest=digest)


def _assessed(assessment: Assessment, authors: tuple[Author, ...]) -> Assessment:
    """Returns the assessment; where an agent wrote some of the request, somebody must approve in any case."""
    if assessment.requirements or not any(author.is_agent for author in authors):
        return assessment
    return replace(assessment, requirements=(BY_AGENT,))


def _expiry(scheduled_at: datetime | None, now: datetime) -> datetime:
    latest = now + LIFETIME
    return max(latest, scheduled_at + _BEYOND_SCHEDULE) if scheduled_at else latest


def _settled(request: ChangeRequest) -> ChangeRequestState:
    """Returns where the verdicts leave a submitted request."""
    if any(verdict.kind is VerdictKind.REQUEST_CHANGES for verdict in standing.counting(request)):
        return ChangeRequestState.CHANGES_REQUESTED
    if not all(each.satisfied for each in standing.approvals(request)):
        return ChangeRequestState.PENDING
    return ChangeRequestState.SCHEDULED if request.scheduled_at else ChangeRequestState.APPROVED


def _moved(verb: Verb, request: ChangeRequest, state: ChangeRequestState, now: datetime) -> ChangeRequest:
    if state not in TRANSITIONS[verb][request.state]:
        raise AssertionError(f"{verb} must not lead from {request.state} to {state}")
    return replace(request, state=state, updated_at=now)


def _require(verb: Verb, request: ChangeRequest, now: datetime) -> None:
    verbs.require_open(verb, request)
    if now >= request.expires_at:
        raise _invalid_state(request, f"expired at {request.expires_at.isoformat()}")


def _approval_required(request: ChangeRequest) -> errors.FailedPrecondition:
    lacking = [each.rule_id for each in standing.approvals(request) if not each.satisfied]
    blocked = [
        verdict.reviewer.principal_id
        for verdict in standing.counting(request)
        if verdict.kind is not VerdictKind.APPROVE
    ]
    missing = [f"approvals that {rule_id} asks for" for rule_id in lacking]
    missing += [f"the changes that {reviewer} asked for" for reviewer in blocked]
    return errors.FailedPrecondition(
        errors.Reason.APPROVAL_REQUIRED,
        f"change request {request.change_request_id} lacks {' and '.join(missing)}",
        metadata={"change_request_id": request.change_request_id, "missing": ", ".join(lacking + blocked)},
    )


def _invalid_state(request: ChangeRequest, problem: str) -> errors.FailedPrecondition:
    return errors.FailedPrecondition(
        errors.Reason.INVALID_STATE,
        f"change request {request.change_request_id} {problem}",
        metadata={"change_request_id": request.change_request_id, "state": request.state.value},
    )
