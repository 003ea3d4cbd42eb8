"""What use cases of review refuse in the same words."""

from services.review.domain.change_request import ChangeRequest, RequestKey
from shared import errors
from shared.definition import model

_MAX_ECHO = 64


def experiment_found(experiment: model.Experiment | None, experiment_id: str) -> model.Experiment:
    """Returns the experiment.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND, it is None.
    """
    if experiment is None:
        # What no id can look like is not echoed in full: it would not fit into the trailers of an answer.
        raise errors.experiment_not_found(experiment_id[:_MAX_ECHO])
    return experiment


def request_id_reused(key: RequestKey) -> errors.AlreadyExists:
    """Returns the error for a request id that was used for something else."""
    return errors.AlreadyExists(
        errors.Reason.REQUEST_ID_REUSED,
        f"request id {key.request_id!r} was used for a different request",
        metadata={"request_id": key.request_id},
    )


def change_request_not_found(change_request_id: str) -> errors.NotFound:
    """Returns the error for a change request that is not here."""
    shown = change_request_id[:_MAX_ECHO]
    return errors.NotFound(
        errors.Reason.CHANGE_REQUEST_NOT_FOUND,
        f"there is no change request {shown!r} here",
        metadata={"change_request_id": shown},
    )


def etag_mismatch(experiment: model.Experiment) -> errors.Aborted:
    """Returns the error for an experiment that has changed since the caller read it."""
    return errors.Aborted(
        errors.Reason.ETAG_MISMATCH,
        f"experiment {experiment.experiment_id!r} has changed: its etag is {experiment.etag!r}; read it again",
        metadata={"experiment_id": experiment.experiment_id, "etag": experiment.etag},
    )


def target_moved(request: ChangeRequest, etag: str) -> errors.Aborted:
    """Returns the error for a request whose target has changed since it was made, and now has this etag."""
    return errors.Aborted(
        errors.Reason.ETAG_MISMATCH,
        f"{request.target} has changed since change request {request.change_request_id} was made: rebase it",
        metadata={"change_request_id": request.change_request_id, "etag": etag},
    )
