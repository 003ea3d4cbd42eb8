"""The commands on analyses: run, list, show, evidence, sent."""

from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from experimentation.v1 import analysis_service_pb2 as service_pb
from services.admin import analyses, evidence, opened_requests, provider_calls
from services.admin.clients import CALL_SECONDS
from services.admin.commands.ai.asking import File, Limit, NoWait, finished, started
from services.admin.commands.experiment.arguments import ExperimentId
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.files.request import read_request
from services.admin.formats import Format
from services.admin.plain_text import cleaned
from services.admin.session import session_of
from shared.rpc import client

AnalysisId = Annotated[str, typer.Argument(help="The analysis's id.", show_default=False)]

_EXAMPLE = "aggregates: {arms: [], metrics: []}"

app = command_group("Asks for analyses of experiments, and shows what they rest on.")


@app.command(
    "run",
    epilog=examples("expctl analysis run checkout", "expctl analysis run checkout --propose -f plan.yaml"),
)
def run(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    file: File = None,
    propose: Annotated[bool, typer.Option("--propose", help="Open a change request where it decides on one.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Analyses an experiment: its recorded data, or what a file supplies (aggregates, warehouse_table, plan)."""
    session = session_of(context)
    with (
        read_request(
            file, service_pb.AnalyzeExperimentRequest(), example=_EXAMPLE, given=("experiment_id",)
        ) as request,
        session.analyses() as stub,
    ):
        request.experiment_id = experiment_id
        request.propose = propose or request.propose
        request.request_id = request.request_id or session.new_id("req")
        job = client.call(stub.AnalyzeExperiment, request, timeout_seconds=CALL_SECONDS).job
        if no_wait:
            started(session, job)
            return
        done = analyses.get(stub, finished(session, stub, job).analysis_id)
        if request.propose:
            done = opened_requests.awaited(stub, done)
    session.output.one(done, analyses.drawing)
    if request.propose and session.output.kind is Format.TABLE:
        session.output.say(opened_requests.standing(done))
    session.output.suggest(("To see what it rests on", ("analysis", "evidence", done.analysis_id)))


@app.command("list", epilog=examples("expctl analysis list --experiment checkout", "expctl analysis list --latest"))
def list_analyses(
    context: typer.Context,
    *,
    experiment: Annotated[str, typer.Option(metavar="ID", help="Those of this experiment.")] = "",
    latest: Annotated[bool, typer.Option("--latest", help="The newest of each experiment alone.")] = False,
    limit: Limit = 50,
) -> None:
    """Lists analyses, newest first."""
    session = session_of(context)
    request = service_pb.ListAnalysesRequest(experiment_id=experiment, latest_only=latest)
    with session.analyses() as stub:
        session.output.many(analyses.pages(stub, request, limit=limit), analyses.table)


@app.command("show", epilog=examples("expctl analysis show analysis_1", "expctl analysis show analysis_1 -o json"))
def show(context: typer.Context, analysis_id: AnalysisId) -> None:
    """Shows one analysis: decision, reasons, comparisons, health."""
    session = session_of(context)
    with session.analyses() as stub:
        session.output.one(analyses.get(stub, analysis_id), analyses.drawing)


@app.command("evidence", epilog=examples("expctl analysis evidence analysis_1"))
def show_evidence(context: typer.Context, analysis_id: AnalysisId) -> None:
    """Shows what an analysis rests on: each sentence with its facts."""
    session = session_of(context)
    with session.analyses() as stub:
        found = analyses.get(stub, analysis_id)
        request = service_pb.GetEvidenceRequest(sha256=found.provenance.evidence_sha256)
        pack = client.call(stub.GetEvidence, request, timeout_seconds=CALL_SECONDS).evidence_pack
    said = cleaned(found)
    session.output.one(pack, lambda one: Group(evidence.borne(said, one), Text(), evidence.table(one)))


@app.command("sent", epilog=examples("expctl analysis sent analysis_1", "expctl analysis sent analysis_1 -o yaml"))
def sent(context: typer.Context, analysis_id: AnalysisId, *, limit: Limit = 50) -> None:
    """Shows what was sent to the provider for an analysis, and what came back."""
    session = session_of(context)
    with session.analyses() as stub:
        job_id = analyses.get(stub, analysis_id).job_id
        session.output.many(provider_calls.pages(stub, job_id, limit=limit), provider_calls.drawing)
