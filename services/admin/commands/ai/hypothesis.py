"""The commands on hypotheses: suggest, list, show, accept, reject."""

from enum import StrEnum
from typing import Annotated

import typer

from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1 import hypothesis_pb2 as pb
from services.admin import hypotheses
from services.admin.clients import CALL_SECONDS
from services.admin.commands.ai.asking import File, Limit, NoWait, finished, started
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.files.request import read_request
from services.admin.plain_text import plain
from services.admin.session import Session, session_of
from shared.rpc import client

HypothesisId = Annotated[str, typer.Argument(help="The hypothesis's id.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Says why; on record.")]

_EXAMPLE = "metrics:\n  - {metric_id: sign_up, kind: proportion, baseline: 0.04}"

app = command_group("Asks for hypotheses, and says which are to be tested.")


class State(StrEnum):
    """Names a state of a hypothesis."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TESTED = "tested"
    WON = "won"
    LOST = "lost"
    INCONCLUSIVE = "inconclusive"


@app.command("suggest", epilog=examples("expctl hypothesis suggest -f metrics.yaml --goal 'More sign-ups'"))
def suggest(
    context: typer.Context,
    *,
    file: File,
    goal: Annotated[str, typer.Option(metavar="TEXT", help="What is to be achieved; in the place of the file's.")] = "",
    no_wait: NoWait = False,
) -> None:
    """Asks for hypotheses from metrics and earlier experiments in a file."""
    session = session_of(context)
    with (
        read_request(file, service_pb.SuggestHypothesesRequest(), example=_EXAMPLE) as request,
        session.analyses() as stub,
    ):
        request.goal = goal or request.goal
        request.request_id = request.request_id or session.new_id("req")
        for doubt in hypotheses.left_aside(request):
            session.output.say(plain(doubt))
        job = client.call(stub.SuggestHypotheses, request, timeout_seconds=CALL_SECONDS).job
        if no_wait:
            started(session, job)
            return
        done = finished(session, stub, job)
        session.output.many([hypotheses.get(stub, each) for each in done.hypothesis_ids], hypotheses.table)
    if done.hypothesis_ids:
        best = done.hypothesis_ids[0]
        session.output.suggest(
            ("To see the first in full", ("hypothesis", "show", best)),
            ("To have its test designed", ("design", "recommend", "--hypothesis", best, "--units-per-day", "N")),
        )


@app.command("list", epilog=examples("expctl hypothesis list --state proposed", "expctl hypothesis list --best"))
def list_hypotheses(
    context: typer.Context,
    *,
    state: Annotated[State | None, typer.Option("--state", "-s", metavar="STATE", help="Those in this state.")] = None,
    metric: Annotated[str, typer.Option(metavar="ID", help="Those on this metric.")] = "",
    best: Annotated[bool, typer.Option("--best", help="The best first, in the place of the newest.")] = False,
    limit: Limit = 50,
) -> None:
    """Lists hypotheses, newest first."""
    session = session_of(context)
    request = service_pb.ListHypothesesRequest(
        state=pb.HypothesisState.Value(f"HYPOTHESIS_STATE_{state.name if state else 'UNSPECIFIED'}"),
        metric_id=metric,
        order=service_pb.HYPOTHESIS_ORDER_BEST_FIRST if best else service_pb.HYPOTHESIS_ORDER_NEWEST_FIRST,
    )
    with session.analyses() as stub:
        session.output.many(hypotheses.pages(stub, request, limit=limit), hypotheses.table)


@app.command("show", epilog=examples("expctl hypothesis show hypothesis_1"))
def show(context: typer.Context, hypothesis_id: HypothesisId) -> None:
    """Shows one hypothesis: what bears it, what would refute it, what its confidence is made of."""
    session = session_of(context)
    with session.analyses() as stub:
        session.output.one(hypotheses.get(stub, hypothesis_id), hypotheses.drawing)


@app.command("accept", epilog=examples("expctl hypothesis accept hypothesis_1 -m 'Worth a test'"))
def accept(context: typer.Context, hypothesis_id: HypothesisId, *, reason: Reason = "") -> None:
    """Says that a hypothesis is to be tested."""
    _review(session_of(context), hypothesis_id, service_pb.HYPOTHESIS_REVIEW_ACCEPT, reason)


@app.command("reject", epilog=examples("expctl hypothesis reject hypothesis_1 -m 'Against our promise'"))
def reject(context: typer.Context, hypothesis_id: HypothesisId, *, reason: Reason = "") -> None:
    """Says that a hypothesis is not to be tested."""
    session = session_of(context)
    why = reason or session.prompts.text("Why?", flag="--reason")
    _review(session, hypothesis_id, service_pb.HYPOTHESIS_REVIEW_REJECT, why)


def _review(session: Session, hypothesis_id: str, review: "service_pb.HypothesisReview.ValueType", reason: str) -> None:
    request = service_pb.ReviewHypothesisRequest(
        hypothesis_id=hypothesis_id, review=review, reason=reason, request_id=session.new_id("req")
    )
    with session.analyses() as stub:
        done = client.call(stub.ReviewHypothesis, request, timeout_seconds=CALL_SECONDS).hypothesis
    session.output.one(done, hypotheses.drawing)
