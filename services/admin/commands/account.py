"""The commands of one's own account: login, whoami."""

from pathlib import Path
from typing import Annotated

import typer

from experimentation.v1 import identity_service_pb2 as pb
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from services.admin import identities
from services.admin.access import Server, guarded
from services.admin.clients import CALL_SECONDS, identities_at
from services.admin.commands import panels
from services.admin.examples import examples
from services.admin.profiles import Profile
from services.admin.session import Session, session_of
from shared import clock
from shared.config import Secret
from shared.errors import invalid_field
from shared.rpc import client
from shared.rpc.client import ClientTls


def login(
    context: typer.Context,
    *,
    tls: Annotated[bool, typer.Option("--tls", help="Call over TLS, with whom this machine trusts.")] = False,
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who must have signed the servers' certificates (PEM).")
    ] = None,
    plaintext: Annotated[
        bool, typer.Option("--plaintext", help="Send the token without TLS, where the network itself is protected.")
    ] = False,
) -> None:
    """Keeps a token in a profile, once the service has accepted it. It is read from standard input, or typed unseen.

    For a profile that is not there yet give --review-address, and those of the others that there are.
    """
    session = session_of(context)
    name = session.options.profile or ""
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise invalid_field("--profile", "is needed: a name of letters, digits, hyphens and underscores")
    known = name in session.access.book.names
    settings = _settings(session, tls=tls, ca=ca, plaintext=plaintext)
    if known and settings:
        raise invalid_field("--profile", f"{name} is there already: edit {session.access.book.path} instead")
    if not known and "review" not in settings:
        raise invalid_field("--review-address", f"is needed: there is no profile {name} yet")
    profile = session.access.book.read(name) if known else _profile(settings)
    token = Secret(session.prompts.secret(f"Token for {name}: "))
    caller = _checked(profile, token)
    if not known:
        session.access.book.add(name, settings)
    path = session.access.book.save_token(name, profile, token)
    session.output.one(caller, lambda found: identities.caller_drawing(found, clock.now()))
    session.output.say(f"The token is kept in {path}.")
    session.output.suggest(("To use it", ("--profile", name, "experiment", "list")))


def whoami(context: typer.Context) -> None:
    """Shows who you are to the services, and what you may do."""
    session = session_of(context)
    with session.identities() as stub:
        found = _caller(stub)
    session.output.one(found, lambda caller: identities.caller_drawing(caller, clock.now()))


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the app."""
    app.command(
        rich_help_panel=panels.CALLERS,
        epilog=examples(
            "expctl login --profile staging --review-address review.staging:443 --tls",
            "expctl login --profile staging < token.txt",
        ),
    )(login)
    app.command(rich_help_panel=panels.CALLERS, epilog=examples("expctl whoami", "expctl --as rob whoami -o json"))(
        whoami
    )


def _settings(session: Session, *, tls: bool, ca: Path | None, plaintext: bool) -> dict[str, str | bool]:
    given: dict[str, str | bool | None] = {
        "review": session.options.review_address or session.options.address,
        "bandit": session.options.bandit_address,
        "ai": session.options.ai_address,
        "gateway": session.options.gateway_address,
        "tls": tls,
        "ca": str(ca.absolute()) if ca else None,
        "plaintext": plaintext,
    }
    return {name: value for name, value in given.items() if value}


def _profile(settings: dict[str, str | bool]) -> Profile:
    return Profile(
        review=str(settings["review"]),
        tls=bool(settings.get("tls")),
        ca=Path(str(settings["ca"])) if "ca" in settings else None,
        plaintext=bool(settings.get("plaintext")),
    )


def _checked(profile: Profile, token: Secret) -> pb.GetCallerResponse:
    """Returns whose the token is, as the service says.

    Raises:
        Unauthenticated: The service does not know it.
    """
    tls = ClientTls(profile.ca, profile.certificate, profile.key) if profile.is_secure else None
    server = guarded(Server(profile.review, token, tls), plaintext=profile.plaintext)
    with identities_at(server) as stub:
        return _caller(stub)


def _caller(stub: IdentityServiceStub) -> pb.GetCallerResponse:
    return client.call(stub.GetCaller, pb.GetCallerRequest(), timeout_seconds=CALL_SECONDS)
