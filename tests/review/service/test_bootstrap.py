"""The first admin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.review.service.bootstrap import ensure_admin
from shared import errors
from shared.errors import Reason
from shared.identity import token as tokens
from shared.identity.principal import Principal, PrincipalKind, Role
from tests.fakes.review_store import InMemoryReviewStore

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SECRET = tokens.new_secret("tok_first", lambda count: b"x" * count)
OTHER = tokens.new_secret("tok_other", lambda count: b"y" * count)


@pytest.fixture
def store() -> InMemoryReviewStore:
    return InMemoryReviewStore()


def ensure(store: InMemoryReviewStore, secret: str = SECRET, principal_id: str = "admin") -> bool:
    return ensure_admin(store, principal_id=principal_id, secret=secret, clock=lambda: NOW)


def principal(store: InMemoryReviewStore, principal_id: str = "admin") -> Principal:
    with store.transaction() as transaction:
        found = transaction.identities.find_principal(principal_id)
    assert found is not None
    return found


def test_ensure_when_there_is_nobody_then_makes_the_admin_and_its_token(store: InMemoryReviewStore) -> None:
    assert ensure(store)

    made = principal(store)
    assert (made.kind, made.person_id, made.roles) == (PrincipalKind.HUMAN, "admin", frozenset({Role.ADMIN}))
    with store.transaction() as transaction:
        token = transaction.identities.lock_token("tok_first")
    assert token is not None
    assert tokens.is_secret_of(token, SECRET)
    assert (token.principal_id, token.expires_at) == ("admin", NOW + timedelta(days=366))
    assert [(event.entry.actor, event.entry.action) for event in store.events] == [
        ("review", "principal.create"),
        ("review", "token.create"),
    ]


def test_ensure_when_done_before_then_does_nothing(store: InMemoryReviewStore) -> None:
    ensure(store)

    assert not ensure(store)
    assert len(store.events) == 2


def test_ensure_when_the_token_was_revoked_then_it_stays_so(store: InMemoryReviewStore) -> None:
    ensure(store)
    with store.transaction() as transaction:
        token = transaction.identities.lock_token("tok_first")
        assert token is not None
        transaction.identities.save_token(replace(token, revoked_at=NOW))

    assert not ensure(store)

    with store.transaction() as transaction:
        token = transaction.identities.lock_token("tok_first")
    assert token is not None
    assert token.revoked_at == NOW


def test_ensure_when_the_admin_lost_its_token_then_another_is_made_good(store: InMemoryReviewStore) -> None:
    ensure(store)

    assert ensure(store, OTHER)

    with store.transaction() as transaction:
        assert len(transaction.identities.list_tokens("admin", after=None, limit=10)) == 2
    assert [event.entry.action for event in store.events][2:] == ["token.create"]


@pytest.mark.parametrize("change", [{"disabled": True}, {"roles": frozenset({Role.VIEWER})}])
def test_ensure_when_the_store_has_other_admins_then_nobody_becomes_one(
    store: InMemoryReviewStore, change: dict[str, object]
) -> None:
    ensure(store)
    boss = replace(principal(store), principal_id="boss")
    with store.transaction() as transaction:
        transaction.identities.add_principal(boss)
        transaction.identities.save_principal(replace(principal_of(transaction), **change))  # type: ignore[arg-type]

    for principal_id in ("admin", "newcomer"):
        with pytest.raises(errors.FailedPrecondition) as caught:
            ensure(store, OTHER, principal_id)
        assert caught.value.reason is Reason.INVALID_STATE
    assert len(store.events) == 2


def principal_of(transaction: object) -> Principal:
    found = transaction.identities.find_principal("admin")  # type: ignore[attr-defined]
    assert isinstance(found, Principal)
    return found


@pytest.mark.parametrize("secret", ["", "hush", "exp_x_y"])
def test_ensure_when_the_secret_has_another_form_then_is_refused(store: InMemoryReviewStore, secret: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        ensure(store, secret)

    assert caught.value.reason is Reason.INVALID_FIELD
    assert not secret or secret not in caught.value.message
