"""Looks for what keeps the command from working, and says what mends it."""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import Final

from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import experiment_service_pb2, identity_service_pb2
from services.admin import clients
from services.admin.access import SERVICES, Access, Server
from services.admin.formats import Document
from services.admin.screen import command_line
from shared.clock import Clock
from shared.config import ConfigError
from shared.errors import Kind, PlatformError, Reason
from shared.identity.token import token_id_of
from shared.rpc import client

_SECONDS: Final = 3.0
_SOON: Final = timedelta(days=7)


class Health(StrEnum):
    """Says how a check ended."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """Is one thing that was looked at.

    Attributes:
        name: What was looked at.
        health: How it is.
        found: What was found.
        remedy: What mends it; empty where nothing needs to be.
    """

    name: str
    health: Health
    found: str
    remedy: str = ""


def checks(access: Access, clock: Clock) -> Iterator[Check]:
    """Yields the checks as they are made; what would only repeat a failure is left out."""
    place = _place(access)
    yield place
    if place.health is Health.BAD:
        return
    yield from _token_files(access)
    for service in SERVICES:
        reached = _reached(access, service)
        yield reached
        if service == "review" and reached.health is Health.GOOD:
            server = access.server("review")
            yield _identity(server, clock)
            yield _store(server)
    if access.knows("gateway"):
        yield _gateway(access)


def drawing(found: Sequence[Check]) -> RenderableType:
    """Returns a row per check, with the remedy below where there is one."""
    marks = {Health.GOOD: ("ok", "green"), Health.WARNING: ("careful", "yellow"), Health.BAD: ("bad", "bold red")}
    rows = Table(box=None, show_header=False, pad_edge=False)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for check in found:
        mark, style = marks[check.health]
        rows.add_row(Text(mark, style=style), Text(check.name), Text(check.found))
        if check.remedy:
            rows.add_row("", "", Text(f"-> {check.remedy}", style="bold"))
    return rows


def document(found: Sequence[Check]) -> Document:
    """Returns the checks for machines."""
    return {
        "checks": [
            {"name": each.name, "health": str(each.health), "found": each.found, "remedy": each.remedy}
            for each in found
        ]
    }


def _place(access: Access) -> Check:
    try:
        profile, name = access.profile, access.profile_name
    except (ConfigError, PlatformError) as error:
        return Check("place", Health.BAD, str(error), f"mend {access.book.path}, or choose another --profile")
    if profile is not None:
        return Check("place", Health.GOOD, f"profile {name} of {access.book.path}")
    return Check("place", Health.GOOD, f"the local stack in {access.directory}")


def _token_files(access: Access) -> Iterator[Check]:
    path = access.token_file
    if not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Check("token file", Health.WARNING, f"others can read {path} ({mode:04o})", f"chmod 600 {path}")
    else:
        yield Check("token file", Health.GOOD, f"only you can read {path}")


def _reached(access: Access, service: str) -> Check:
    try:
        server = access.server(service)
    except (PlatformError, ConfigError) as error:
        health = Health.WARNING if access.profile is not None else Health.BAD
        start = command_line("up", "--directory", str(access.directory))
        remedy = start if access.profile is None else f"add `{service}` to the profile in {access.book.path}"
        return Check(service, health, str(error), remedy)
    return _health(service, server)


def _health(service: str, server: Server) -> Check:
    request = health_pb2.HealthCheckRequest()
    try:
        with clients.stub_at(health_pb2_grpc.HealthStub, service, server) as stub:
            answer = client.call(stub.Check, request, timeout_seconds=_SECONDS)
    except PlatformError as error:
        remedy = f"start it, or give --{service}-address; behind TLS give the profile `tls` or `ca`"
        return Check(service, Health.BAD, error.message, remedy)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return Check(service, Health.BAD, f"{server.address} is there and does not serve", "look into its log")
    return Check(service, Health.GOOD, f"serves at {server.address}")


def _gateway(access: Access) -> Check:
    from services.admin import gateway  # noqa: PLC0415 - takes long to load

    try:
        server = access.server("gateway")
        answer = gateway.ask(server, "GET", gateway.LIVE, timeout_seconds=_SECONDS)
    except (PlatformError, OSError) as error:
        remedy = "start it, or give --gateway-address; behind TLS give the profile `tls` or `ca`"
        return Check("gateway", Health.BAD, str(error), remedy)
    if not gateway.is_live(answer):
        found = f"{server.address} answers {answer.status_code} in another way than the gateway"
        return Check("gateway", Health.BAD, found, "give --gateway-address, or mend the profile's `gateway`")
    return Check("gateway", Health.GOOD, f"lives at {server.address}")


def _identity(server: Server, clock: Clock) -> Check:
    try:
        with clients.identities_at(server) as stub:
            caller = client.call(stub.GetCaller, identity_service_pb2.GetCallerRequest(), timeout_seconds=_SECONDS)
    except PlatformError as error:
        remedy = "give --as NAME, or `expctl login --profile NAME` with a new token"
        return Check("identity", Health.BAD, error.message, remedy)
    token_id = token_id_of(server.token.value) if server.token else None
    who = f"{caller.principal.principal_id} ({', '.join(caller.principal.roles)})"
    who += f" with token {token_id}" if token_id else ""
    if caller.HasField("expires_at"):
        left = caller.expires_at.ToDatetime(tzinfo=UTC) - clock()
        if left < _SOON:
            return Check(
                "identity",
                Health.WARNING,
                f"{who}; the token ends in {left}",
                f"expctl token rotate {token_id or 'TOKEN'}",
            )
    return Check("identity", Health.GOOD, who)


def _store(server: Server) -> Check:
    request = experiment_service_pb2.ListExperimentsRequest(page_size=1)
    try:
        with clients.experiments_at(server) as stub:
            client.call(stub.ListExperiments, request, timeout_seconds=_SECONDS)
    except PlatformError as error:
        if error.kind is Kind.PERMISSION_DENIED:
            return Check("store", Health.WARNING, f"cannot be seen: {error.message}", "look as somebody with a role")
        remedy = "start Postgres again; allocation goes on meanwhile"
        known = error.reason is Reason.STORE_UNAVAILABLE
        return Check("store", Health.BAD, error.message, remedy if known else "look into the log of review")
    return Check("store", Health.GOOD, "answers")
