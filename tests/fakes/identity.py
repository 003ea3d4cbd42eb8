"""Callers for tests: principals, one of each sort, with tokens that are good."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, text

from shared import clock
from shared.config import Secret
from shared.identity import token
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Caller, Principal, PrincipalKind, Role
from shared.identity.token import ApiToken
from shared.rpc.authorization import CallAuthorizer, Guard
from shared.store.engine import transaction

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_GOOD_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)

HUMAN, SERVICE, AGENT = PrincipalKind

PRINCIPALS: Final = tuple(
    Principal(
        name,
        kind,
        person_id=name if kind is HUMAN else "",
        roles=frozenset({role}),
        display_name=name,
        created_at=_CREATED,
    )
    for name, kind, role in (
        ("ada", HUMAN, Role.ADMIN),
        ("ann", HUMAN, Role.EXPERIMENTER),
        ("bob", HUMAN, Role.EXPERIMENTER),
        ("rob", HUMAN, Role.REVIEWER),
        ("rae", HUMAN, Role.REVIEWER),
        ("vic", HUMAN, Role.VIEWER),
        ("service", SERVICE, Role.SERVICE),
        ("agent", AGENT, Role.AGENT),
    )
)


def secret(principal_id: str) -> Secret:
    """Returns the secret of a principal's token."""
    return Secret(token.new_secret(f"tok_{principal_id}", lambda count: principal_id.encode().ljust(count, b".")))


ADA: Final = secret("ada")
"""Is an admin's, who may do everything."""


def metadata(principal_id: str) -> tuple[tuple[str, str], ...]:
    """Returns what a call carries when the principal makes it; not on a channel that has a token of its own."""
    return (("authorization", f"Bearer {secret(principal_id).value}"),)


def book() -> CredentialBook:
    """Returns the book in which all of them are."""
    return CredentialBook(PRINCIPALS, [_api_token(principal) for principal in PRINCIPALS])


def authorizer(on_denied: Callable[[Caller, str], None] = lambda _caller, _path: None) -> CallAuthorizer:
    """Returns the real authorizer, which knows all of them and needs no store."""
    authenticator = Authenticator(clock=clock.now, seconds=time.time)
    authenticator.replace(book())
    return CallAuthorizer(authenticator, on_denied=on_denied)


class OpenAuthorizer:
    """Takes everybody for an admin, whatever they send: for tests of something else."""

    def guard(self, _path: str) -> Guard:
        caller = book().caller_of_secret(ADA.value, now=_CREATED)
        return lambda _context: caller


def install(engine: Engine) -> None:
    """Puts all of them into a store."""
    principals = [
        {"principal_id": one.principal_id, "kind": one.kind, "person_id": one.person_id, "role": min(one.roles)}
        for one in PRINCIPALS
    ]
    tokens = [
        {"token_id": one.token_id, "principal_id": one.principal_id, "secret_hash": one.secret_hash}
        for one in map(_api_token, PRINCIPALS)
    ]
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO principals VALUES (:principal_id, :kind, :principal_id, :person_id,"
                " jsonb_build_array(CAST(:role AS text)), '[]', false, :created_at)"
            ),
            [{**one, "created_at": _CREATED} for one in principals],
        )
        connection.execute(
            text(
                "INSERT INTO api_tokens VALUES (:token_id, :principal_id, :secret_hash, '', '[]', :created_at, :until)"
            ),
            [{**one, "created_at": _CREATED, "until": _GOOD_UNTIL} for one in tokens],
        )


def _api_token(principal: Principal) -> ApiToken:
    return ApiToken(
        f"tok_{principal.principal_id}",
        principal.principal_id,
        token.hash_of(secret(principal.principal_id).value),
        frozenset(),
        created_at=_CREATED,
        expires_at=_GOOD_UNTIL,
    )
