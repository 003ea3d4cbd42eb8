"""What is written of every verb, in the transaction that it took effect in: its audit events, and the notices of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.review.domain import audit
from services.review.domain.change_request import ChangeRequest, ChangeRequestState
from services.review.domain.notices import NoticeEvent, Occurrence, Subject, notices_for
from services.review.domain.ports import Transaction
from services.review.domain.verbs import Verb

SYSTEM = "review"
"""The actor of what happens by itself."""

PROPOSE = "propose"
COMMENT = "comment"

_EVENTS: Mapping[str, NoticeEvent] = {
    COMMENT: NoticeEvent.COMMENTED,
    Verb.REJECT: NoticeEvent.REJECTED,
    Verb.REQUEST_CHANGES: NoticeEvent.CHANGES_REQUESTED,
    Verb.CANCEL: NoticeEvent.CANCELLED,
    Verb.EXPIRE: NoticeEvent.EXPIRED,
    Verb.SIGN_EMERGENCY: NoticeEvent.EMERGENCY_SIGNED,
}
_WAITING = (ChangeRequestState.PENDING, ChangeRequestState.CHANGES_REQUESTED)
_READY = (ChangeRequestState.APPROVED, ChangeRequestState.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Step:
    """Is one verb and the request after it; a call may take two, as when the last approval applies it."""

    verb: str
    request: ChangeRequest
    details: Mapping[str, str] = field(default_factory=dict)


def record(transaction: Transaction, *steps: Step, actor: str, now: datetime) -> None:
    """Writes the notices and the audit entries of what was done. Must come last in the transaction."""
    transaction.notices.add(
        notice
        for step in steps
        for event in _events(step)
        for notice in notices_for(_occurrence(event, step, actor, now), subject(step.request))
    )
    transaction.audit.append(*(entry(step, actor=actor, now=now) for step in steps))


def entry(step: Step, *, actor: str, now: datetime) -> audit.Entry:
    """Returns the audit entry of a verb, or of an attempt at one."""
    request = step.request
    facts = {
        "change_request_id": request.change_request_id,
        "change": request.change.kind,
        "state": request.state.value,
        "request_revision": str(request.request_revision),
        "digest": request.digest,
        **step.details,
    }
    return audit.Entry(actor, f"change_request.{step.verb}", request.target, facts, now)


def applied(request: ChangeRequest, verb: str = Verb.APPLY, **details: str) -> Step:
    """Returns the step by which the request was applied, or could not be."""
    if request.failure:
        return Step(verb, request, {**details, "failure": request.failure})
    return Step(verb, request, {**details, "revision": str(request.applied_revision), "requester": request.requester})


def subject(request: ChangeRequest) -> Subject:
    """Returns what notices tell of the request."""
    requirements = request.assessment.requirements
    return Subject(
        change_request_id=request.change_request_id,
        request_revision=request.request_revision,
        experiment_id=request.experiment_id,
        change_kind=request.change.kind,
        requester=request.requester,
        reason=request.reason,
        state=request.state.value,
        risk_score=request.assessment.risk_score,
        expires_at=request.expires_at,
        diff=request.diff,
        audiences=frozenset(audience for each in requirements for audience in each.audiences),
    )


def _events(step: Step) -> list[NoticeEvent]:
    """Returns what the step came to; that a draft is written, or what nobody need judge, is nobody else's business."""
    state = step.request.state
    match step.verb:
        case Verb.APPLY | Verb.EMERGENCY_APPLY if state is ChangeRequestState.FAILED:
            return [NoticeEvent.FAILED]
        case Verb.APPLY:
            return [NoticeEvent.APPLIED]
        case Verb.EMERGENCY_APPLY:
            return [NoticeEvent.EMERGENCY_APPLIED]
        case Verb.APPROVE:
            return [NoticeEvent.APPROVED] if state in _READY else []
        case "propose" | Verb.SUBMIT | Verb.EDIT:
            return [NoticeEvent.PROPOSED] if state in _WAITING else []
        case verb:
            return [_EVENTS[verb]]


def _occurrence(event: NoticeEvent, step: Step, actor: str, now: datetime) -> Occurrence:
    details = step.details
    said = details.get("failure") or details.get("justification") or details.get("comment", "")
    mark = details.get("comment_id") or str(len(step.request.verdicts))
    return Occurrence(event, now, actor=actor, comment=said, mark=mark)
