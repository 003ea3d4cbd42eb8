"""What commands on change requests have in common: arguments, what they show before, and what they answer."""

from typing import Annotated, TypeAlias

import typer
from rich.text import Text

from experimentation.v1 import experiment_service_pb2 as pb
from services.admin import change_requests, diff
from services.admin.commands.review import beginning
from services.admin.exit_codes import ExitCode
from services.admin.formats import Format
from services.admin.next_steps import next_steps
from services.admin.plain_text import cleaned
from services.admin.screen import messages
from services.admin.session import Session

RequestId: TypeAlias = Annotated[str, typer.Argument(help="The change request's id.", show_default=False)]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where nobody can be asked.")]
Comment: TypeAlias = Annotated[str, typer.Option("--comment", "-m", metavar="TEXT", help="Says why.")]
Confirm: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME", help="The name that the command asks for; needed where nobody can be asked.")
]


def show_before(session: Session, request: pb.ChangeRequest) -> None:
    """Shows what is about to be judged; beside the answer, where that is for machines."""
    if session.output.kind is Format.TABLE:
        session.output.draw(beginning.drawing(session, cleaned(request)))
    elif session.prompts.interactive:
        messages().print(beginning.drawing(session, cleaned(request)))


def agreed(session: Session, question: str, *, yes: bool) -> None:
    """Returns if the person agrees, or did so beforehand.

    Raises:
        InvalidArgument: INVALID_FIELD, nobody can be asked.
        Exit: Code 1: the answer is no.
    """
    if not yes and not session.prompts.confirm(question, flag="--yes"):
        session.output.say("Nothing was done.")
        raise typer.Exit(ExitCode.ERROR)


def answer(session: Session, request: pb.ChangeRequest) -> None:
    """Writes how a request stands after a command, and what can be typed next."""
    session.output.one(request, _line)
    session.output.suggest(*next_steps(request))


def target(request: pb.ChangeRequest) -> str:
    """Returns the name that severe actions ask for."""
    return request.experiment_id or request.change_request_id


def _line(request: pb.ChangeRequest) -> Text:
    what = f"{change_requests.kind_name(request)} of {diff.target(request)}"
    text = Text.assemble((request.change_request_id, "bold"), f" ({what}) is ", change_requests.state_text(request))
    if request.applied_revision:
        text.append(f", as revision {request.applied_revision}")
    if request.failure:
        text.append(f": {request.failure}", style="red")
    return text
