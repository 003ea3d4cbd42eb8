"""Tokens: whose, for what, until when; and that nobody gets more by one than they had."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from services.review.domain.identity import TokenCursor
from services.review.service.tokens import TokenService
from shared import errors
from shared.errors import Reason
from shared.identity import token as tokens
from shared.identity.permission import Permission
from shared.identity.principal import Authentication, Caller, Principal, PrincipalKind, Role
from shared.identity.roles import permissions_of
from shared.identity.token import ApiToken
from tests.fakes.review_store import InMemoryReviewStore

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ADA = Principal("ada", PrincipalKind.HUMAN, "ada", frozenset({Role.ADMIN}))
ANN = Principal("ann", PrincipalKind.HUMAN, "ann", frozenset({Role.EXPERIMENTER}))
BOB = Principal("bob", PrincipalKind.HUMAN, "bob", frozenset({Role.VIEWER}))
OWN = Permission.TOKENS_MANAGE_OWN.value


def by(principal: Principal, *scopes: str) -> Caller:
    return Caller(principal, permissions_of(principal, scopes), Authentication.TOKEN)


class Desk:
    """Is the service with a store in memory, and what it told of."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = InMemoryReviewStore()
        self.denied: list[tuple[str, str]] = []
        numbers = count(1)
        self.service = TokenService(
            self.store,
            clock=lambda: self.now,
            new_id=lambda prefix: f"{prefix}_{next(numbers)}",
            random_bytes=lambda size: bytes(range(size)),
            refresh=lambda: None,
            on_denied=lambda caller, action: self.denied.append((caller.principal_id, action)),
        )
        with self.store.transaction() as transaction:
            for each in (ADA, ANN, BOB):
                transaction.identities.add_principal(each)

    def held(self, token_id: str) -> ApiToken:
        with self.store.transaction() as transaction:
            found = transaction.identities.lock_token(token_id)
        assert found is not None
        return found

    def create(self, caller: Caller, scopes: Collection[str] = (), principal_id: str = "") -> ApiToken:
        return self.service.create(principal_id, caller=caller, scopes=scopes)[0]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_create_when_for_oneself_then_the_secret_is_told_and_its_hash_kept(desk: Desk) -> None:
    token, secret = desk.service.create("", caller=by(ANN), description="laptop")

    assert (token.principal_id, token.description, token.scopes) == ("ann", "laptop", frozenset())
    assert (token.created_at, token.expires_at) == (NOW, NOW + timedelta(days=90))
    assert tokens.token_id_of(secret) == token.token_id
    assert tokens.is_secret_of(desk.held(token.token_id), secret)
    entry = desk.store.events[-1].entry
    assert (entry.actor, entry.action, entry.target) == ("ann", "token.create", "principals/ann")
    assert entry.details == {
        "token_id": token.token_id,
        "description": "laptop",
        "scopes": "",
        "expires_at": "2027-02-25T12:00:00+00:00",
    }
    assert secret not in str(desk.store.events)


def test_create_when_an_admin_makes_it_for_another_then_it_is_the_others(desk: Desk) -> None:
    token, _ = desk.service.create(
        "ann", caller=by(ADA), scopes=["audit.read", "changes.review"], time_to_live=timedelta(hours=1)
    )

    assert (token.principal_id, token.scopes) == ("ann", frozenset({"audit.read", "changes.review"}))
    assert token.expires_at == NOW + timedelta(hours=1)


def test_create_when_a_scope_is_unknown_then_is_refused(desk: Desk) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        desk.create(by(ANN), ["audit.read", "world.rule"])

    assert [violation.field for violation in caught.value.violations] == ["scopes[1]"]


def test_create_when_the_principal_is_not_there_then_only_an_admin_is_told(desk: Desk) -> None:
    with pytest.raises(errors.NotFound) as caught:
        desk.create(by(ADA), principal_id="eve")
    assert (caught.value.reason, caught.value.metadata) == (Reason.PRINCIPAL_NOT_FOUND, {"principal_id": "eve"})

    for name in ("eve", "bob"):
        with pytest.raises(errors.PermissionDenied) as denied:
            desk.create(by(ANN), principal_id=name)
        assert denied.value.metadata == {"permission": "identities.manage"}
    assert desk.denied == [("ann", "token.create")] * 2


def test_create_when_the_callers_token_is_narrow_then_so_is_the_new_one(desk: Desk) -> None:
    narrow = by(ANN, OWN, "audit.read")

    assert desk.create(narrow).scopes == {OWN, "audit.read", "caller.read"}
    assert desk.create(narrow, ["audit.read"]).scopes == {"audit.read"}
    with pytest.raises(errors.PermissionDenied) as caught:
        desk.create(narrow, ["audit.read", "changes.propose"])
    assert (caught.value.reason, caught.value.metadata) == (
        Reason.PERMISSION_DENIED,
        {"permission": "changes.propose"},
    )
    assert desk.denied == [("ann", "token.create")]


def test_create_when_a_scope_is_not_the_principals_then_it_gives_nothing(desk: Desk) -> None:
    token = desk.create(by(ANN), ["identities.manage", "audit.read"])

    assert permissions_of(ANN, token.scopes) == {Permission.AUDIT_READ, Permission.CALLER_READ}


def test_rotate_when_good_then_both_are_good_for_a_while(desk: Desk) -> None:
    old, old_secret = desk.service.create("", caller=by(ANN), description="ci", scopes=["audit.read"])
    desk.now = NOW + timedelta(days=10)

    new, secret = desk.service.rotate(old.token_id, caller=by(ANN), overlap=timedelta(minutes=5))

    assert (new.principal_id, new.description, new.scopes) == ("ann", "ci", frozenset({"audit.read"}))
    assert new.expires_at == desk.now + timedelta(days=90)
    assert desk.held(old.token_id).expires_at == desk.now + timedelta(minutes=5)
    assert secret != old_secret
    entry = desk.store.events[-1].entry
    assert (entry.action, entry.details["token_id"], entry.details["replaces"]) == (
        "token.rotate",
        new.token_id,
        old.token_id,
    )


def test_rotate_when_the_old_one_ends_sooner_then_the_overlap_does_not_prolong_it(desk: Desk) -> None:
    old, _ = desk.service.create("", caller=by(ANN), time_to_live=timedelta(minutes=10))

    desk.service.rotate(old.token_id, caller=by(ANN), overlap=timedelta(hours=1))

    assert desk.held(old.token_id).expires_at == old.expires_at


def test_rotate_when_the_old_one_is_good_for_more_than_the_callers_then_is_refused(desk: Desk) -> None:
    broad = desk.create(by(ANN))

    with pytest.raises(errors.PermissionDenied):
        desk.service.rotate(broad.token_id, caller=by(ANN, OWN, "audit.read"))

    assert desk.denied == [("ann", "token.rotate")]
    assert desk.held(broad.token_id) == broad
    assert desk.service.rotate(broad.token_id, caller=by(ADA))[0].principal_id == "ann"


@pytest.mark.parametrize("state", ["expired", "revoked"])
def test_rotate_when_the_old_one_is_no_longer_good_then_is_refused(desk: Desk, state: str) -> None:
    old = desk.create(by(ANN))
    if state == "revoked":
        desk.service.revoke(old.token_id, caller=by(ANN))
    else:
        desk.now = old.expires_at

    with pytest.raises(errors.FailedPrecondition) as caught:
        desk.service.rotate(old.token_id, caller=by(ANN))

    assert (caught.value.reason, caught.value.metadata["state"]) == (Reason.INVALID_STATE, state)


def test_revoke_when_repeated_then_the_first_time_counts(desk: Desk) -> None:
    old = desk.create(by(ANN))

    revoked = desk.service.revoke(old.token_id, caller=by(ANN))
    desk.now += timedelta(hours=1)

    assert revoked.revoked_at == NOW
    assert desk.service.revoke(old.token_id, caller=by(ADA)) == revoked
    assert [event.entry.action for event in desk.store.events] == ["token.create", "token.revoke"]


def test_token_when_it_is_anothers_or_not_there_then_only_an_admin_is_told_which(desk: Desk) -> None:
    of_ann = desk.create(by(ANN)).token_id
    for verb in (desk.service.rotate, desk.service.revoke):
        for token_id in (of_ann, "tok_none"):
            with pytest.raises(errors.PermissionDenied) as denied:
                verb(token_id, caller=by(BOB))
            assert denied.value.reason is Reason.PERMISSION_DENIED
        with pytest.raises(errors.NotFound) as caught:
            verb("tok_none", caller=by(ADA))
        assert (caught.value.reason, caught.value.metadata) == (Reason.TOKEN_NOT_FOUND, {"token_id": "tok_none"})
    assert set(desk.denied) == {("bob", "token.rotate"), ("bob", "token.revoke")}


def test_list_when_paged_then_newest_first(desk: Desk) -> None:
    made = []
    for age in range(3):
        desk.now = NOW + timedelta(minutes=age)
        made.append(desk.create(by(ANN)))

    first = desk.service.list_tokens("", caller=by(ANN), after=None, limit=2)
    after = TokenCursor(first.items[-1].created_at, first.items[-1].token_id)
    second = desk.service.list_tokens("ann", caller=by(ADA), after=after, limit=2)

    assert (first.items, first.more) == ((made[2], made[1]), True)
    assert (second.items, second.more) == ((made[0],), False)


def test_list_when_it_is_anothers_then_only_an_admin_may(desk: Desk) -> None:
    with pytest.raises(errors.PermissionDenied):
        desk.service.list_tokens("ann", caller=by(BOB), after=None, limit=2)
    with pytest.raises(errors.NotFound):
        desk.service.list_tokens("eve", caller=by(ADA), after=None, limit=2)

    assert desk.denied == [("bob", "token.list")]


def test_create_when_a_disabled_one_is_meant_then_the_token_is_made_and_good_for_nothing_yet(desk: Desk) -> None:
    with desk.store.transaction() as transaction:
        transaction.identities.save_principal(replace(BOB, disabled=True))

    assert desk.create(by(ADA), principal_id="bob").principal_id == "bob"
