"""The commands on jobs: list, show, wait, cancel."""

from enum import StrEnum
from typing import Annotated

import typer

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from services.admin import jobs, times
from services.admin.clients import CALL_SECONDS
from services.admin.commands.ai.asking import Limit, finished
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.session import session_of
from shared.rpc import client

JobId = Annotated[str, typer.Argument(help="The job's id.", show_default=False)]

app = command_group("Shows the jobs of the AI service, and ends them.")


class State(StrEnum):
    """Names a state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@app.command("list", epilog=examples("expctl job list --state running", "expctl job list --experiment checkout"))
def list_jobs(
    context: typer.Context,
    *,
    state: Annotated[State | None, typer.Option("--state", "-s", metavar="STATE", help="Those in this state.")] = None,
    experiment: Annotated[str, typer.Option(metavar="ID", help="Those on this experiment.")] = "",
    limit: Limit = 50,
) -> None:
    """Lists jobs, newest first."""
    session = session_of(context)
    request = service_pb.ListJobsRequest(
        state=pb.JobState.Value(f"JOB_STATE_{state.name if state else 'UNSPECIFIED'}"), experiment_id=experiment
    )
    with session.analyses() as stub:
        session.output.many(jobs.pages(stub, request, limit=limit), jobs.table)


@app.command("show", epilog=examples("expctl job show job_1"))
def show(context: typer.Context, job_id: JobId) -> None:
    """Shows one job: where it stands, and what came of it."""
    session = session_of(context)
    with session.analyses() as stub:
        session.output.one(jobs.get(stub, job_id), jobs.drawing)


@app.command("wait", epilog=examples("expctl job wait job_1", "expctl job wait job_1 --timeout 30m -o json"))
def wait(
    context: typer.Context,
    job_id: JobId,
    *,
    timeout: Annotated[str, typer.Option(metavar="LENGTH", help="How long, such as 90s, 30m, 12h.")] = "5m",
) -> None:
    """Waits until a job has ended: exit code 0 with its answer, 1 without, 7 if it is not in time."""
    session = session_of(context)
    seconds = times.length("--timeout", timeout).total_seconds()
    with session.analyses() as stub:
        done = finished(session, stub, jobs.get(stub, job_id), timeout_seconds=seconds)
    session.output.one(done, jobs.drawing)


@app.command("cancel", epilog=examples("expctl job cancel job_1"))
def cancel(context: typer.Context, job_id: JobId) -> None:
    """Ends a job early; one that has ended stays as it is."""
    session = session_of(context)
    with session.analyses() as stub:
        done = client.call(stub.CancelJob, service_pb.CancelJobRequest(job_id=job_id), timeout_seconds=CALL_SECONDS).job
    session.output.one(done, jobs.drawing)
