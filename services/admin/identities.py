"""Principals and their tokens, for people."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import identity_service_pb2 as pb
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from services.admin import tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, remaining
from shared import errors
from shared.rpc import client

PAGE_SIZE: Final = 200


def principals(stub: IdentityServiceStub) -> Iterator[pb.Principal]:
    """Yields the principals by id, from all pages."""
    request = pb.ListPrincipalsRequest(page_size=PAGE_SIZE)
    while True:
        response = client.call(stub.ListPrincipals, request, timeout_seconds=CALL_SECONDS)
        yield from response.principals
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def principal(stub: IdentityServiceStub, principal_id: str) -> pb.Principal:
    """Returns one principal.

    Raises:
        NotFound: PRINCIPAL_NOT_FOUND.
    """
    for each in principals(stub):
        if each.principal_id == principal_id:
            return each
    raise errors.NotFound(
        errors.Reason.PRINCIPAL_NOT_FOUND,
        f"there is no principal {principal_id!r}",
        metadata={"principal_id": principal_id},
    )


def tokens(stub: IdentityServiceStub, principal_id: str) -> Iterator[pb.Token]:
    """Yields the tokens of a principal, or the caller's where that is empty, newest first, from all pages.

    Raises:
        NotFound: PRINCIPAL_NOT_FOUND.
        PermissionDenied: PERMISSION_DENIED.
    """
    request = pb.ListTokensRequest(principal_id=principal_id, page_size=PAGE_SIZE)
    while True:
        response = client.call(stub.ListTokens, request, timeout_seconds=CALL_SECONDS)
        yield from response.tokens
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def principals_table(found: Sequence[pb.Principal]) -> RenderableType:
    """Returns a row per principal."""
    rows = tables.rows("principal", "kind", "roles", "groups", "person", "")
    for each in found:
        rows.add_row(
            Text(each.principal_id),
            enum_name(pb.PrincipalKind.DESCRIPTOR, each.kind),
            Text(", ".join(each.roles) or NOTHING),
            Text(", ".join(each.groups) or NOTHING),
            Text(each.person_id or NOTHING),
            Text("disabled", style="red") if each.disabled else "",
        )
    return rows


def principal_drawing(found: pb.Principal) -> RenderableType:
    """Returns one principal."""
    facts = tables.facts()
    for name, text in _facts(found):
        facts.add_row(name, Text(text))
    state = Text(" (disabled)", style="red") if found.disabled else ""
    return Group(Text.assemble((found.principal_id, "bold"), state), facts)


def caller_drawing(found: pb.GetCallerResponse, now: datetime) -> RenderableType:
    """Returns who calls, and what these credentials may do."""
    until = "nobody said until when"
    if found.HasField("expires_at"):
        until = f"good until {instant(found.expires_at)} UTC ({remaining(found.expires_at, now)})"
    return Group(
        principal_drawing(found.principal),
        Text(f"known by {found.authentication}, {until}"),
        Text(f"may: {', '.join(found.permissions) or NOTHING}"),
    )


def tokens_table(found: Sequence[pb.Token], now: datetime) -> RenderableType:
    """Returns a row per token."""
    if not found:
        return Text("There are no tokens.")
    rows = tables.rows("token", "of", "state", "for", "scopes")
    for each in found:
        rows.add_row(
            Text(each.token_id),
            Text(each.principal_id),
            _state(each, now),
            Text(each.description or NOTHING),
            Text(", ".join(each.scopes) or "all"),
        )
    return rows


def token_line(token: pb.Token) -> Text:
    """Returns one token in a line."""
    end = (
        f"revoked {instant(token.revoked_at)}" if token.HasField("revoked_at") else f"until {instant(token.expires_at)}"
    )
    return Text.assemble((token.token_id, "bold"), f" of {token.principal_id}, {end} UTC")


def _state(token: pb.Token, now: datetime) -> Text:
    if token.HasField("revoked_at"):
        return Text("revoked", style="red")
    text = remaining(token.expires_at, now)
    return Text(f"expired {text}", style="red") if text.endswith("ago") else Text(f"expires {text}")


def _facts(found: pb.Principal) -> Iterator[tuple[str, str]]:
    if found.display_name not in ("", found.principal_id):
        yield "name", found.display_name
    yield "kind", enum_name(pb.PrincipalKind.DESCRIPTOR, found.kind)
    yield "roles", ", ".join(found.roles) or NOTHING
    if found.groups:
        yield "groups", ", ".join(found.groups)
    if found.person_id not in ("", found.principal_id):
        yield "person", found.person_id
    for external_id in found.external_ids:
        yield "also known as", external_id
