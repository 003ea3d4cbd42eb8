"""The use cases of tokens: one's own, and for those who manage identities anybody's."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.review.domain import identity
from services.review.domain.identity import TokenCursor
from services.review.domain.model import Page
from services.review.domain.ports import ReviewStore, Transaction
from services.review.service.principals import entry, known_here, principal_found
from shared import errors
from shared.clock import Clock
from shared.identity import token as tokens
from shared.identity.permission import Permission
from shared.identity.principal import Caller, Principal
from shared.identity.refusals import permission_denied
from shared.identity.roles import permissions_of
from shared.identity.token import ApiToken
from shared.ids import NewId

DEFAULT_TIME_TO_LIVE: Final = timedelta(days=90)
DEFAULT_OVERLAP: Final = timedelta(hours=1)

_MAX_ECHO = 64

Issued = tuple[ApiToken, str]
"""A token, and its secret, which nobody can be told again."""


class TokenService:
    """Issues and takes away tokens; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE, and nothing happened, when the store cannot be reached.
    """

    def __init__(
        self,
        store: ReviewStore,
        *,
        clock: Clock,
        new_id: NewId,
        random_bytes: Callable[[int], bytes],
        refresh: Callable[[], None],
        on_denied: Callable[[Caller, str], None],
    ) -> None:
        """Makes the service.

        Args:
            store: Keeps tokens, without their secrets.
            clock: The clock.
            new_id: Makes their ids.
            random_bytes: Makes their secrets: `secrets.token_bytes`.
            refresh: As in PrincipalService.
            on_denied: Is told who tried what in vain, such as `token.create`.
        """
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._refresh = refresh
        self._on_denied = on_denied

    def create(
        self,
        principal_id: str,
        *,
        caller: Caller,
        description: str = "",
        scopes: Collection[str] = (),
        time_to_live: timedelta = DEFAULT_TIME_TO_LIVE,
    ) -> Issued:
        """Returns a new token of a principal; an empty id: the caller's own.

        A token that somebody makes for themselves is good for nothing that the one they use is not good for.

        Raises:
            InvalidArgument: INVALID_FIELD.
            PermissionDenied: PERMISSION_DENIED, whether or not there is such a principal.
            NotFound: PRINCIPAL_NOT_FOUND.
        """
        owner_id = principal_id or caller.principal_id
        self._require_mine(owner_id, caller, "token.create")
        found = list(identity.scope_violations(scopes))
        if found:
            raise errors.invalid_fields(found)
        now = self._clock()
        with self._store.transaction() as transaction:
            owner = principal_found(transaction, owner_id)
            kept = self._within(frozenset(scopes), owner, caller)
            issued = self._issue(owner_id, description, kept, now, time_to_live)
            _file(transaction, issued[0], caller, now)
        known_here(self._refresh)
        return issued

    def list_tokens(
        self, principal_id: str, *, caller: Caller, after: TokenCursor | None, limit: int
    ) -> Page[ApiToken]:
        """Returns at most limit tokens of a principal, newest first; an empty id: the caller's own.

        Raises:
            PermissionDenied: PERMISSION_DENIED, whether or not there is such a principal.
            NotFound: PRINCIPAL_NOT_FOUND.
        """
        owner_id = principal_id or caller.principal_id
        self._require_mine(owner_id, caller, "token.list")
        with self._store.transaction() as transaction:
            principal_found(transaction, owner_id)
            found = transaction.identities.list_tokens(owner_id, after=after, limit=limit + 1)
        return Page.of(found, limit)

    def rotate(self, token_id: str, *, caller: Caller, overlap: timedelta = DEFAULT_OVERLAP) -> Issued:
        """Returns a token like the old one, for as long as that was made for; the old one stays good for the overlap.

        Raises:
            PermissionDenied: PERMISSION_DENIED: it is another's, is not there, or is good for more than the caller's.
            NotFound: TOKEN_NOT_FOUND.
            FailedPrecondition: INVALID_STATE: it is revoked, or has expired.
        """
        now = self._clock()
        with self._store.transaction() as transaction:
            old = self._found(transaction, token_id, caller, "token.rotate")
            if old.revoked_at is not None or old.expires_at <= now:
                raise _no_longer_good(old)
            owner = principal_found(transaction, old.principal_id)
            self._require_no_more(permissions_of(owner, old.scopes), owner, caller, "token.rotate")
            issued = self._issue(old.principal_id, old.description, old.scopes, now, old.expires_at - old.created_at)
            transaction.identities.save_token(replace(old, expires_at=min(old.expires_at, now + overlap)))
            _file(transaction, issued[0], caller, now, replaces=old.token_id)
        known_here(self._refresh)
        return issued

    def revoke(self, token_id: str, *, caller: Caller) -> ApiToken:
        """Returns the token, which is good for nothing from now on; again does no harm.

        Raises:
            PermissionDenied: PERMISSION_DENIED: it is another's, or is not there.
            NotFound: TOKEN_NOT_FOUND.
        """
        now = self._clock()
        with self._store.transaction() as transaction:
            old = self._found(transaction, token_id, caller, "token.revoke")
            if old.revoked_at is not None:
                return old
            revoked = replace(old, revoked_at=now)
            transaction.identities.save_token(revoked)
            details = {"token_id": old.token_id, "description": old.description}
            transaction.audit.append(entry("token.revoke", old.principal_id, caller, now, details))
        known_here(self._refresh)
        return revoked

    def _issue(
        self, principal_id: str, description: str, scopes: frozenset[str], now: datetime, time_to_live: timedelta
    ) -> Issued:
        token_id = self._new_id("tok")
        secret = tokens.new_secret(token_id, self._random_bytes)
        token = ApiToken(
            token_id,
            principal_id,
            tokens.hash_of(secret),
            scopes,
            created_at=now,
            expires_at=now + time_to_live,
            description=description,
        )
        return token, secret

    def _within(self, scopes: frozenset[str], owner: Principal, caller: Caller) -> frozenset[str]:
        """Returns the scopes of a token that the caller makes: those asked for, or where none are what they have."""
        if owner.principal_id != caller.principal_id:
            return scopes
        if not scopes:
            narrowed = caller.permissions != permissions_of(caller.principal)
            return frozenset(caller.permissions) if narrowed else scopes
        self._require_no_more(permissions_of(owner, scopes), owner, caller, "token.create")
        return scopes

    def _require_no_more(
        self, permissions: frozenset[Permission], owner: Principal, caller: Caller, action: str
    ) -> None:
        """Returns if the caller has these permissions too: nobody gets more for themselves than they came with."""
        missing = sorted(permissions - caller.permissions)
        if missing and owner.principal_id == caller.principal_id:
            self._on_denied(caller, action)
            raise permission_denied(missing[0], caller.principal_id)

    def _require_mine(self, principal_id: str, caller: Caller, action: str) -> None:
        if principal_id != caller.principal_id and not _manages(caller):
            self._on_denied(caller, action)
            raise permission_denied(Permission.IDENTITIES_MANAGE, caller.principal_id)

    def _found(self, transaction: Transaction, token_id: str, caller: Caller, action: str) -> ApiToken:
        """Returns the token, locked; whether there is one is the business of those alone who manage identities."""
        found = transaction.identities.lock_token(token_id)
        self._require_mine(found.principal_id if found else "", caller, action)
        if found is None:
            shown = token_id[:_MAX_ECHO]
            raise errors.NotFound(
                errors.Reason.TOKEN_NOT_FOUND, f"there is no token {shown!r}", metadata={"token_id": shown}
            )
        return found


def _manages(caller: Caller) -> bool:
    return Permission.IDENTITIES_MANAGE in caller.permissions


def _file(transaction: Transaction, token: ApiToken, caller: Caller, now: datetime, *, replaces: str = "") -> None:
    transaction.identities.add_token(token)
    details = {
        "token_id": token.token_id,
        "description": token.description,
        "scopes": ", ".join(sorted(token.scopes)),
        "expires_at": token.expires_at.isoformat(),
    }
    if replaces:
        details["replaces"] = replaces
    action = "token.rotate" if replaces else "token.create"
    transaction.audit.append(entry(action, token.principal_id, caller, now, details))


def _no_longer_good(token: ApiToken) -> errors.FailedPrecondition:
    state = "expired" if token.revoked_at is None else "revoked"
    return errors.FailedPrecondition(
        errors.Reason.INVALID_STATE,
        f"token {token.token_id} is {state}: make a new one",
        metadata={"state": state, "token_id": token.token_id},
    )
