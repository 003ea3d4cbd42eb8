"""Change requests: what would change, how risky that is, who has said what, and what one may do."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import moment
from shared.identity.permission import Permission

POLICY_TARGET: Final = "the policy rules"
_VERDICTS: Final = {
    review_pb2.VERDICT_KIND_APPROVE: Badge("approved", "good", "✓"),
    review_pb2.VERDICT_KIND_REJECT: Badge("rejected", "bad", "✗"),
    review_pb2.VERDICT_KIND_REQUEST_CHANGES: Badge("asked for changes", "warn", "↩"),
}
_JUDGED: Final = frozenset(
    {pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED, pb.CHANGE_REQUEST_STATE_APPROVED}
)
_OPEN: Final = _JUDGED | {pb.CHANGE_REQUEST_STATE_DRAFT, pb.CHANGE_REQUEST_STATE_SCHEDULED}


@dataclass(frozen=True, slots=True)
class RequestRow:
    """Is a change request at a glance."""

    change_request_id: str
    title: str
    target: str
    experiment_id: str
    state: Badge
    requester: str
    reason: str
    risk: str
    risk_tone: str
    approvals: str
    expires: str
    unsigned: bool
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequirementView:
    """Is what one policy rule asks for."""

    rule_id: str
    asks: str
    got: str
    satisfied: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Is a verdict or a comment, in the order of time."""

    who: str
    badge: Badge | None
    text: str
    at: datetime | None
    stale: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Powers:
    """Says which forms a page shows; the service decides what they may do."""

    comment: bool
    judge: bool
    submit: bool
    apply: bool
    cancel: bool
    emergency: bool
    sign: bool


@dataclass(frozen=True, slots=True)
class RequestView:
    """Is all that is known of a change request."""

    row: RequestRow
    key: str
    revision: int
    digest: str
    diff: tuple[review_pb2.FieldDiff, ...]
    risk_factors: tuple[tuple[str, str], ...]
    requirements: tuple[RequirementView, ...]
    policy_version: int
    talk: tuple[Said, ...]
    contributors: tuple[str, ...]
    created_at: datetime | None
    scheduled_at: datetime | None
    applied_at: datetime | None
    applied_revision: int
    auto_apply: bool
    failure: str
    emergency: review_pb2.Emergency | None
    powers: Powers


def request_rows(requests: Iterable[pb.ChangeRequest], now: datetime) -> tuple[RequestRow, ...]:
    """Returns requests at a glance."""
    return tuple(_row(request, now) for request in requests)


def request_view(
    request: pb.ChangeRequest, now: datetime, *, principal_id: str, permissions: Collection[str] | None
) -> RequestView:
    """Returns all of a request, with the forms for whoever looks; all forms where permissions are not known."""
    return RequestView(
        row=_row(request, now),
        key=news_key([request]),
        revision=request.request_revision,
        digest=request.digest,
        diff=tuple(request.diff),
        risk_factors=tuple((f"{factor.points:+.0f}", factor.description) for factor in request.risk_factors),
        requirements=tuple(_requirement(one) for one in request.requirements),
        policy_version=request.policy_version,
        talk=_talk(request),
        contributors=tuple(request.contributors),
        created_at=moment(request, "created_at"),
        scheduled_at=moment(request, "scheduled_at"),
        applied_at=moment(request, "applied_at"),
        applied_revision=request.applied_revision,
        auto_apply=request.auto_apply,
        failure=request.failure,
        emergency=request.emergency if request.HasField("emergency") else None,
        powers=_powers(request, principal_id, permissions),
    )


def news_key(requests: Iterable[pb.ChangeRequest]) -> str:
    """Returns what changes whenever one of the requests does, or another is among them."""
    digest = hashlib.sha256()
    for one in requests:
        digest.update(f"{one.change_request_id} {one.state} {one.updated_at.ToNanoseconds()} {one.digest};".encode())
    return digest.hexdigest()[:16]


def change_title(request: pb.ChangeRequest) -> str:
    """Returns what kind of change it is."""
    return (request.change.WhichOneof("kind") or "change").replace("_", " ").capitalize()


def _row(request: pb.ChangeRequest, now: datetime) -> RequestRow:
    score = request.risk_score
    needed = sum(not one.satisfied for one in request.requirements)
    expires = moment(request, "expires_at")
    return RequestRow(
        change_request_id=request.change_request_id,
        title=change_title(request),
        target=request.experiment_id or POLICY_TARGET,
        experiment_id=request.experiment_id,
        state=badges.request_state(request.state),
        requester=request.requester,
        reason=request.reason,
        risk=f"{score:.0f}",
        risk_tone="bad" if score >= 60 else "warn" if score >= 30 else "",
        approvals=_approvals(request, needed),
        expires=formatting.ago(expires, now) if expires and request.state in _OPEN else "",
        unsigned=request.HasField("emergency") and not request.emergency.signed_by,
        updated_at=moment(request, "updated_at"),
    )


def _approvals(request: pb.ChangeRequest, needed: int) -> str:
    if not request.requirements:
        return "none needed"
    strictest = max(request.requirements, key=lambda one: one.approval_count)
    got = len(strictest.approved_by)
    return f"{got} of {formatting.plural(strictest.approval_count, 'approval')}" + ("" if needed else ", complete")


def _requirement(one: review_pb2.Requirement) -> RequirementView:
    of = ", ".join([*one.roles, *(f"group {group}" for group in one.groups)]) or "any reviewer"
    people = formatting.plural(one.approval_count, "approval")
    got = f"approved by {', '.join(one.approved_by)}" if one.approved_by else "nobody has approved yet"
    return RequirementView(one.rule_id, f"{people} of {of}", got, one.satisfied, tuple(one.reasons))


def _talk(request: pb.ChangeRequest) -> tuple[Said, ...]:
    verdicts = [
        Said(
            one.reviewer,
            _VERDICTS.get(one.kind, Badge("judged")),
            one.comment,
            moment(one, "created_at"),
            one.stale,
            one.request_revision,
        )
        for one in request.verdicts
    ]
    comments = [
        Said(one.author, None, one.text, moment(one, "created_at"), stale=False, revision=0) for one in request.comments
    ]
    return tuple(sorted([*verdicts, *comments], key=lambda said: said.at.timestamp() if said.at else 0.0))


def _powers(request: pb.ChangeRequest, principal_id: str, permissions: Collection[str] | None) -> Powers:
    def may(permission: Permission) -> bool:
        return permissions is None or permission in permissions

    own = principal_id == request.requester or principal_id in request.contributors
    # Authors, and admins, who alone manage identities.
    authors = own or may(Permission.IDENTITIES_MANAGE)
    state, unsigned = request.state, request.HasField("emergency") and not request.emergency.signed_by
    return Powers(
        comment=may(Permission.CHANGES_COMMENT),
        judge=state in _JUDGED and not own and may(Permission.CHANGES_REVIEW),
        submit=state == pb.CHANGE_REQUEST_STATE_DRAFT and authors and may(Permission.CHANGES_PROPOSE),
        apply=state == pb.CHANGE_REQUEST_STATE_APPROVED and may(Permission.CHANGES_APPLY),
        cancel=state in _OPEN and authors and may(Permission.CHANGES_PROPOSE),
        emergency=state in _JUDGED and may(Permission.CHANGES_EMERGENCY_APPLY),
        sign=unsigned and request.emergency.actor != principal_id and may(Permission.CHANGES_REVIEW),
    )
