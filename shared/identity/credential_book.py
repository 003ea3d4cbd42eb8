"""Who is known by which credentials, as of one reading of the store."""

from collections.abc import Iterable
from datetime import datetime

from shared.identity import roles, token
from shared.identity.principal import Authentication, Caller, Principal
from shared.identity.refusals import Problem, unauthenticated
from shared.identity.token import ApiToken


class CredentialBook:
    """Holds principals and tokens. Immutable, safe for threads; a newer one takes its place whole."""

    def __init__(self, principals: Iterable[Principal], tokens: Iterable[ApiToken]) -> None:
        self.principals = tuple(principals)
        self.tokens = tuple(tokens)
        self._principals = {principal.principal_id: principal for principal in self.principals}
        self._tokens = {each.token_id: each for each in self.tokens}
        self._external = {
            external_id: principal for principal in self.principals for external_id in principal.external_ids
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CredentialBook) and (self._principals, self._tokens) == (
            other._principals,
            other._tokens,
        )

    __hash__ = None  # type: ignore[assignment]  # books are compared, and never keys

    def caller_of_secret(self, secret: str, *, now: datetime) -> Caller:
        """Returns the caller who sends a token's secret.

        Raises:
            Unauthenticated: UNAUTHENTICATED; what is wrong with a token is told to those alone who have its secret.
        """
        token_id = token.token_id_of(secret)
        if token_id is None:
            raise unauthenticated(Problem.MALFORMED)
        found = self._tokens.get(token_id)
        if found is None or not token.is_secret_of(found, secret):
            raise unauthenticated(Problem.UNKNOWN)
        # Whenever that was: the clock of whoever revoked it may be ahead of ours.
        if found.revoked_at is not None:
            raise unauthenticated(Problem.REVOKED)
        if found.expires_at <= now:
            raise unauthenticated(Problem.EXPIRED)
        return self._caller(
            self._principals.get(found.principal_id), Authentication.TOKEN, found.scopes, found.expires_at
        )

    def caller_of_external_ids(
        self, external_ids: Iterable[str], authentication: Authentication, *, expires_at: datetime | None = None
    ) -> Caller:
        """Returns the caller for whom somebody else vouches: the principal of the first of the ids that is mapped.

        Raises:
            Unauthenticated: UNAUTHENTICATED: nobody is mapped, or the principal is disabled.
        """
        mapped = (self._external[external_id] for external_id in external_ids if external_id in self._external)
        return self._caller(next(mapped, None), authentication, (), expires_at)

    def _caller(
        self,
        principal: Principal | None,
        authentication: Authentication,
        scopes: Iterable[str],
        expires_at: datetime | None,
    ) -> Caller:
        if principal is None:
            raise unauthenticated(Problem.UNKNOWN)
        if principal.disabled:
            raise unauthenticated(Problem.DISABLED)
        return Caller(principal, roles.permissions_of(principal, frozenset(scopes)), authentication, expires_at)
