"""What commands that start a job have in common: a file, whether to wait, and how it goes meanwhile."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import jobs
from services.admin.formats import Format
from services.admin.screen import messages
from services.admin.session import Session

File: TypeAlias = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="The request, YAML or JSON; - is standard input. docs/ai.md."),
]
NoWait: TypeAlias = Annotated[bool, typer.Option("--no-wait", help="Answer with the job, and do not wait for its end.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=0, metavar="N", help="The most to show; 0: all.")]


def finished(
    session: Session, stub: AnalysisServiceStub, job: pb.Job, *, timeout_seconds: float = jobs.WAIT_SECONDS
) -> pb.Job:
    """Returns the job with its answer, and tells meanwhile how it goes.

    Raises:
        PlatformError: It failed, was cancelled, or has not ended in time.
    """
    found = job
    for found in jobs.followed(stub, job, timeout_seconds=timeout_seconds):
        if session.output.kind is Format.TABLE and not session.options.quiet:
            messages().print(jobs.line(found))
    return jobs.checked(found)


def started(session: Session, job: pb.Job) -> None:
    """Answers with a job that nobody waits for."""
    session.output.one(job, jobs.drawing)
    session.output.suggest(("To wait for it", ("job", "wait", job.job_id)))
