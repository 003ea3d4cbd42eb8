"""Makes the first admin, who can then make everybody else."""

import logging
from datetime import datetime, timedelta
from typing import Final

from services.review.domain import audit, identity
from services.review.domain.ports import ReviewStore, Transaction
from services.review.service.principals import entry
from shared import errors, log
from shared.clock import Clock
from shared.identity import token as tokens
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken

_logger = logging.getLogger(__name__)

TIME_TO_LIVE: Final = timedelta(days=366)


def take_token(store: ReviewStore, *, principal_id: str, secret: str, clock: Clock) -> None:
    """Makes the secret good for an admin, as `ensure_admin` does, or says in the log why it is not taken.

    Raises:
        InvalidArgument: INVALID_FIELD, the secret has another form.
        Unavailable: STORE_UNAVAILABLE.
    """
    try:
        made = ensure_admin(store, principal_id=principal_id, secret=secret, clock=clock)
    except errors.FailedPrecondition as error:
        # The store was taken over long ago; the token is good for nothing.
        log.event(_logger, "the bootstrap token is not taken", level=logging.WARNING, error=error.message)
    else:
        if made:
            log.event(_logger, "the bootstrap token is good", principal_id=principal_id)


def ensure_admin(store: ReviewStore, *, principal_id: str, secret: str, clock: Clock) -> bool:
    """Makes the secret good for an admin: for a new one where there is no admin yet, else for the one of this id.

    What was made good once is not made good again: a token that was revoked or has expired stays so.

    Args:
        store: Keeps principals and tokens.
        principal_id: The admin's id.
        secret: `exp_<token id>_<43 url-safe characters>`.
        clock: The clock.

    Returns:
        Whether anything was changed.

    Raises:
        InvalidArgument: INVALID_FIELD, the secret has another form.
        FailedPrecondition: INVALID_STATE, there are admins, and the one of this id is none of them.
        Unavailable: STORE_UNAVAILABLE.
    """
    token_id = tokens.token_id_of(secret)
    if token_id is None:
        raise errors.invalid_field("bootstrap_admin_token", "must be exp_<token id>_<43 url-safe characters>")
    now = clock()
    with store.transaction() as transaction:
        transaction.identities.lock()
        if transaction.identities.lock_token(token_id) is not None:
            return False
        made = _admin(transaction, principal_id, now)
        token = _token(token_id, principal_id, secret, now)
        transaction.identities.add_token(token)
        details = {"token_id": token_id, "description": token.description, "expires_at": token.expires_at.isoformat()}
        transaction.audit.append(*made, entry("token.create", principal_id, None, now, details))
    return True


def _admin(transaction: Transaction, principal_id: str, now: datetime) -> list[audit.Entry]:
    """Makes the admin where there is none; returns what is to be said of it."""
    admins = {each.principal_id for each in transaction.identities.admins() if identity.is_working_admin(each)}
    if principal_id in admins:
        return []
    admin = identity.completed(
        Principal(principal_id, PrincipalKind.HUMAN, "", frozenset({Role.ADMIN}), created_at=now)
    )
    if admins or not transaction.identities.add_principal(admin):
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"{principal_id!r} is no admin of this store, which has principals of its own",
            metadata={"state": "no_admin", "principal_id": principal_id},
        )
    return [entry("principal.create", principal_id, None, now, identity.described(admin))]


def _token(token_id: str, principal_id: str, secret: str, now: datetime) -> ApiToken:
    return ApiToken(
        token_id,
        principal_id,
        tokens.hash_of(secret),
        frozenset(),
        created_at=now,
        expires_at=now + TIME_TO_LIVE,
        description="bootstrap",
    )
