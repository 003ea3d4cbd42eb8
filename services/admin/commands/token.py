"""The commands of tokens."""

import sys
from typing import Annotated, TypeAlias

import typer
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import identity_service_pb2 as pb
from services.admin import identities, times
from services.admin.clients import CALL_SECONDS
from services.admin.commands.group import command_group
from services.admin.commands.review.arguments import Yes, agreed
from services.admin.examples import examples
from services.admin.formats import Format
from services.admin.session import Session, session_of
from shared import clock
from shared.rpc import client

TokenId: TypeAlias = Annotated[str, typer.Argument(help="The token's id.", show_default=False)]
Whose: TypeAlias = Annotated[str, typer.Option("--for", metavar="PRINCIPAL", help="Whose. Default: yours.")]

app = command_group("Creates, rotates and revokes tokens.")


@app.command(
    "create",
    epilog=examples(
        "expctl token create --description laptop",
        "expctl --as ada token create --for shop --ttl 365d > shop.token",
        "expctl token create --scope experiments.read --ttl 1h",
    ),
)
def create(
    context: typer.Context,
    *,
    whose: Whose = "",
    description: Annotated[str, typer.Option(metavar="TEXT", help="Says what it is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="PERMISSION", help="A permission that it is good for; again for more. Default: all."),
    ] = None,
    ttl: Annotated[str, typer.Option(metavar="LENGTH", help="How long it is good, at most 366d.")] = "90d",
) -> None:
    """Creates a token and writes its secret to standard output; it is not shown again."""
    session = session_of(context)
    request = pb.CreateTokenRequest(
        principal_id=whose, description=description, scopes=scope or [], time_to_live=_length("--ttl", ttl)
    )
    with session.identities() as stub:
        made = client.call(stub.CreateToken, request, timeout_seconds=CALL_SECONDS)
    _answer(session, made)


@app.command("list", epilog=examples("expctl token list", "expctl --as ada token list --for shop"))
def list_tokens(context: typer.Context, *, whose: Whose = "") -> None:
    """Lists tokens, newest first, without their secrets."""
    session = session_of(context)
    with session.identities() as stub:
        session.output.many(identities.tokens(stub, whose), lambda found: identities.tokens_table(found, clock.now()))


@app.command(
    "rotate", epilog=examples("expctl token rotate tok_1 > new.token", "expctl token rotate tok_1 --overlap 1d")
)
def rotate(
    context: typer.Context,
    token_id: TokenId,
    *,
    overlap: Annotated[
        str, typer.Option(metavar="LENGTH", help="How long the old one stays good, at most 30d.")
    ] = "1h",
) -> None:
    """Creates a token in the place of another and writes its secret; the old one stays good for a while."""
    session = session_of(context)
    request = pb.RotateTokenRequest(token_id=token_id, overlap=_length("--overlap", overlap))
    with session.identities() as stub:
        made = client.call(stub.RotateToken, request, timeout_seconds=CALL_SECONDS)
    _answer(session, made)
    if profile := session.access.profile_name:
        name = () if session.options.profile else ("--profile", profile)
        session.output.suggest(("To keep it in the profile, with the secret on standard input", ("login", *name)))
        session.output.say(f"Until then the profile {profile} has the old one.")
    else:
        session.output.say(
            f"To use it here write it into {session.access.token_file}, or `expctl login --profile NAME`."
        )


@app.command("revoke", epilog=examples("expctl token revoke tok_1", "expctl token revoke tok_1 --yes"))
def revoke(context: typer.Context, token_id: TokenId, *, yes: Yes = False) -> None:
    """Revokes a token: calls with it are refused within about a second."""
    session = session_of(context)
    agreed(session, f"Revoke {token_id}?", yes=yes)
    request = pb.RevokeTokenRequest(token_id=token_id)
    with session.identities() as stub:
        after = client.call(stub.RevokeToken, request, timeout_seconds=CALL_SECONDS).token
    session.output.one(after, identities.token_line)


def _answer(session: Session, made: pb.CreateTokenResponse | pb.RotateTokenResponse) -> None:
    if session.output.kind is not Format.TABLE:
        session.output.one(made, lambda _: "")
        return
    # The secret alone, so that it can be sent into a file.
    sys.stdout.write(made.secret + "\n")
    session.output.say(f"{identities.token_line(made.token).plain}. The secret is not shown again.")


def _length(flag: str, text: str) -> Duration:
    found = Duration()
    found.FromTimedelta(times.length(flag, text))
    return found
