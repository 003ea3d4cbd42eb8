"""Change requests to and from protobuf."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2, review_service_pb2
from services.review.convert import requests
from services.review.domain import changes, standing
from services.review.domain.change_request import (
    AnyChange,
    Author,
    ChangeRequest,
    ChangeRequestState,
    EditPolicyRules,
    Emergency,
    Verdict,
)
from services.review.domain.model import ChangeRequestCursor, ChangeRequestFilter, Page
from services.review.domain.policy.quorum import Tally
from services.review.service.change_requests import Edit, Seen
from services.review.store import documents, rule_documents
from shared import errors
from shared.definition import convert
from shared.identity.principal import Principal, PrincipalKind
from shared.rpc import pagination

_STATE = "CHANGE_REQUEST_STATE_"


def change(message: pb.Change) -> AnyChange:
    """Returns the change.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if message.edit_details.labels and not message.edit_details.replace_labels:
        raise errors.invalid_field("change.edit_details.labels", "count only when replace_labels is set")
    try:
        return documents.change_from_proto(message)
    except ValueError as error:
        raise errors.invalid_field("change", str(error)) from error


def experiment_change(message: pb.Change) -> changes.Change:
    """Returns the change, which must be one of an experiment.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    found = change(message)
    if isinstance(found, EditPolicyRules):
        raise errors.invalid_field("change", "edits the policy rules, which are no experiment's: use ProposePolicy")
    return found


def instant(request: Any, field: str) -> datetime | None:
    """Returns the instant in a field of the request; None: it is not set.

    Raises:
        InvalidArgument: INVALID_FIELD, it is none that a calendar has.
    """
    if not request.HasField(field):
        return None
    try:
        return convert.timestamp_from_proto(getattr(request, field))
    except (ValueError, OverflowError) as error:
        raise errors.invalid_field(field, str(error)) from error


def seen(request: Any) -> Seen:
    """Returns the change request as the caller of a verb saw it.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    digest = request.digest if "digest" in request.DESCRIPTOR.fields_by_name else ""
    return Seen(request.change_request_id, request.request_revision, digest)


def edit(request: review_service_pb2.EditChangeRequestRequest) -> Edit:
    """Returns what is to be different.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if request.clear_schedule and request.HasField("scheduled_at"):
        raise errors.invalid_field("clear_schedule", "takes away the time that scheduled_at gives")
    return Edit(
        change(request.change) if request.HasField("change") else None,
        request.reason if request.HasField("reason") else None,
        instant(request, "scheduled_at"),
        request.clear_schedule,
        request.auto_apply if request.HasField("auto_apply") else None,
        request.rebase,
    )


def kept(message: review_service_pb2.ChangeRequestFilter, caller: Principal) -> ChangeRequestFilter:
    """Returns what a list or a stream keeps."""
    awaits = Author(caller.principal_id, caller.person_id) if message.awaits_caller else None
    if awaits and caller.kind is not PrincipalKind.HUMAN:
        raise errors.invalid_field("filter.awaits_caller", f"never holds for a caller of kind {caller.kind}")
    return ChangeRequestFilter(
        frozenset(_state(number) for number in message.states if number),
        message.experiment_id,
        message.requester,
        awaits,
    )


def cursor(request: review_service_pb2.ListChangeRequestsRequest) -> ChangeRequestCursor | None:
    """Returns where the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, requests.query(request))
    return ChangeRequestCursor(datetime.fromisoformat(str(found[0])), str(found[1])) if found else None


def page_to_proto(
    page: Page[ChangeRequest], request: review_service_pb2.ListChangeRequestsRequest
) -> review_service_pb2.ListChangeRequestsResponse:
    """Returns the page as a response to the request."""
    response = review_service_pb2.ListChangeRequestsResponse(change_requests=map(to_proto, page.items))
    if page.more:
        last = page.items[-1]
        place = (last.created_at.isoformat(), last.change_request_id)
        response.next_page_token = pagination.encode(place, requests.query(request))
    return response


def to_proto(request: ChangeRequest) -> pb.ChangeRequest:
    """Returns the change request as a message."""
    return pb.ChangeRequest(
        change_request_id=request.change_request_id,
        experiment_id=request.experiment_id,
        change=documents.change_to_proto(request.change),
        reason=request.reason,
        requester=request.requester,
        state=pb.ChangeRequestState.Value(f"{_STATE}{request.state}"),
        base_revision=request.base_revision,
        applied_revision=request.applied_revision,
        created_at=convert.timestamp_to_proto(request.created_at),
        applied_at=convert.timestamp_to_proto(request.applied_at),
        request_revision=request.request_revision,
        digest=request.digest,
        target_etag=request.target_etag,
        contributors=[author.principal_id for author in request.authors[1:]],
        expires_at=convert.timestamp_to_proto(request.expires_at),
        scheduled_at=convert.timestamp_to_proto(request.scheduled_at),
        auto_apply=request.auto_apply,
        diff=[review_pb2.FieldDiff(path=each.path, before=each.before, after=each.after) for each in request.diff],
        policy_version=request.assessment.policy_version,
        requirements=_requirements(standing.approvals(request)),
        risk_score=request.assessment.risk_score,
        risk_factors=map(rule_documents.factor_to_proto, request.assessment.risk_factors),
        verdicts=[_verdict(each, stale=standing.is_stale(each, request)) for each in request.verdicts],
        comments=[
            review_pb2.Comment(
                comment_id=each.comment_id,
                author=each.author,
                text=each.text,
                created_at=convert.timestamp_to_proto(each.created_at),
            )
            for each in request.comments
        ],
        emergency=_emergency(request.emergency),
        failure=request.failure,
        updated_at=convert.timestamp_to_proto(request.updated_at),
    )


def _state(number: pb.ChangeRequestState.ValueType) -> ChangeRequestState:
    return ChangeRequestState(pb.ChangeRequestState.Name(number).removeprefix(_STATE))


def _requirements(tallies: Iterable[Tally]) -> Iterable[review_pb2.Requirement]:
    for tally in tallies:
        message = rule_documents.requirement_to_proto(tally.requirement)
        message.approved_by.extend(tally.approved_by)
        message.satisfied = tally.satisfied
        yield message


def _verdict(verdict: Verdict, *, stale: bool) -> review_pb2.Verdict:
    return review_pb2.Verdict(
        reviewer=verdict.reviewer.principal_id,
        kind=review_pb2.VerdictKind.Value(f"VERDICT_KIND_{verdict.kind}"),
        request_revision=verdict.request_revision,
        digest=verdict.digest,
        stale=stale,
        comment=verdict.comment,
        created_at=convert.timestamp_to_proto(verdict.created_at),
    )


def _emergency(emergency: Emergency | None) -> review_pb2.Emergency | None:
    if emergency is None:
        return None
    return review_pb2.Emergency(
        actor=emergency.actor.principal_id,
        justification=emergency.justification,
        signed_by=emergency.signed_by,
        sign_comment=emergency.sign_comment,
        signed_at=convert.timestamp_to_proto(emergency.signed_at),
    )
