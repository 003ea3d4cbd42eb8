"""The store of a stack."""

import threading

import pytest

from services.admin.database import ExternalDatabase, without_password
from shared.store import engine, migrate

NEVER = threading.Event()


def test_external_database_when_started_then_its_schema_is_up_to_date(empty_database_url: str) -> None:
    ExternalDatabase(empty_database_url).start(NEVER)

    connections = engine.create_engine(empty_database_url, application_name="test")
    migrate.check_current(connections)
    connections.dispose()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:secret@db:5432/name", "postgresql+psycopg://me@db:5432/name"),
        ("postgresql://db/name?user=me&password=secret", "postgresql://db/name"),
        ("postgresql://me@db/name", "postgresql://me@db/name"),
    ],
)
def test_without_password_when_there_is_one_then_it_is_gone(url: str, shown: str) -> None:
    assert without_password(url) == shown
