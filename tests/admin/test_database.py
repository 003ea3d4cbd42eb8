"""The store of a stack."""

import threading

from services.admin.database import ExternalDatabase
from shared.store import engine, migrate

NEVER = threading.Event()


def test_external_database_when_started_then_its_schema_is_up_to_date(empty_database_url: str) -> None:
    ExternalDatabase(empty_database_url).start(NEVER)

    connections = engine.create_engine(empty_database_url, application_name="test")
    migrate.check_current(connections)
    connections.dispose()
