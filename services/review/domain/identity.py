"""What principals and scopes may be, and what became of them in words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.errors import FieldViolation
from shared.identity.permission import Permission
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.roles import ROLES_OF_KIND

_group = re.compile(r"[a-z][a-z0-9._-]{0,62}").fullmatch
_external_id = re.compile(r"(oidc:[^#\s]+#[^\s]+|mtls:[^\s].*)").fullmatch

_PERMISSIONS: Final = frozenset(permission.value for permission in Permission)


@dataclass(frozen=True, slots=True)
class TokenCursor:
    """Is a place in the list of tokens: newest first, then by id."""

    created_at: datetime
    token_id: str


def completed(principal: Principal) -> Principal:
    """Returns the principal with its defaults filled in."""
    is_human = principal.kind is PrincipalKind.HUMAN
    return replace(
        principal,
        display_name=principal.display_name or principal.principal_id,
        person_id=principal.person_id or (principal.principal_id if is_human else ""),
    )


def violations(principal: Principal) -> Iterator[FieldViolation]:
    """Yields what is wrong with a principal that somebody asked for; paths start with `principal.`."""
    allowed = ROLES_OF_KIND[principal.kind]
    for role in sorted(principal.roles - allowed):
        listed = ", ".join(sorted(allowed))
        yield FieldViolation("principal.roles", f"{role.value!r} is none of a {principal.kind}'s: {listed}")
    for group in sorted(principal.groups):
        if not _group(group):
            yield FieldViolation(
                "principal.groups",
                f"{group!r} must be of lower-case letters, digits, dots, hyphens and underscores, at most 63",
            )
    for external_id in sorted(principal.external_ids):
        if not _external_id(external_id):
            yield FieldViolation(
                "principal.external_ids", f"{external_id!r} must be `oidc:<issuer>#<subject>` or `mtls:<name>`"
            )


def scope_violations(scopes: Iterable[str]) -> Iterator[FieldViolation]:
    """Yields what is wrong with the scopes of a token."""
    for index, scope in enumerate(scopes):
        if scope not in _PERMISSIONS:
            yield FieldViolation(f"scopes[{index}]", f"{scope!r} is no permission")


def is_working_admin(principal: Principal) -> bool:
    """Returns whether the principal can change who may do what."""
    return Role.ADMIN in principal.roles and Role.ADMIN in ROLES_OF_KIND[principal.kind] and not principal.disabled


def described(principal: Principal) -> Mapping[str, str]:
    """Returns what the audit log says of a principal."""
    return {
        "kind": principal.kind.value,
        "display_name": principal.display_name,
        "person_id": principal.person_id,
        "roles": ", ".join(sorted(principal.roles)),
        "groups": ", ".join(sorted(principal.groups)),
        "external_ids": ", ".join(sorted(principal.external_ids)),
        "disabled": str(principal.disabled).lower(),
    }


def changed(before: Principal, after: Principal) -> Mapping[str, str]:
    """Returns what the audit log says of a change: of each field that changed, both values."""
    old, new = described(before), described(after)
    return {name: f"{old[name]} -> {new[name]}" for name in new if old[name] != new[name]}
