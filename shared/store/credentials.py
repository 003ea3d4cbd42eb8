"""Principals and tokens in Postgres, as every service reads them; review alone writes them."""

from typing import Any, Final

from sqlalchemy import Engine, Row, text

from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken
from shared.store.engine import transaction

CHANNEL: Final = "identities"

COLUMNS_OF_PRINCIPALS: Final = (
    "principal_id, kind, display_name, person_id, roles, groups, disabled, created_at, ARRAY(SELECT external_id"
    " FROM external_ids WHERE external_ids.principal_id = principals.principal_id ORDER BY external_id) AS external_ids"
)
COLUMNS_OF_TOKENS: Final = (
    "token_id, principal_id, secret_hash, description, scopes, created_at, expires_at, revoked_at"
)

_PRINCIPALS = text(f"SELECT {COLUMNS_OF_PRINCIPALS} FROM principals ORDER BY principal_id")  # noqa: S608 - constants
# For a day people are told what became of their tokens.
_TOKENS = text(
    f"SELECT {COLUMNS_OF_TOKENS} FROM api_tokens WHERE expires_at > now() - interval '1 day'"  # noqa: S608 - constants
    " AND (revoked_at IS NULL OR revoked_at > now() - interval '1 day') ORDER BY token_id"
)
_ROLES: Final = frozenset(role.value for role in Role)


class PostgresCredentials:
    """Reads who is known. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self) -> CredentialBook:
        """Returns all principals, and the tokens that are good or were until a day ago.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        with transaction(self._engine) as connection:
            # Principals are never deleted, and are read last: none is missing of which there is a token.
            tokens = [token_from_row(row) for row in connection.execute(_TOKENS)]
            return CredentialBook(map(principal_from_row, connection.execute(_PRINCIPALS)), tokens)


def principal_from_row(row: Row[Any]) -> Principal:
    """Returns a row of COLUMNS_OF_PRINCIPALS as a principal; roles that this release does not know allow nothing."""
    return Principal(
        principal_id=row.principal_id,
        kind=PrincipalKind(row.kind),
        person_id=row.person_id,
        roles=frozenset(Role(role) for role in row.roles if role in _ROLES),
        groups=frozenset(row.groups),
        display_name=row.display_name,
        external_ids=frozenset(row.external_ids),
        disabled=row.disabled,
        created_at=row.created_at,
    )


def token_from_row(row: Row[Any]) -> ApiToken:
    """Returns a row of COLUMNS_OF_TOKENS as a token."""
    return ApiToken(
        token_id=row.token_id,
        principal_id=row.principal_id,
        secret_hash=row.secret_hash,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        description=row.description,
    )
