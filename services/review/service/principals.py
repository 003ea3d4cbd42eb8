"""The use cases of principals."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from services.review.domain import audit, identity
from services.review.domain.model import Page
from services.review.domain.ports import ReviewStore, Transaction
from shared import errors
from shared.clock import Clock
from shared.identity.principal import Caller, Principal

_MAX_ECHO = 63


class PrincipalService:
    """Keeps who may call, and what each may do; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE, and nothing happened, when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore, *, clock: Clock, refresh: Callable[[], None]) -> None:
        """Makes the service.

        Args:
            store: Keeps principals.
            clock: The clock.
            refresh: Makes this process know at once what it has changed; others hear of it within about a second.
        """
        self._store = store
        self._clock = clock
        self._refresh = refresh

    def create(self, asked: Principal, *, caller: Caller) -> Principal:
        """Returns the principal as stored.

        Raises:
            InvalidArgument: INVALID_FIELD, every field at fault is named.
            AlreadyExists: PRINCIPAL_ALREADY_EXISTS, its id or one of its external ids is taken.
        """
        now = self._clock()
        principal = replace(_valid(asked), created_at=now)
        with self._store.transaction() as transaction:
            transaction.identities.lock()
            if not transaction.identities.add_principal(principal):
                raise _taken(principal)
            details = identity.described(principal)
            transaction.audit.append(entry("principal.create", principal.principal_id, caller, now, details))
        known_here(self._refresh)
        return principal

    def list_principals(self, *, after: str | None, limit: int) -> Page[Principal]:
        """Returns at most limit principals, by id; with `after`, those that follow that one."""
        with self._store.transaction() as transaction:
            found = transaction.identities.list_principals(after=after, limit=limit + 1)
        return Page.of(found, limit)

    def update(self, asked: Principal, *, caller: Caller) -> Principal:
        """Returns the principal after it was replaced.

        Raises:
            InvalidArgument: INVALID_FIELD, every field at fault is named; its kind stays.
            NotFound: PRINCIPAL_NOT_FOUND.
            AlreadyExists: PRINCIPAL_ALREADY_EXISTS, one of its external ids is another's.
            FailedPrecondition: INVALID_STATE, it is the last admin.
        """
        now = self._clock()
        with self._store.transaction() as transaction:
            transaction.identities.lock()
            before = principal_found(transaction, asked.principal_id)
            principal = replace(_valid(asked), created_at=before.created_at)
            if principal.kind is not before.kind:
                raise errors.invalid_field("principal.kind", f"is {principal.kind}, must stay {before.kind}")
            details = identity.changed(before, principal)
            if not details:
                return before
            if not transaction.identities.save_principal(principal):
                raise _taken(principal)
            _require_an_admin(transaction, principal)
            transaction.audit.append(entry("principal.update", principal.principal_id, caller, now, details))
        known_here(self._refresh)
        return principal


def principal_found(transaction: Transaction, principal_id: str) -> Principal:
    """Returns the principal.

    Raises:
        NotFound: PRINCIPAL_NOT_FOUND.
    """
    found = transaction.identities.find_principal(principal_id)
    if found is None:
        shown = principal_id[:_MAX_ECHO]
        raise errors.NotFound(
            errors.Reason.PRINCIPAL_NOT_FOUND, f"there is no principal {shown!r}", metadata={"principal_id": shown}
        )
    return found


def entry(
    action: str, principal_id: str, caller: Caller | None, now: datetime, details: Mapping[str, str]
) -> audit.Entry:
    """Returns the audit entry of what the caller did to a principal; None: what happened by itself."""
    actor = "review" if caller is None else caller.principal_id
    return audit.Entry(actor, action, f"principals/{principal_id}", details, now)


def known_here(refresh: Callable[[], None]) -> None:
    """Makes this process know what was committed; while the store is away it will hear of it later."""
    with contextlib.suppress(errors.Unavailable):
        refresh()


def _valid(asked: Principal) -> Principal:
    found = list(identity.violations(asked))
    if found:
        raise errors.invalid_fields(found)
    return identity.completed(asked)


def _require_an_admin(transaction: Transaction, principal: Principal) -> None:
    if not any(map(identity.is_working_admin, transaction.identities.admins())):
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"{principal.principal_id!r} is the last admin: nobody could give anybody a role again",
            metadata={"state": "last_admin", "principal_id": principal.principal_id},
        )


def _taken(principal: Principal) -> errors.AlreadyExists:
    return errors.AlreadyExists(
        errors.Reason.PRINCIPAL_ALREADY_EXISTS,
        f"the id {principal.principal_id!r}, or one of its external ids, is taken",
        metadata={"principal_id": principal.principal_id},
    )
