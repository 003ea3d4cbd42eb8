"""Who calls: principals, and a call's caller."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.identity.permission import Permission


class PrincipalKind(StrEnum):
    """Says what a principal is."""

    HUMAN = "HUMAN"
    SERVICE = "SERVICE"
    AGENT = "AGENT"


class Role(StrEnum):
    """Names a set of permissions."""

    VIEWER = "viewer"
    EXPERIMENTER = "experimenter"
    REVIEWER = "reviewer"
    ADMIN = "admin"
    SERVICE = "service"
    AGENT = "agent"


class Authentication(StrEnum):
    """Says how a caller was known."""

    TOKEN = "token"  # noqa: S105 - no secret
    OIDC = "oidc"
    MTLS = "mtls"


@dataclass(frozen=True, slots=True)
class Principal:
    """Is somebody, or something, that may call.

    Attributes:
        principal_id: Names it for ever.
        kind: What it is.
        person_id: The person behind it; empty for what nobody in particular runs. Principals of one person count once.
        roles: What it may do.
        groups: What policy rules can name.
        display_name: Is shown to people.
        external_ids: By which others vouch for it: `oidc:<issuer>#<subject>`, `mtls:<name in the certificate>`.
        disabled: Makes every call of it refused.
        created_at: When it was created.
    """

    principal_id: str
    kind: PrincipalKind
    person_id: str
    roles: frozenset[Role]
    groups: frozenset[str] = frozenset()
    display_name: str = ""
    external_ids: frozenset[str] = frozenset()
    disabled: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Is who makes a call.

    Attributes:
        principal: Who it is.
        permissions: What this call's credentials allow.
        authentication: How it was known.
        expires_at: Until when the credentials are good. None: nobody said.
    """

    principal: Principal
    permissions: frozenset[Permission]
    authentication: Authentication
    expires_at: datetime | None = None

    @property
    def principal_id(self) -> str:
        """Names who calls, in stores and in the audit log."""
        return self.principal.principal_id
