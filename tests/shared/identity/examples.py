"""Principals and tokens for tests: who they are, and secrets that are good for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.identity import token
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ANN = Principal("ann", PrincipalKind.HUMAN, "ann", frozenset({Role.EXPERIMENTER}))
ROB = Principal("rob", PrincipalKind.HUMAN, "rob", frozenset({Role.REVIEWER}), disabled=True)
SHOP = Principal(
    "shop",
    PrincipalKind.SERVICE,
    "",
    frozenset({Role.SERVICE}),
    external_ids=frozenset({"mtls:spiffe://shop", "oidc:https://issuer.example#shop"}),
)


def secret(token_id: str) -> str:
    """Returns the secret of a token of the tests."""
    return token.new_secret(token_id, lambda count: token_id.encode().ljust(count, b"."))


def api_token(token_id: str, principal: Principal = ANN, *scopes: str) -> ApiToken:
    """Returns a token that is good for an hour."""
    return ApiToken(
        token_id,
        principal.principal_id,
        token.hash_of(secret(token_id)),
        frozenset(scopes),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )


GOOD = api_token("good")
REVOKED = replace(api_token("revoked"), revoked_at=NOW + timedelta(seconds=5))
"""By somebody whose clock is ahead."""
EXPIRED = replace(api_token("expired"), expires_at=NOW)
OF_DISABLED = api_token("of_disabled", ROB)


def book() -> CredentialBook:
    """Returns a book with one token of each sort."""
    return CredentialBook([ANN, ROB, SHOP], [GOOD, REVOKED, EXPIRED, OF_DISABLED, api_token("of_shop", SHOP)])
