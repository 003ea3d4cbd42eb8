"""The step that gives switches kinds keeps what was on record, and can be undone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, exc, text

from shared.store import migrate
from shared.store.engine import create_engine, transaction

STEPS_BEFORE = ("0001", "0002", "0003", "0004", "0005")
COLUMNS = "experiment_id, reason, actor, switched_at, request_id"
FROZEN = text(f"INSERT INTO learning_switches ({COLUMNS}, frozen) VALUES ('e', 'r', 'ann', now(), :id, :frozen)")
OF_KIND = text(f"INSERT INTO learning_switches ({COLUMNS}, kind) VALUES ('e', 'r', 'ann', now(), :id, :kind)")


@pytest.fixture
def before(empty_database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """Connections to a database with two switches in it, as of the step before."""
    versions = tmp_path / "versions"
    versions.mkdir()
    shutil.copy(migrate.SCRIPTS / "env.py", tmp_path)
    for step in (migrate.SCRIPTS / "versions").glob("*.py"):
        if step.name.startswith(STEPS_BEFORE):
            shutil.copy(step, versions)
    migrate.upgrade(empty_database_url, scripts=tmp_path)
    engine = create_engine(empty_database_url, application_name="test")
    with transaction(engine) as connection:
        for number, frozen in enumerate((True, False)):
            connection.execute(FROZEN, {"id": f"r{number}", "frozen": frozen})
    yield engine
    engine.dispose()


def rows(engine: Engine, columns: str) -> list[tuple[object, ...]]:
    with transaction(engine) as connection:
        query = text(f"SELECT {columns} FROM learning_switches ORDER BY switch_id")
        return [tuple(row) for row in connection.execute(query)]


def downgrade(engine: Engine, step: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    with transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, step)


def test_upgrade_when_there_are_switches_then_their_kinds_are_what_they_were(
    before: Engine, empty_database_url: str
) -> None:
    kept = rows(before, f"switch_id, {COLUMNS}")

    migrate.upgrade(empty_database_url)

    assert rows(before, f"switch_id, {COLUMNS}") == kept
    assert rows(before, "kind") == [("FREEZE",), ("UNFREEZE",)]
    with pytest.raises(exc.DBAPIError, match="append-only"), transaction(before) as connection:
        connection.execute(text("UPDATE learning_switches SET kind = 'FREEZE'"))
    with pytest.raises(exc.IntegrityError, match="known_kind"), transaction(before) as connection:
        connection.execute(OF_KIND, {"id": "r9", "kind": "THAW"})


def test_downgrade_when_the_control_was_served_then_the_freezes_stay(before: Engine, empty_database_url: str) -> None:
    kept = rows(before, f"switch_id, {COLUMNS}, frozen")
    migrate.upgrade(empty_database_url)
    with transaction(before) as connection:
        connection.execute(OF_KIND, {"id": "r2", "kind": "SERVE_CONTROL"})

    downgrade(before, "0005")

    assert rows(before, f"switch_id, {COLUMNS}, frozen") == kept
    with pytest.raises(exc.DBAPIError, match="append-only"), transaction(before) as connection:
        connection.execute(text("DELETE FROM learning_switches"))
