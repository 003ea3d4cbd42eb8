"""Callers of review's tests, beside those of `tests.fakes.identity`: the same people under other names, and robots."""

from datetime import UTC, datetime
from typing import Final

from shared import clock
from shared.identity import token
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken
from tests.fakes import identity

_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_GOOD_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)
_HUMAN, _SERVICE, _AGENT = PrincipalKind


def _principal(name: str, kind: PrincipalKind, person_id: str, *roles: Role) -> Principal:
    return Principal(name, kind, person_id, frozenset(roles), created_at=_CREATED)


PRINCIPALS: Final = (
    _principal("ava", _HUMAN, "ava", Role.ADMIN),
    _principal("rex", _HUMAN, "rex", Role.REVIEWER),
    # Rob and ann once more, under other names.
    _principal("robert", _HUMAN, "rob", Role.REVIEWER),
    _principal("anna", _HUMAN, "ann", Role.REVIEWER),
    # Who asked for roles that are not for their kind; the agent is ann's.
    _principal("robot", _AGENT, "ann", Role.AGENT, Role.REVIEWER),
    _principal("daemon", _SERVICE, "", Role.SERVICE, Role.REVIEWER, Role.ADMIN),
)
SECOND_TOKEN: Final = "rob_again"
"""Names a second token of rob's, as if it were a principal."""


def _token(name: str, principal_id: str) -> ApiToken:
    secret_hash = token.hash_of(identity.secret(name).value)
    return ApiToken(f"tok_{name}", principal_id, secret_hash, frozenset(), _CREATED, _GOOD_UNTIL)


def book(*, without: str = "") -> CredentialBook:
    """Returns the book in which all of them are, but for the token of the one named."""
    known = identity.book()
    tokens = [*known.tokens, *(_token(each.principal_id, each.principal_id) for each in PRINCIPALS)]
    tokens.append(_token(SECOND_TOKEN, "rob"))
    kept = [each for each in tokens if each.token_id != f"tok_{without}"]
    return CredentialBook([*known.principals, *PRINCIPALS], kept)


def authenticator() -> Authenticator:
    """Returns the real authenticator, which knows all of them."""
    made = Authenticator(clock=clock.now)
    made.replace(book())
    return made
