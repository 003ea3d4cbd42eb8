"""Principals and tokens in memory: a part of the review store's transaction."""

from dataclasses import dataclass, field

from services.review.domain.identity import TokenCursor
from shared.identity.principal import Principal, Role
from shared.identity.token import ApiToken


@dataclass
class IdentityState:
    principals: dict[str, Principal] = field(default_factory=dict)
    tokens: dict[str, ApiToken] = field(default_factory=dict)

    def copy(self) -> "IdentityState":
        return IdentityState(dict(self.principals), dict(self.tokens))


class InMemoryIdentities:
    """Passes the contract tests of `ports.Identities`."""

    def __init__(self, state: IdentityState) -> None:
        self._state = state

    def lock(self) -> None:
        """Nobody else works on the store at the same time."""

    def add_principal(self, principal: Principal) -> bool:
        if principal.principal_id in self._state.principals:
            return False
        return self.save_principal(principal)

    def save_principal(self, principal: Principal) -> bool:
        others = [each for each in self._state.principals.values() if each.principal_id != principal.principal_id]
        if any(principal.external_ids & other.external_ids for other in others):
            return False
        self._state.principals[principal.principal_id] = principal
        return True

    def find_principal(self, principal_id: str) -> Principal | None:
        return self._state.principals.get(principal_id)

    def list_principals(self, *, after: str | None, limit: int) -> list[Principal]:
        found = sorted(name for name in self._state.principals if name > (after or ""))
        return [self._state.principals[name] for name in found[:limit]]

    def admins(self) -> list[Principal]:
        return [each for each in self._state.principals.values() if Role.ADMIN in each.roles]

    def add_token(self, token: ApiToken) -> None:
        assert token.token_id not in self._state.tokens
        self._state.tokens[token.token_id] = token

    def lock_token(self, token_id: str) -> ApiToken | None:
        return self._state.tokens.get(token_id)

    def save_token(self, token: ApiToken) -> None:
        assert token.token_id in self._state.tokens
        self._state.tokens[token.token_id] = token

    def list_tokens(self, principal_id: str, *, after: TokenCursor | None, limit: int) -> list[ApiToken]:
        own = [each for each in self._state.tokens.values() if each.principal_id == principal_id]
        own.sort(key=lambda each: each.token_id)
        own.sort(key=lambda each: each.created_at, reverse=True)
        if after is not None:
            own = [
                each
                for each in own
                if each.created_at < after.created_at
                or (each.created_at == after.created_at and each.token_id > after.token_id)
            ]
        return own[:limit]
