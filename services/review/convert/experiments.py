"""Requests and responses of ExperimentService to and from the domain."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.review.domain import digests
from services.review.domain.model import (
    ChangeRequest,
    ExperimentCursor,
    ExperimentFilter,
    Outcome,
    Page,
    Proposal,
    RequestKey,
    Revision,
)
from services.review.store import documents
from shared import errors
from shared.definition import convert, model
from shared.rpc import pagination

_OUTPUT_ONLY = (
    "state",
    "revision",
    "etag",
    "shipped_arm_id",
    "creator",
    "created_at",
    "updated_at",
    "started_at",
    "stopped_at",
)


def experiment_id(request: pb.GetExperimentRequest) -> str:
    """Returns which experiment is asked for.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    _document(request)
    return request.experiment_id


def creation(request: pb.CreateExperimentRequest) -> tuple[model.Experiment, RequestKey]:
    """Returns the experiment asked for, its output-only fields unset, and the key of the request.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    asked = pb.CreateExperimentRequest()
    asked.CopyFrom(request)
    for name in _OUTPUT_ONLY:
        asked.experiment.ClearField(name)  # type: ignore[arg-type]  # the stubs want literals
    key = _request_key(asked)
    try:
        return convert.experiment_from_proto(asked.experiment), key
    except ValueError as error:
        raise errors.invalid_field("experiment", str(error)) from error


def proposal(request: pb.ProposeChangeRequest, *, requester: str) -> Proposal:
    """Returns the proposal.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if request.change.edit_details.labels and not request.change.edit_details.replace_labels:
        raise errors.invalid_field("change.edit_details.labels", "count only when replace_labels is set")
    key = _request_key(request)
    try:
        change = documents.change_from_proto(request.change)
    except ValueError as error:
        raise errors.invalid_field("change", str(error)) from error
    return Proposal(request.experiment_id, change, requester, request.reason, request.etag, key)


def experiment_filter(request: pb.ListExperimentsRequest) -> ExperimentFilter:
    """Returns what the list keeps.

    Raises:
        InvalidArgument: INVALID_FIELD, a state is unknown.
    """
    states = [_state(index, number) for index, number in enumerate(request.states)]
    wanted = frozenset(state for state in states if state is not None)
    return ExperimentFilter(frozenset() if None in states else wanted, dict(request.labels), request.text)


def experiment_cursor(request: pb.ListExperimentsRequest) -> ExperimentCursor | None:
    """Returns where the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    cursor = pagination.decode(request.page_token, _query(request))
    return ExperimentCursor(datetime.fromisoformat(str(cursor[0])), str(cursor[1])) if cursor else None


def revision_cursor(request: pb.ListRevisionsRequest) -> int | None:
    """Returns the revision below which the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    cursor = pagination.decode(request.page_token, _query(request))
    return int(cursor[0] or 0) if cursor else None


def experiments_to_proto(
    page: Page[model.Experiment], request: pb.ListExperimentsRequest
) -> pb.ListExperimentsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListExperimentsResponse(experiments=map(convert.experiment_to_proto, page.items))
    if page.more:
        last = response.experiments[-1]
        created_at = convert.timestamp_from_proto(last.created_at).isoformat()
        response.next_page_token = pagination.encode((created_at, last.experiment_id), _query(request))
    return response


def revisions_to_proto(page: Page[Revision], request: pb.ListRevisionsRequest) -> pb.ListRevisionsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListRevisionsResponse(revisions=map(revision_to_proto, page.items))
    if page.more:
        last = response.revisions[-1].experiment.revision
        response.next_page_token = pagination.encode((last,), _query(request))
    return response


def outcome_to_proto(outcome: Outcome) -> pb.ProposeChangeResponse:
    """Returns the outcome as a response."""
    return pb.ProposeChangeResponse(
        change_request=change_request_to_proto(outcome.change_request),
        experiment=convert.experiment_to_proto(outcome.experiment),
    )


def change_request_to_proto(request: ChangeRequest) -> pb.ChangeRequest:
    """Returns the change request as a message."""
    return pb.ChangeRequest(
        change_request_id=request.change_request_id,
        experiment_id=request.experiment_id,
        change=documents.change_to_proto(request.change),
        reason=request.reason,
        requester=request.requester,
        state=pb.ChangeRequestState.Value(f"CHANGE_REQUEST_STATE_{request.state}"),
        base_revision=request.base_revision,
        applied_revision=request.applied_revision,
        created_at=convert.timestamp_to_proto(request.created_at),
        applied_at=convert.timestamp_to_proto(request.applied_at),
    )


def revision_to_proto(revision: Revision) -> pb.Revision:
    """Returns the revision as a message."""
    return pb.Revision(
        experiment=convert.experiment_to_proto(revision.experiment),
        change_request_id=revision.change_request_id,
        author=revision.author,
        created_at=convert.timestamp_to_proto(revision.created_at),
    )


def _request_key(request: pb.CreateExperimentRequest | pb.ProposeChangeRequest) -> RequestKey:
    return RequestKey(request.request_id, digests.sha256(_document(request)))


def _query(request: pb.ListExperimentsRequest | pb.ListRevisionsRequest) -> dict[str, str]:
    """Returns what a page token is bound to: all that the request says but which page of it."""
    kept = {name: value for name, value in _document(request).items() if name not in ("page_token", "page_size")}
    return {"request": digests.sha256(kept)}


def _document(request: Message) -> dict[str, Any]:
    """Returns the request in the canonical JSON form of protobuf.

    Raises:
        InvalidArgument: INVALID_FIELD, it has no such form, or a text holds a NUL, which the store has no place for.
    """
    try:
        form = json_format.MessageToDict(request, preserving_proto_field_name=True)
    except ValueError as error:
        raise errors.invalid_field("", str(error)) from error
    violations = [errors.FieldViolation(path, "holds a NUL character") for path in _nul_paths(form, "")]
    if violations:
        raise errors.invalid_fields(violations)
    return form


def _nul_paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _nul_paths(key, path)
            yield from _nul_paths(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_paths(item, f"{path}[{index}]")


def _state(index: int, number: common_pb2.ExperimentState.ValueType) -> model.ExperimentState | None:
    """Returns the state; None: any."""
    if number == common_pb2.EXPERIMENT_STATE_UNSPECIFIED:
        return None
    try:
        return model.ExperimentState(common_pb2.ExperimentState.Name(number).removeprefix("EXPERIMENT_STATE_"))
    except ValueError as error:
        raise errors.invalid_field(f"states[{index}]", f"is {number}, which is no state") from error
