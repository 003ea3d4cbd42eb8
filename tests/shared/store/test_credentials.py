"""Who is known, as the store says it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from shared import errors
from shared.identity.permission import Permission
from shared.identity.principal import Role
from shared.identity.roles import permissions_of
from shared.store.credentials import PostgresCredentials
from shared.store.engine import create_engine
from tests.fakes import identity


def test_read_when_there_are_principals_and_tokens_then_returns_them_all(engine: Engine) -> None:
    identity.install(engine)

    book = PostgresCredentials(engine).read()

    assert book == identity.book()
    assert book.caller_of_secret(identity.ADA.value, now=datetime.now(UTC)).principal_id == "ada"


def test_read_when_there_is_nobody_then_the_book_is_empty(engine: Engine) -> None:
    book = PostgresCredentials(engine).read()

    assert (book.principals, book.tokens) == ((), ())


def test_read_when_principals_have_more_then_returns_it(engine: Engine) -> None:
    identity.install(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO external_ids VALUES ('mtls:shop', 'service'), ('oidc:i#s', 'service')"))
        connection.execute(
            text("UPDATE principals SET groups = '[\"growth\"]', disabled = true WHERE principal_id = 'service'")
        )

    (service,) = [each for each in PostgresCredentials(engine).read().principals if each.principal_id == "service"]

    assert service.external_ids == {"mtls:shop", "oidc:i#s"}
    assert (service.groups, service.disabled) == (frozenset({"growth"}), True)


def test_read_when_a_newer_release_knows_more_roles_and_permissions_then_they_allow_nothing_here(
    engine: Engine,
) -> None:
    identity.install(engine)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE principals SET roles = CAST(:roles AS jsonb) WHERE principal_id = 'vic'"),
            {"roles": json.dumps(["viewer", "overlord"])},
        )
        connection.execute(
            text("UPDATE api_tokens SET scopes = CAST(:scopes AS jsonb) WHERE principal_id = 'vic'"),
            {"scopes": json.dumps(["audit.read", "world.rule"])},
        )

    book = PostgresCredentials(engine).read()
    caller = book.caller_of_secret(identity.secret("vic").value, now=datetime.now(UTC))

    assert caller.principal.roles == {Role.VIEWER}
    assert caller.permissions == {Permission.AUDIT_READ, Permission.CALLER_READ}
    assert caller.permissions < permissions_of(caller.principal)


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_read_when_tokens_are_no_longer_good_then_they_are_remembered_for_a_day(engine: Engine, column: str) -> None:
    identity.install(engine)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        for who, at in (("ann", now - timedelta(hours=23)), ("bob", now - timedelta(hours=25))):
            connection.execute(
                text(f"UPDATE api_tokens SET {column} = :at WHERE principal_id = :who"), {"at": at, "who": who}
            )

    book = PostgresCredentials(engine).read()
    problems = {}
    for who in ("ann", "bob"):
        with pytest.raises(errors.Unauthenticated) as caught:
            book.caller_of_secret(identity.secret(who).value, now=now)
        problems[who] = caught.value.metadata["problem"]

    assert problems == {"ann": column.removesuffix("_at").replace("expires", "expired"), "bob": "unknown"}


def test_read_when_the_store_is_away_then_says_so() -> None:
    engine = create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")

    with pytest.raises(errors.Unavailable) as caught:
        PostgresCredentials(engine).read()

    assert caught.value.reason is errors.Reason.STORE_UNAVAILABLE
    engine.dispose()
