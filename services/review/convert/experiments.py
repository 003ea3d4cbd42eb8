"""Requests and responses of ExperimentService to and from the domain."""

from datetime import datetime

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.review.convert import change_requests, requests
from services.review.domain.change_request import Author, RequestKey
from services.review.domain.model import ExperimentCursor, ExperimentFilter, Outcome, Page, Proposal, Revision
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
    requests.document(request)
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
    key = requests.key(asked)
    try:
        return convert.experiment_from_proto(asked.experiment), key
    except ValueError as error:
        raise errors.invalid_field("experiment", str(error)) from error


def proposal(request: pb.ProposeChangeRequest, *, author: Author) -> Proposal:
    """Returns the proposal.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    key = requests.key(request)
    return Proposal(
        request.experiment_id,
        change_requests.experiment_change(request.change),
        author,
        reason=request.reason,
        etag=request.etag,
        draft=request.draft,
        scheduled_at=change_requests.instant(request, "scheduled_at"),
        auto_apply=request.auto_apply,
        validate_only=request.validate_only,
        on_behalf_of=request.on_behalf_of,
        key=key,
    )


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
    cursor = pagination.decode(request.page_token, requests.query(request))
    return ExperimentCursor(datetime.fromisoformat(str(cursor[0])), str(cursor[1])) if cursor else None


def revision_cursor(request: pb.ListRevisionsRequest) -> int | None:
    """Returns the revision below which the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    cursor = pagination.decode(request.page_token, requests.query(request))
    return int(cursor[0] or 0) if cursor else None


def experiments_to_proto(
    page: Page[model.Experiment], request: pb.ListExperimentsRequest
) -> pb.ListExperimentsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListExperimentsResponse(experiments=map(convert.experiment_to_proto, page.items))
    if page.more:
        last = response.experiments[-1]
        created_at = convert.timestamp_from_proto(last.created_at).isoformat()
        response.next_page_token = pagination.encode((created_at, last.experiment_id), requests.query(request))
    return response


def revisions_to_proto(page: Page[Revision], request: pb.ListRevisionsRequest) -> pb.ListRevisionsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListRevisionsResponse(revisions=map(revision_to_proto, page.items))
    if page.more:
        last = response.revisions[-1].experiment.revision
        response.next_page_token = pagination.encode((last,), requests.query(request))
    return response


def outcome_to_proto(outcome: Outcome) -> pb.ProposeChangeResponse:
    """Returns the outcome as a response."""
    return pb.ProposeChangeResponse(
        change_request=change_requests.to_proto(outcome.change_request),
        experiment=convert.experiment_to_proto(outcome.experiment),
    )


def revision_to_proto(revision: Revision) -> pb.Revision:
    """Returns the revision as a message."""
    return pb.Revision(
        experiment=convert.experiment_to_proto(revision.experiment),
        change_request_id=revision.change_request_id,
        author=revision.author,
        created_at=convert.timestamp_to_proto(revision.created_at),
    )


def _state(index: int, number: common_pb2.ExperimentState.ValueType) -> model.ExperimentState | None:
    """Returns the state; None: any."""
    if number == common_pb2.EXPERIMENT_STATE_UNSPECIFIED:
        return None
    try:
        return model.ExperimentState(common_pb2.ExperimentState.Name(number).removeprefix("EXPERIMENT_STATE_"))
    except ValueError as error:
        raise errors.invalid_field(f"states[{index}]", f"is {number}, which is no state") from error
