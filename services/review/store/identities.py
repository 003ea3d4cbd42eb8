"""Principals and tokens in Postgres; every change is announced to all services."""

from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql

from services.review.domain.identity import TokenCursor
from services.review.store.identity_tables import api_tokens, external_ids, principals
from shared.identity.principal import Principal, Role
from shared.identity.token import ApiToken
from shared.store import credentials, notify

# Whoever changes principals holds this advisory lock until the end of its transaction.
_IDENTITY_LOCK: Final = 0x6964656E74697479


class PostgresIdentities:
    """Is the part of a transaction that keeps principals and tokens; see `ports.Identities`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Keeps others from changing principals until the transaction ends."""
        self._connection.execute(select(func.pg_advisory_xact_lock(_IDENTITY_LOCK)))

    def add_principal(self, principal: Principal) -> bool:
        """Adds a principal and announces it; returns False if one of its ids is taken."""
        added = (
            postgresql.insert(principals)
            .values(_principal_row(principal))
            .on_conflict_do_nothing()
            .returning(principals.c.principal_id)
        )
        if self._connection.execute(added).first() is None:
            return False
        return self._add_external_ids(principal)

    def save_principal(self, principal: Principal) -> bool:
        """Replaces a principal and announces it; returns False if one of its external ids is another's."""
        own = principals.c.principal_id == principal.principal_id
        self._connection.execute(update(principals).where(own).values(_principal_row(principal)))
        self._connection.execute(delete(external_ids).where(external_ids.c.principal_id == principal.principal_id))
        return self._add_external_ids(principal)

    def find_principal(self, principal_id: str) -> Principal | None:
        """Returns one principal."""
        found = self._principals(principals.c.principal_id == principal_id)
        return found[0] if found else None

    def list_principals(self, *, after: str | None, limit: int) -> list[Principal]:
        """Returns the first principals, by id; with `after`, those that follow it."""
        # Bytes, as the store's own order of texts depends on its locale.
        order = principals.c.principal_id.collate("C")
        return self._principals(order > (after or ""), limit=limit)

    def admins(self) -> list[Principal]:
        """Returns those with the role of an admin."""
        return self._principals(principals.c.roles.contains([Role.ADMIN.value]))

    def add_token(self, token: ApiToken) -> None:
        """Adds a token and announces it."""
        self._connection.execute(insert(api_tokens).values(_token_row(token)))
        self._announce(token.principal_id)

    def lock_token(self, token_id: str) -> ApiToken | None:
        """Returns one token, and locks it until the transaction ends."""
        row = self._connection.execute(
            select(api_tokens).where(api_tokens.c.token_id == token_id).with_for_update()
        ).first()
        return credentials.token_from_row(row) if row else None

    def save_token(self, token: ApiToken) -> None:
        """Writes what changed of a token, and announces it."""
        own = api_tokens.c.token_id == token.token_id
        self._connection.execute(update(api_tokens).where(own).values(_token_row(token)))
        self._announce(token.principal_id)

    def list_tokens(self, principal_id: str, *, after: TokenCursor | None, limit: int) -> list[ApiToken]:
        """Returns the newest tokens of a principal, newest first, then by id; with `after`, those that follow it."""
        newest = (
            select(api_tokens)
            .where(api_tokens.c.principal_id == principal_id)
            .order_by(api_tokens.c.created_at.desc(), api_tokens.c.token_id)
            .limit(limit)
        )
        if after:
            created_at, token_id = api_tokens.c.created_at, api_tokens.c.token_id
            at_once = and_(created_at == after.created_at, token_id > after.token_id)
            newest = newest.where(or_(created_at < after.created_at, at_once))
        return [credentials.token_from_row(row) for row in self._connection.execute(newest)]

    def _principals(self, *conditions: Any, limit: int | None = None) -> list[Principal]:
        found: Select[Any] = (
            select(text(credentials.COLUMNS_OF_PRINCIPALS))
            .select_from(principals)
            .where(*conditions)
            .order_by(principals.c.principal_id.collate("C"))
            .limit(limit)
        )
        return [credentials.principal_from_row(row) for row in self._connection.execute(found)]

    def _add_external_ids(self, principal: Principal) -> bool:
        """Returns whether all of them were free."""
        self._announce(principal.principal_id)
        if not principal.external_ids:
            return True
        rows = [
            {"external_id": external_id, "principal_id": principal.principal_id}
            for external_id in sorted(principal.external_ids)
        ]
        added = (
            postgresql.insert(external_ids).values(rows).on_conflict_do_nothing().returning(external_ids.c.external_id)
        )
        return len(self._connection.execute(added).all()) == len(rows)

    def _announce(self, principal_id: str) -> None:
        notify.notify(self._connection, credentials.CHANNEL, principal_id)


def _principal_row(principal: Principal) -> dict[str, object]:
    return {
        "principal_id": principal.principal_id,
        "kind": principal.kind,
        "display_name": principal.display_name,
        "person_id": principal.person_id,
        "roles": sorted(principal.roles),
        "groups": sorted(principal.groups),
        "disabled": principal.disabled,
        "created_at": principal.created_at,
    }


def _token_row(token: ApiToken) -> dict[str, object]:
    return {
        "token_id": token.token_id,
        "principal_id": token.principal_id,
        "secret_hash": token.secret_hash,
        "description": token.description,
        "scopes": sorted(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
