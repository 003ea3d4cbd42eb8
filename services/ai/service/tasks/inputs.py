"""What a task is given, held to what it takes."""

from typing import TypeVar

from services.ai.domain.jobs import AnalysisInput, DesignInput, HypothesesInput, Job, UnreadableInput
from shared.errors import Internal, Reason

_Input = TypeVar("_Input", HypothesesInput, DesignInput, AnalysisInput)


def input_of(job: Job, kind: type[_Input]) -> _Input:
    """Returns the input of a job.

    Raises:
        Internal: INTERNAL: it cannot be read, or is that of another kind of job.
    """
    if isinstance(job.input, UnreadableInput):
        raise Internal(Reason.INTERNAL, f"the input of the job cannot be read: {job.input.why}")
    if not isinstance(job.input, kind):
        raise Internal(Reason.INTERNAL, f"a job of kind {job.kind} has the input of another kind")
    return job.input
