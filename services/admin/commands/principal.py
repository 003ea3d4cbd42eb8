"""The commands of principals: who may call, and in which roles."""

from collections.abc import MutableSequence
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from experimentation.v1 import identity_service_pb2 as pb
from services.admin import identities
from services.admin.clients import CALL_SECONDS
from services.admin.commands.group import command_group
from services.admin.commands.review.arguments import Confirm
from services.admin.examples import examples
from services.admin.session import session_of
from shared.errors import invalid_field
from shared.rpc import client


class Kind(StrEnum):
    """Says what a principal is."""

    HUMAN = "human"
    SERVICE = "service"
    AGENT = "agent"


PrincipalId: TypeAlias = Annotated[str, typer.Argument(help="The principal's id.", show_default=False)]
Names: TypeAlias = list[str] | None

app = command_group("Shows, creates and changes principals: people, services and agents that may call.")


@app.command("list", epilog=examples("expctl --as ada principal list"))
def list_principals(context: typer.Context) -> None:
    """Lists the principals."""
    session = session_of(context)
    with session.identities() as stub:
        session.output.many(identities.principals(stub), identities.principals_table)


@app.command(
    "create",
    epilog=examples(
        "expctl --as ada principal create eve --kind human --role reviewer",
        "expctl --as ada principal create shop --kind service --role service",
    ),
)
def create(
    context: typer.Context,
    principal_id: PrincipalId,
    *,
    kind: Annotated[Kind, typer.Option(help="What it is.")],
    role: Annotated[
        Names,
        typer.Option(metavar="ROLE", help="viewer, experimenter, reviewer, admin, service or agent; again for more."),
    ] = None,
    group: Annotated[Names, typer.Option(metavar="NAME", help="A group that rules can name; again for more.")] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What people call it. Default: the id.")] = "",
    person: Annotated[str, typer.Option(metavar="ID", help="The person behind it. Default for a human: the id.")] = "",
    external_id: Annotated[
        Names, typer.Option(metavar="ID", help="oidc:ISSUER#SUBJECT or mtls:NAME that vouches; again for more.")
    ] = None,
) -> None:
    """Creates a principal; `token create --for ID` makes a token for it."""
    session = session_of(context)
    asked = pb.Principal(
        principal_id=principal_id,
        kind=pb.PrincipalKind.Value(f"PRINCIPAL_KIND_{kind.name}"),
        display_name=name,
        person_id=person,
        roles=role or [],
        groups=group or [],
        external_ids=external_id or [],
    )
    with session.identities() as stub:
        request = pb.CreatePrincipalRequest(principal=asked)
        made = client.call(stub.CreatePrincipal, request, timeout_seconds=CALL_SECONDS).principal
    session.output.one(made, identities.principal_drawing)
    same = ("--as", session.options.identity) if session.options.identity else ()
    session.output.suggest(("To make a token for it", (*same, "token", "create", "--for", principal_id)))


@app.command(
    "update",
    epilog=examples(
        "expctl --as ada principal update eve --role reviewer --role admin",
        "expctl --as ada principal update eve --disable --confirm eve",
    ),
)
def update(
    context: typer.Context,
    principal_id: PrincipalId,
    *,
    role: Annotated[Names, typer.Option(metavar="ROLE", help="The new roles; again for more.")] = None,
    group: Annotated[Names, typer.Option(metavar="NAME", help="The new groups; again for more.")] = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Take it out of all groups.")] = False,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="What people call it.")] = None,
    person: Annotated[str | None, typer.Option(metavar="ID", help="The person behind it.")] = None,
    external_id: Annotated[
        Names, typer.Option(metavar="ID", help="The new identities that vouch; again for more.")
    ] = None,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Refuse all its calls from now on, or no more.")
    ] = None,
    confirm: Confirm = "",
) -> None:
    """Changes a principal: what is not given stays. To disable one asks for its name."""
    if not (role or group or no_groups or external_id or name is not None or person is not None or disable is not None):
        raise invalid_field("--role", "give something to change; `expctl principal update --help` says what there is")
    session = session_of(context)
    with session.identities() as stub:
        changed = identities.principal(stub, principal_id)
        if disable and not changed.disabled:
            session.prompts.severe(f"All calls of {principal_id} will be refused.", principal_id, given=confirm)
        _replace(changed.roles, role)
        _replace(changed.groups, [] if no_groups else group)
        _replace(changed.external_ids, external_id)
        changed.display_name = changed.display_name if name is None else name
        changed.person_id = changed.person_id if person is None else person
        changed.disabled = changed.disabled if disable is None else disable
        request = pb.UpdatePrincipalRequest(principal=changed)
        after = client.call(stub.UpdatePrincipal, request, timeout_seconds=CALL_SECONDS).principal
    session.output.one(after, identities.principal_drawing)


def _replace(old: MutableSequence[str], new: Names) -> None:
    if new is not None:
        old[:] = new
