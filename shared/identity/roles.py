"""What each role may do, and what that comes to for a principal and its credentials."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from shared.identity.permission import Permission
from shared.identity.principal import Principal, PrincipalKind, Role

_VIEWER: Final = frozenset(
    {
        Permission.CALLER_READ,
        Permission.EXPERIMENTS_READ,
        Permission.CHANGES_READ,
        Permission.POLICIES_READ,
        Permission.AUDIT_READ,
        Permission.BANDITS_READ,
        Permission.ANALYSES_READ,
        Permission.TOKENS_MANAGE_OWN,
    }
)
# Whoever can propose or review can also stop harm, which is a proposal that no rule gates.
_HALTING: Final = frozenset({Permission.CHANGES_PROPOSE, Permission.CHANGES_COMMENT, Permission.EXPERIMENTS_HALT})

ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.EXPERIMENTER: _VIEWER
        | _HALTING
        | {
            Permission.EXPERIMENTS_CREATE,
            Permission.CHANGES_APPLY,
            Permission.ANALYSES_REQUEST,
            Permission.HYPOTHESES_REVIEW,
        },
        Role.REVIEWER: _VIEWER
        | _HALTING
        | {
            Permission.CHANGES_REVIEW,
            Permission.CHANGES_APPLY,
            Permission.CHANGES_EMERGENCY_APPLY,
            Permission.POLICIES_PROPOSE,
            Permission.ANALYSES_REQUEST,
            Permission.HYPOTHESES_REVIEW,
        },
        Role.ADMIN: frozenset(Permission),
        Role.SERVICE: frozenset(
            {
                Permission.CALLER_READ,
                Permission.EXPERIMENTS_READ,
                Permission.ALLOCATIONS_SERVE,
                Permission.OUTCOMES_RECORD,
                Permission.BANDITS_READ,
                Permission.ANALYSES_READ,
                Permission.ANALYSES_REQUEST,
                Permission.TOKENS_MANAGE_OWN,
            }
        ),
        Role.AGENT: frozenset(
            {
                Permission.CALLER_READ,
                Permission.EXPERIMENTS_READ,
                Permission.EXPERIMENTS_CREATE,
                Permission.CHANGES_READ,
                Permission.CHANGES_PROPOSE,
                Permission.CHANGES_COMMENT,
                Permission.POLICIES_READ,
                Permission.BANDITS_READ,
                Permission.ANALYSES_READ,
                Permission.ANALYSES_REQUEST,
            }
        ),
    }
)

# Whatever roles they are given: a verdict is a person's, and so is the emergency that goes without one.
_HUMAN: Final = frozenset({Permission.CHANGES_REVIEW, Permission.CHANGES_EMERGENCY_APPLY, Permission.HYPOTHESES_REVIEW})

ROLES_OF_KIND: Final[Mapping[PrincipalKind, frozenset[Role]]] = MappingProxyType(
    {
        PrincipalKind.HUMAN: frozenset({Role.VIEWER, Role.EXPERIMENTER, Role.REVIEWER, Role.ADMIN}),
        PrincipalKind.SERVICE: frozenset({Role.VIEWER, Role.EXPERIMENTER, Role.ADMIN, Role.SERVICE}),
        PrincipalKind.AGENT: frozenset({Role.VIEWER, Role.AGENT}),
    }
)
"""Which roles a principal of each kind can have."""


def permissions_of(principal: Principal, scopes: Collection[str] = ()) -> frozenset[Permission]:
    """Returns what credentials of the principal allow; `scopes` narrow it, none of them: all that the principal may."""
    roles = principal.roles & ROLES_OF_KIND[principal.kind]
    granted: frozenset[Permission] = frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))
    if principal.kind is not PrincipalKind.HUMAN:
        granted -= _HUMAN
    narrowed = frozenset(each for each in granted if each in scopes) if scopes else granted
    return narrowed | {Permission.CALLER_READ}
