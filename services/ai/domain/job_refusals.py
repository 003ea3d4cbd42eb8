"""What every store of jobs and answers refuses in the same words."""

from services.ai.domain.jobs import RequestKey
from shared.errors import AlreadyExists, Reason, ResourceExhausted


def request_id_reused(key: RequestKey) -> AlreadyExists:
    """Returns the error for a request id that was used for something else."""
    return AlreadyExists(
        Reason.REQUEST_ID_REUSED,
        f"request id {key.request_id!r} was used for a different request",
        metadata={"request_id": key.request_id},
    )


def too_many_jobs(limit: int) -> ResourceExhausted:
    """Returns the error for a job more than may wait."""
    return ResourceExhausted(
        Reason.LIMIT_EXCEEDED, f"{limit} jobs wait already, try again later", metadata={"limit": str(limit)}
    )
