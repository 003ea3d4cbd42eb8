"""What every store of review promises of principals and tokens: the one in Postgres, and the one in memory."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy

from services.review.domain.identity import TokenCursor
from services.review.domain.ports import ReviewStore
from services.review.store.postgres import PostgresReviewStore
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken
from shared.store.credentials import CHANNEL
from shared.store.notify import Listener
from tests.fakes.review_store import InMemoryReviewStore

NOW = datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC)
WAIT_SECONDS = 20.0
ANN = Principal(
    "ann",
    PrincipalKind.HUMAN,
    "ann",
    frozenset({Role.EXPERIMENTER, Role.REVIEWER}),
    frozenset({"growth", "web"}),
    "Ann ß",
    frozenset({"oidc:https://i#ann", "mtls:ann"}),
    created_at=NOW,
)
BOB = Principal("bob", PrincipalKind.HUMAN, "bob", frozenset({Role.ADMIN}), display_name="bob", created_at=NOW)


def token(token_id: str, principal_id: str = "ann", *, age: int = 0) -> ApiToken:
    made = NOW - timedelta(hours=age)
    scopes = frozenset({"audit.read", "changes.read"})
    return ApiToken(token_id, principal_id, "ab" * 32, scopes, made, made + timedelta(days=1), description="x ß")


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ReviewStore:
    if request.param == "memory":
        return InMemoryReviewStore()
    return PostgresReviewStore(request.getfixturevalue("engine"))


def add(store: ReviewStore, *principals: Principal) -> list[bool]:
    with store.transaction() as transaction:
        transaction.identities.lock()
        return [transaction.identities.add_principal(each) for each in principals]


def test_principal_when_added_then_every_field_comes_back(store: ReviewStore) -> None:
    assert add(store, ANN, BOB) == [True, True]

    with store.transaction() as transaction:
        assert transaction.identities.find_principal("ann") == ANN
        assert transaction.identities.find_principal("bob") == BOB
        assert transaction.identities.find_principal("eve") is None


@pytest.mark.parametrize(
    "rival",
    [replace(ANN, external_ids=frozenset()), replace(BOB, external_ids=frozenset({"mtls:ann", "mtls:bob"}))],
)
def test_principal_when_one_of_its_ids_is_taken_then_says_so(store: ReviewStore, rival: Principal) -> None:
    add(store, ANN)

    assert add(store, rival) == [False]


def test_principal_when_saved_then_is_replaced(store: ReviewStore) -> None:
    add(store, ANN, BOB)
    changed = replace(
        ANN, roles=frozenset(), groups=frozenset(), external_ids=frozenset({"mtls:ann", "mtls:new"}), disabled=True
    )

    with store.transaction() as transaction:
        assert transaction.identities.save_principal(changed)
    with store.transaction() as transaction:
        assert transaction.identities.find_principal("ann") == changed


def test_principal_when_saved_with_an_external_id_of_another_then_says_so(store: ReviewStore) -> None:
    add(store, ANN, BOB)

    with store.transaction() as transaction:
        assert not transaction.identities.save_principal(replace(BOB, external_ids=frozenset({"mtls:ann"})))


def test_principals_when_listed_then_are_in_the_order_of_their_ids(store: ReviewStore) -> None:
    names = ["a", "a.b", "a-b", "ab", "a1", "b"]
    add(store, *(replace(BOB, principal_id=name) for name in names))

    with store.transaction() as transaction:
        everybody = transaction.identities.list_principals(after=None, limit=10)
        some = transaction.identities.list_principals(after="a-b", limit=2)

    assert [each.principal_id for each in everybody] == sorted(names)
    assert [each.principal_id for each in some] == ["a.b", "a1"]


def test_admins_when_asked_for_then_are_those_with_the_role(store: ReviewStore) -> None:
    add(store, ANN, BOB, replace(BOB, principal_id="cid", disabled=True))

    with store.transaction() as transaction:
        assert {each.principal_id for each in transaction.identities.admins()} == {"bob", "cid"}


def test_token_when_added_and_saved_then_every_field_comes_back(store: ReviewStore) -> None:
    add(store, ANN)
    revoked = replace(token("t"), revoked_at=NOW, expires_at=NOW + timedelta(minutes=1))

    with store.transaction() as transaction:
        transaction.identities.add_token(token("t"))
    with store.transaction() as transaction:
        assert transaction.identities.lock_token("t") == token("t")
        transaction.identities.save_token(revoked)
    with store.transaction() as transaction:
        assert transaction.identities.lock_token("t") == revoked
        assert transaction.identities.lock_token("other") is None


def test_tokens_when_listed_then_are_the_principals_newest_first(store: ReviewStore) -> None:
    add(store, ANN, BOB)
    with store.transaction() as transaction:
        for made in (token("old", age=2), token("b"), token("a"), token("bobs", "bob")):
            transaction.identities.add_token(made)

    with store.transaction() as transaction:
        own = transaction.identities.list_tokens("ann", after=None, limit=10)
        first = transaction.identities.list_tokens("ann", after=None, limit=1)
        rest = transaction.identities.list_tokens("ann", after=TokenCursor(NOW, "a"), limit=10)

    assert [each.token_id for each in own] == ["a", "b", "old"]
    assert [each.token_id for each in first] == ["a"]
    assert [each.token_id for each in rest] == ["b", "old"]


def test_transaction_when_it_fails_then_nothing_happened(store: ReviewStore) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.identities.add_principal(ANN)
            transaction.identities.add_token(token("t"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with store.transaction() as transaction:
        assert transaction.identities.find_principal("ann") is None
        assert transaction.identities.lock_token("t") is None


def test_lock_when_somebody_holds_it_then_others_wait(engine: sqlalchemy.Engine) -> None:
    store, held, order = PostgresReviewStore(engine), threading.Event(), list[str]()

    def follow() -> None:
        held.wait(WAIT_SECONDS)
        with store.transaction() as transaction:
            transaction.identities.lock()
            order.append("second")

    second = threading.Thread(target=follow)
    second.start()
    with store.transaction() as transaction:
        transaction.identities.lock()
        held.set()
        transaction.identities.add_principal(ANN)
        order.append("first")
    second.join()

    assert order == ["first", "second"]


def test_changes_when_committed_then_are_announced(engine: sqlalchemy.Engine, database_url: str) -> None:
    store, listener = PostgresReviewStore(engine), Listener(database_url, [CHANNEL])
    listener.wait(WAIT_SECONDS)

    news = []
    add(store, ANN)
    news.append(listener.wait(WAIT_SECONDS))
    with store.transaction() as transaction:
        transaction.identities.save_principal(replace(ANN, disabled=True))
    news.append(listener.wait(WAIT_SECONDS))
    with store.transaction() as transaction:
        transaction.identities.add_token(token("t"))
    news.append(listener.wait(WAIT_SECONDS))
    with store.transaction() as transaction:
        transaction.identities.save_token(replace(token("t"), revoked_at=NOW))
    news.append(listener.wait(WAIT_SECONDS))
    listener.close()

    assert news == [{CHANNEL}] * 4
