"""The commands on designs: recommend, list, show, create-experiment, validate."""

from typing import Annotated

import typer

from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1 import hypothesis_pb2 as pb
from services.admin import designs, experiments
from services.admin.clients import CALL_SECONDS
from services.admin.commands.ai.asking import File, Limit, NoWait, finished, started
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.files.request import read_request
from services.admin.formats import Format
from services.admin.plain_text import plain
from services.admin.session import session_of
from services.admin.words import plural
from shared.errors import invalid_field
from shared.rpc import client

DesignId = Annotated[str, typer.Argument(help="The design's id.", show_default=False)]

_EXAMPLE = "description: A shorter form\ntraffic: {units_per_day: 5000}"
_PLAN_EXAMPLE = "plan: {primary_metric_id: sign_up}\ntraffic: {units_per_day: 5000}"

app = command_group("Asks for designs of experiments, and makes experiments of them.")


@app.command(
    "recommend",
    epilog=examples(
        "expctl design recommend --hypothesis hypothesis_1 --units-per-day 5000",
        "expctl design recommend -f design.yaml",
    ),
)
def recommend(
    context: typer.Context,
    *,
    file: File = None,
    hypothesis: Annotated[str, typer.Option(metavar="ID", help="The hypothesis to test.")] = "",
    units_per_day: Annotated[float, typer.Option(metavar="N", help="How many new units come each day.")] = 0.0,
    no_wait: NoWait = False,
) -> None:
    """Asks for a design of a hypothesis's test, or of what a file describes."""
    session = session_of(context)
    if file is None and not (hypothesis and units_per_day > 0):
        raise invalid_field("--file", "is needed, or --hypothesis with --units-per-day")
    options = {"hypothesis_id": hypothesis, "traffic.units_per_day": units_per_day}
    given = [field for field, value in options.items() if value]
    with (
        read_request(file, service_pb.RecommendDesignRequest(), example=_EXAMPLE, given=given) as request,
        session.analyses() as stub,
    ):
        request.hypothesis_id = hypothesis or request.hypothesis_id
        request.traffic.units_per_day = units_per_day or request.traffic.units_per_day
        request.request_id = request.request_id or session.new_id("req")
        job = client.call(stub.RecommendDesign, request, timeout_seconds=CALL_SECONDS).job
        if no_wait:
            started(session, job)
            return
        done = designs.get(stub, finished(session, stub, job).design_id)
    session.output.one(done, designs.drawing)
    if done.recommended:
        arguments = ("design", "create-experiment", done.design_id, "--id", "NAME")
        session.output.suggest(("To make an experiment of it", arguments))


@app.command("list", epilog=examples("expctl design list --recommended"))
def list_designs(
    context: typer.Context,
    *,
    hypothesis: Annotated[str, typer.Option(metavar="ID", help="Those of this hypothesis.")] = "",
    recommended: Annotated[bool, typer.Option("--recommended", help="Those that no rule blocks.")] = False,
    limit: Limit = 50,
) -> None:
    """Lists designs, newest first."""
    session = session_of(context)
    request = service_pb.ListDesignsRequest(hypothesis_id=hypothesis, recommended_only=recommended)
    with session.analyses() as stub:
        session.output.many(designs.pages(stub, request, limit=limit), designs.table)


@app.command("show", epilog=examples("expctl design show design_1"))
def show(context: typer.Context, design_id: DesignId) -> None:
    """Shows one design: plan, sample, duration, rules, and why."""
    session = session_of(context)
    with session.analyses() as stub:
        session.output.one(designs.get(stub, design_id), designs.drawing)


@app.command("create-experiment", epilog=examples("expctl design create-experiment design_1 --id short-form"))
def create_experiment(
    context: typer.Context,
    design_id: DesignId,
    *,
    experiment_id: Annotated[str, typer.Option("--id", metavar="ID", help="The new experiment's id.")],
    name: Annotated[str, typer.Option(metavar="TEXT", help="Is shown to people. Default: the id.")] = "",
    draft_only: Annotated[bool, typer.Option("--draft-only", help="Do not propose to start it.")] = False,
) -> None:
    """Makes a draft experiment of a recommended design, and proposes to start it."""
    session = session_of(context)
    request = service_pb.CreateExperimentFromDesignRequest(
        design_id=design_id,
        experiment_id=experiment_id,
        display_name=name,
        draft_only=draft_only,
        request_id=session.new_id("req"),
    )
    with session.analyses() as stub:
        done = client.call(stub.CreateExperimentFromDesign, request, timeout_seconds=CALL_SECONDS)
        ramp = designs.get(stub, design_id).plan.ramp
    session.output.one(done, lambda found: experiments.drawing(found.experiment))
    if ramp and session.output.kind is Format.TABLE:
        session.output.say(designs.how_to_ramp(ramp))
        session.output.suggest(("To begin with its first step", ("experiment", "propose", "-f", "FILE")))
    if done.change_request_id:
        session.output.suggest(("To approve its start", ("review", "approve", done.change_request_id)))


@app.command("validate", epilog=examples("expctl design validate -f plan.yaml"))
def validate(context: typer.Context, *, file: File) -> None:
    """Holds a plan of one's own against the rules; exit code 1 where a rule blocks it. Stores nothing."""
    session = session_of(context)
    with (
        read_request(file, service_pb.ValidateDesignRequest(), example=_PLAN_EXAMPLE) as request,
        session.analyses() as stub,
    ):
        found = client.call(stub.ValidateDesign, request, timeout_seconds=CALL_SECONDS)
    session.output.one(found, lambda answer: designs.findings(answer.findings))
    for each in found.unchecked:
        session.output.say(plain(each))
    blocking = sum(one.severity == pb.FINDING_SEVERITY_BLOCKING for one in found.findings)
    verb = "blocks" if blocking == 1 else "block"
    session.output.say("No rule blocks it." if found.acceptable else f"{plural(blocking, 'rule')} {verb} it.")
    if not found.acceptable:
        raise typer.Exit(ExitCode.ERROR)
