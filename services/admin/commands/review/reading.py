"""The commands that look at change requests: list, show, diff, watch, wait."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.review_service_pb2 import ChangeRequestFilter
from services.admin import change_requests, diff, review_calls, times
from services.admin.commands.review import beginning
from services.admin.commands.review.arguments import RequestId, answer
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.next_steps import OPEN, next_steps
from services.admin.session import Session, session_of
from services.admin.watching import Watch
from services.admin.words import instant, request_state_name
from shared.errors import FailedPrecondition, Reason


class State(StrEnum):
    """Names a state of a change request."""

    DRAFT = "draft"
    PENDING = "pending"
    CHANGES_REQUESTED = "changes-requested"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    APPLIED = "applied"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


class Goal(StrEnum):
    """Says what is waited for."""

    APPROVED = "approved"
    APPLIED = "applied"


States = Annotated[
    list[State] | None, typer.Option("--state", "-s", metavar="STATE", help="Those in this state; again for more.")
]
Experiment = Annotated[str, typer.Option(metavar="ID", help="Those of this experiment.")]
Requester = Annotated[str, typer.Option(metavar="NAME", help="Those of this requester.")]
Awaiting = Annotated[bool, typer.Option("--awaiting-me", help="Those that wait for a verdict or signature of yours.")]

_REACHED = {
    Goal.APPROVED: frozenset(
        {
            pb.CHANGE_REQUEST_STATE_APPROVED,
            pb.CHANGE_REQUEST_STATE_SCHEDULED,
            pb.CHANGE_REQUEST_STATE_APPLYING,
            pb.CHANGE_REQUEST_STATE_APPLIED,
        }
    ),
    Goal.APPLIED: frozenset({pb.CHANGE_REQUEST_STATE_APPLIED}),
}


def list_requests(
    context: typer.Context,
    *,
    state: States = None,
    experiment: Experiment = "",
    requester: Requester = "",
    awaiting_me: Awaiting = False,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="The most to show; 0: all.")] = 50,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with each that changes, until Ctrl-C.")] = False,
) -> None:
    """Lists change requests, newest first."""
    session = session_of(context)
    kept = _filter(state, experiment, requester, awaiting_me=awaiting_me)
    with session.reviews() as stub:
        if watch:
            _follow(session, Watch(stub), kept)
        else:
            session.output.many(review_calls.pages(stub, kept, limit=limit), change_requests.table)


def show(context: typer.Context, request_id: RequestId) -> None:
    """Shows a change request: what it alters, why it needs whom, and what was said."""
    session = session_of(context)
    with session.reviews() as stub:
        found = review_calls.get(stub, request_id)
    session.output.one(found, lambda request: beginning.drawing(session, request))
    session.output.suggest(*next_steps(found))


def show_diff(context: typer.Context, request_id: RequestId) -> None:
    """Shows what a change alters."""
    session = session_of(context)
    with session.reviews() as stub:
        session.output.one(review_calls.get(stub, request_id), diff.drawing)


def watch_requests(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(help="One request; ends when it is closed. Default: all.")] = "",
    *,
    state: States = None,
    experiment: Experiment = "",
    requester: Requester = "",
    awaiting_me: Awaiting = False,
) -> None:
    """Shows change requests, and each again whenever it changes; with -o jsonl one object a line."""
    session = session_of(context)
    kept = _filter(state, experiment, requester, awaiting_me=awaiting_me)
    with session.reviews() as stub:
        _follow(session, Watch(stub), kept, request_id)


def wait(
    context: typer.Context,
    request_id: RequestId,
    *,
    until: Annotated[Goal, typer.Option("--for", help="What is waited for.")] = Goal.APPROVED,
    timeout: Annotated[str, typer.Option(metavar="LENGTH", help="How long, such as 90s, 30m, 12h.")] = "10m",
) -> None:
    """Waits until a change is approved or applied: exit code 0; 6 if it is not in time, 1 if it never will be."""
    session = session_of(context)
    seconds = times.length("--timeout", timeout).total_seconds()
    with session.reviews() as stub:
        found = review_calls.get(stub, request_id)
        for changed in Watch(stub, timeout_seconds=seconds).requests(ChangeRequestFilter(), request_id):
            found = changed
            if found.state in _REACHED[until] or found.state not in OPEN:
                break
    answer(session, found)
    if found.state in _REACHED[until]:
        return
    if found.state in OPEN:
        raise typer.Exit(ExitCode.APPROVAL_REQUIRED)
    raise FailedPrecondition(
        Reason.INVALID_STATE,
        f"{request_id} is {request_state_name(found)}: it will not be {until}",
        metadata={"change_request_id": request_id, "state": pb.ChangeRequestState.Name(found.state)},
    )


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(
        "list",
        epilog=examples(
            "expctl --as rob review list --awaiting-me",
            "expctl review list --state pending --experiment checkout",
            "expctl review list -o jsonl | jq -r .change_request_id",
        ),
    )(list_requests)
    app.command("show", epilog=examples("expctl review show cr_1", "expctl review show cr_1 -o yaml"))(show)
    app.command("diff", epilog=examples("expctl review diff cr_1"))(show_diff)
    app.command("watch", epilog=examples("expctl review watch cr_1", "expctl review watch --state pending -o jsonl"))(
        watch_requests
    )
    app.command(
        "wait", epilog=examples("expctl review wait cr_1", "expctl review wait cr_1 --for applied --timeout 2h")
    )(wait)


def _filter(states: list[State] | None, experiment: str, requester: str, *, awaiting_me: bool) -> ChangeRequestFilter:
    names = [f"CHANGE_REQUEST_STATE_{state.name}" for state in states or []]
    return ChangeRequestFilter(
        states=[pb.ChangeRequestState.Value(name) for name in names],
        experiment_id=experiment,
        requester=requester,
        awaits_caller=awaiting_me,
    )


def _follow(session: Session, watch: Watch, kept: ChangeRequestFilter, request_id: str = "") -> None:
    for changed in watch.requests(kept, request_id):
        session.output.next(changed, _line)
        if request_id and changed.state not in OPEN:
            return


def _line(request: pb.ChangeRequest) -> Text:
    what = f"{change_requests.kind_name(request)} of {diff.target(request)}"
    when = instant(request.updated_at if request.HasField("updated_at") else request.created_at)
    return Text.assemble(f"{when}  ", request.change_request_id, "  ", change_requests.state_text(request), f"  {what}")
