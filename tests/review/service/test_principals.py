"""Principals: what they may be, what is written of them, and that somebody stays in charge."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.review.service.principals import PrincipalService
from shared import errors
from shared.errors import Reason
from shared.identity.principal import Authentication, Caller, Principal, PrincipalKind, Role
from shared.identity.roles import permissions_of
from tests.fakes.review_store import InMemoryReviewStore

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ADA = Principal("ada", PrincipalKind.HUMAN, "ada", frozenset({Role.ADMIN}))
BY_ADA = Caller(ADA, permissions_of(ADA), Authentication.TOKEN)
ANN = Principal("ann", PrincipalKind.HUMAN, "", frozenset({Role.EXPERIMENTER}))
SHOP = Principal("shop", PrincipalKind.SERVICE, "", frozenset({Role.SERVICE}), external_ids=frozenset({"mtls:shop"}))


class Desk:
    """Is the service with a store in memory, and how often it was told to make things known."""

    def __init__(self) -> None:
        self.store = InMemoryReviewStore()
        self.refreshed = 0
        self.away = False
        self.service = PrincipalService(self.store, clock=lambda: NOW, refresh=self._refresh)
        self.service.create(ADA, caller=BY_ADA)

    def _refresh(self) -> None:
        self.refreshed += 1
        if self.away:
            raise errors.Unavailable(Reason.STORE_UNAVAILABLE, "away")

    def last(self) -> tuple[str, str, str, dict[str, str]]:
        """Returns the newest audit entry: who, what, to whom, the particulars."""
        entry = self.store.events[-1].entry
        return entry.actor, entry.action, entry.target, dict(entry.details)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(kind: type[errors.PlatformError], call: Any, asked: Principal) -> errors.PlatformError:
    with pytest.raises(kind) as caught:
        call(asked, caller=BY_ADA)
    return caught.value


def test_create_when_valid_then_defaults_are_filled_in_and_it_is_on_the_audit_log(desk: Desk) -> None:
    before = desk.refreshed

    created = desk.service.create(ANN, caller=BY_ADA)

    assert (created.person_id, created.display_name, created.created_at) == ("ann", "ann", NOW)
    assert desk.last() == (
        "ada",
        "principal.create",
        "principals/ann",
        {
            "kind": "HUMAN",
            "display_name": "ann",
            "person_id": "ann",
            "roles": "experimenter",
            "groups": "",
            "external_ids": "",
            "disabled": "false",
        },
    )
    assert desk.refreshed == before + 1


def test_create_when_it_is_no_person_then_nobody_is_behind_it_unless_said(desk: Desk) -> None:
    assert desk.service.create(SHOP, caller=BY_ADA).person_id == ""


def test_create_when_the_store_goes_away_afterwards_then_it_was_created(desk: Desk) -> None:
    desk.away = True

    assert desk.service.create(ANN, caller=BY_ADA).principal_id == "ann"


@pytest.mark.parametrize("rival", [SHOP, replace(SHOP, external_ids=frozenset()), replace(SHOP, principal_id="cart")])
def test_create_when_an_id_is_taken_then_is_refused(desk: Desk, rival: Principal) -> None:
    desk.service.create(SHOP, caller=BY_ADA)

    error = refused(errors.AlreadyExists, desk.service.create, rival)

    assert (error.reason, error.metadata) == (
        Reason.PRINCIPAL_ALREADY_EXISTS,
        {"principal_id": rival.principal_id},
    )
    assert len(desk.store.events) == 2


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        (replace(SHOP, roles=frozenset({Role.REVIEWER, Role.AGENT})), ["principal.roles"] * 2),
        (replace(ANN, roles=frozenset({Role.AGENT})), ["principal.roles"]),
        (replace(ANN, kind=PrincipalKind.AGENT), ["principal.roles"]),
        (replace(ANN, groups=frozenset({"Growth", "ok"})), ["principal.groups"]),
        (replace(ANN, external_ids=frozenset({"ldap:ann", "oidc:issuer", "mtls:"})), ["principal.external_ids"] * 3),
    ],
)
def test_create_when_rules_are_broken_then_every_field_is_named(
    desk: Desk, asked: Principal, fields: list[str]
) -> None:
    nothing: dict[str, Any] = {"roles": frozenset(), "groups": frozenset(), "external_ids": frozenset()}
    at_creation = refused(errors.InvalidArgument, desk.service.create, asked)
    desk.service.create(replace(asked, **nothing), caller=BY_ADA)
    later = refused(errors.InvalidArgument, desk.service.update, asked)

    for error in (at_creation, later):
        assert error.reason is Reason.INVALID_FIELD
        assert [violation.field for violation in error.violations] == fields


def test_update_when_valid_then_is_replaced_and_the_audit_log_tells_what_changed(desk: Desk) -> None:
    desk.service.create(ANN, caller=BY_ADA)

    updated = desk.service.update(
        replace(ANN, roles=frozenset({Role.REVIEWER}), disabled=True, display_name="Ann"), caller=BY_ADA
    )

    assert (updated.roles, updated.disabled, updated.created_at) == (frozenset({Role.REVIEWER}), True, NOW)
    assert desk.last() == (
        "ada",
        "principal.update",
        "principals/ann",
        {"roles": "experimenter -> reviewer", "disabled": "false -> true", "display_name": "ann -> Ann"},
    )


def test_update_when_nothing_changes_then_nothing_is_written(desk: Desk) -> None:
    created = desk.service.create(ANN, caller=BY_ADA)

    assert desk.service.update(ANN, caller=BY_ADA) == created
    assert len(desk.store.events) == 2


def test_update_when_it_is_not_there_then_says_so(desk: Desk) -> None:
    error = refused(errors.NotFound, desk.service.update, ANN)

    assert (error.reason, error.metadata) == (Reason.PRINCIPAL_NOT_FOUND, {"principal_id": "ann"})


def test_update_when_the_kind_would_change_then_is_refused(desk: Desk) -> None:
    desk.service.create(SHOP, caller=BY_ADA)

    error = refused(
        errors.InvalidArgument, desk.service.update, replace(SHOP, kind=PrincipalKind.AGENT, roles=frozenset())
    )

    assert [violation.field for violation in error.violations] == ["principal.kind"]


def test_update_when_an_external_id_is_anothers_then_is_refused(desk: Desk) -> None:
    desk.service.create(SHOP, caller=BY_ADA)
    desk.service.create(ANN, caller=BY_ADA)

    error = refused(errors.AlreadyExists, desk.service.update, replace(ANN, external_ids=SHOP.external_ids))

    assert error.reason is Reason.PRINCIPAL_ALREADY_EXISTS


@pytest.mark.parametrize("asked", [replace(ADA, disabled=True), replace(ADA, roles=frozenset({Role.REVIEWER}))])
def test_update_when_it_is_the_last_admin_then_stays_one(desk: Desk, asked: Principal) -> None:
    disabled = replace(ADA, principal_id="cid", disabled=True)
    desk.service.create(disabled, caller=BY_ADA)

    error = refused(errors.FailedPrecondition, desk.service.update, asked)

    assert (error.reason, error.metadata) == (
        Reason.INVALID_STATE,
        {"state": "last_admin", "principal_id": "ada"},
    )
    desk.service.update(replace(disabled, disabled=False), caller=BY_ADA)
    assert desk.service.update(asked, caller=BY_ADA)


def test_list_when_paged_then_says_whether_more_follows(desk: Desk) -> None:
    for name in ("ann", "bob"):
        desk.service.create(replace(ANN, principal_id=name), caller=BY_ADA)

    first = desk.service.list_principals(after=None, limit=2)
    second = desk.service.list_principals(after="ann", limit=2)

    assert ([each.principal_id for each in first.items], first.more) == (["ada", "ann"], True)
    assert ([each.principal_id for each in second.items], second.more) == (["bob"], False)
