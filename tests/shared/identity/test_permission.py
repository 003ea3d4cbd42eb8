"""Every RPC of the contracts needs a permission, and none that is not there."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import experimentation.v1
from shared.identity.permission import PERMISSION_OF, Permission
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.roles import ROLE_PERMISSIONS, ROLES_OF_KIND, permissions_of


def described_paths() -> Iterator[str]:
    for module in pkgutil.iter_modules(experimentation.v1.__path__, "experimentation.v1."):
        if module.name.endswith("_pb2"):
            for service in importlib.import_module(module.name).DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    yield f"/{service.full_name}/{method.name}"


def test_permissions_when_compared_with_the_contracts_then_each_rpc_has_one() -> None:
    described = set(described_paths())

    assert len(described) > 40
    assert described == set(PERMISSION_OF)


def test_permissions_when_all_are_listed_then_each_opens_something_and_some_role_has_it() -> None:
    assert set(PERMISSION_OF.values()) == set(Permission)
    assert frozenset().union(*(ROLE_PERMISSIONS[role] for role in Role if role is not Role.ADMIN)) == (
        set(Permission) - {Permission.IDENTITIES_MANAGE, Permission.IDENTITIES_READ}
    )


@pytest.mark.parametrize(
    ("role", "lacking"),
    [
        (Role.VIEWER, {Permission.CHANGES_PROPOSE, Permission.EXPERIMENTS_HALT, Permission.ALLOCATIONS_SERVE}),
        (Role.EXPERIMENTER, {Permission.CHANGES_REVIEW, Permission.CHANGES_EMERGENCY_APPLY}),
        (Role.REVIEWER, {Permission.EXPERIMENTS_CREATE, Permission.IDENTITIES_MANAGE}),
        (Role.SERVICE, {Permission.CHANGES_PROPOSE, Permission.EXPERIMENTS_HALT, Permission.CHANGES_READ}),
        (Role.AGENT, {Permission.CHANGES_REVIEW, Permission.CHANGES_APPLY, Permission.EXPERIMENTS_HALT}),
    ],
)
def test_roles_when_they_are_not_admin_then_they_lack_what_is_others(role: Role, lacking: set[Permission]) -> None:
    assert not ROLE_PERMISSIONS[role] & lacking


@pytest.mark.parametrize("role", [Role.EXPERIMENTER, Role.REVIEWER, Role.ADMIN])
def test_roles_when_harm_is_to_be_stopped_then_they_can(role: Role) -> None:
    assert {Permission.CHANGES_PROPOSE, Permission.EXPERIMENTS_HALT} <= ROLE_PERMISSIONS[role]


def test_permissions_of_when_scopes_are_given_then_they_narrow_and_never_widen() -> None:
    viewer = Principal("vic", PrincipalKind.HUMAN, "vic", frozenset({Role.VIEWER}))

    narrowed = permissions_of(viewer, ["experiments.read", "changes.review", "no.such"])

    assert narrowed == {Permission.EXPERIMENTS_READ, Permission.CALLER_READ}
    assert all(isinstance(each, Permission) for each in narrowed)
    assert permissions_of(viewer) == ROLE_PERMISSIONS[Role.VIEWER]


@pytest.mark.parametrize("kind", [PrincipalKind.SERVICE, PrincipalKind.AGENT])
def test_permissions_of_when_not_human_then_no_role_lets_them_review(kind: PrincipalKind) -> None:
    robot = Principal("robot", kind, "", frozenset(Role))

    assert not permissions_of(robot) & {Permission.CHANGES_REVIEW, Permission.CHANGES_EMERGENCY_APPLY}


def test_permissions_of_when_an_agent_has_more_roles_then_only_those_of_its_kind_count() -> None:
    agent = Principal("agent", PrincipalKind.AGENT, "", frozenset(Role))

    allowed = permissions_of(agent)

    assert allowed == ROLE_PERMISSIONS[Role.AGENT] | ROLE_PERMISSIONS[Role.VIEWER]
    assert set(ROLES_OF_KIND) == set(PrincipalKind)


def test_permissions_of_when_there_is_no_role_then_one_may_ask_who_one_is() -> None:
    nobody = Principal("nobody", PrincipalKind.HUMAN, "nobody", frozenset())

    assert permissions_of(nobody) == {Permission.CALLER_READ}
