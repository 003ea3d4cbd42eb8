"""Tests the migrations, our own and small ones made here."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine, exc

from shared.errors import FailedPrecondition, Reason, Unavailable
from shared.store import migrate
from shared.store.engine import create_engine, transaction

STEP = """
from alembic import op
revision = "{revision}"
down_revision = {down_revision!r}
def upgrade():
    op.execute("{statement}")
"""


def scripts_of(directory: Path, *statements: str) -> Path:
    versions = directory / "versions"
    versions.mkdir(parents=True)
    (directory / "env.py").write_text((migrate.SCRIPTS / "env.py").read_text())
    for number, statement in enumerate(statements):
        step = STEP.format(
            revision=f"s{number}", down_revision=f"s{number - 1}" if number else None, statement=statement
        )
        (versions / f"s{number}.py").write_text(step)
    return directory


def tables(url: str) -> set[str]:
    engine = create_engine(url, application_name="test")
    try:
        return set(sqlalchemy.inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.fixture
def two_steps(tmp_path: Path) -> Path:
    return scripts_of(tmp_path / "50% of it", "CREATE TABLE first (x int)", "CREATE TABLE second (x int)")


def test_upgrade_when_the_database_is_empty_then_the_schema_is_current(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)

    engine = create_engine(empty_database_url, application_name="test")
    migrate.check_current(engine)
    engine.dispose()
    assert {"experiments", "policy_snapshots"} <= tables(empty_database_url)


def test_upgrade_when_it_is_run_twice_then_nothing_changes(empty_database_url: str, two_steps: Path) -> None:
    for _ in range(2):
        migrate.upgrade(empty_database_url, scripts=two_steps)

    assert tables(empty_database_url) == {"alembic_version", "first", "second"}


def test_upgrade_when_it_is_run_at_once_then_all_succeed(empty_database_url: str, two_steps: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(migrate.upgrade, empty_database_url, scripts=two_steps) for _ in range(4)]

    assert [run.result() for run in runs] == [None] * 4
    assert tables(empty_database_url) == {"alembic_version", "first", "second"}


def test_upgrade_when_a_step_fails_then_none_is_applied(empty_database_url: str, tmp_path: Path) -> None:
    scripts = scripts_of(tmp_path / "scripts", "CREATE TABLE first (x int)", "CREATE NONSENSE")

    with pytest.raises(exc.ProgrammingError):
        migrate.upgrade(empty_database_url, scripts=scripts)

    assert tables(empty_database_url) == set()


def test_upgrade_when_nobody_answers_then_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        migrate.upgrade("postgresql://127.0.0.1:1/d")

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    ("step_count", "applied", "advice"),
    [
        (0, "none", "apply the migrations first"),
        (1, "s0", "apply the migrations first"),
        (3, "s2", "this release is too old"),
    ],
)
def test_check_current_when_the_schema_is_another_then_failed_precondition_says_which(
    empty_database_url: str, tmp_path: Path, *, step_count: int, applied: str, advice: str
) -> None:
    migrate.upgrade(empty_database_url, scripts=scripts_of(tmp_path / "there", *["SELECT 1"] * step_count))
    engine = create_engine(empty_database_url, application_name="test")

    with pytest.raises(FailedPrecondition, match=advice) as caught:
        migrate.check_current(engine, scripts=scripts_of(tmp_path / "here", "SELECT 1", "SELECT 1"))
    engine.dispose()

    assert caught.value.reason is Reason.INVALID_STATE
    assert caught.value.metadata == {"applied": applied, "needed": "s1"}


def test_upgrade_when_the_schema_is_newer_then_failed_precondition(
    empty_database_url: str, two_steps: Path, tmp_path: Path
) -> None:
    migrate.upgrade(empty_database_url, scripts=scripts_of(tmp_path / "newer", *["SELECT 1"] * 3))

    with pytest.raises(FailedPrecondition, match="this release is too old") as caught:
        migrate.upgrade(empty_database_url, scripts=two_steps)

    assert caught.value.reason is Reason.INVALID_STATE


def test_check_current_when_nobody_answers_then_unavailable() -> None:
    engine = create_engine("postgresql://127.0.0.1:1/d", application_name="test")

    with pytest.raises(Unavailable) as caught:
        migrate.check_current(engine)

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


def test_transaction_of_the_template_when_a_test_begins_then_the_schema_is_current(engine: Engine) -> None:
    migrate.check_current(engine)

    with transaction(engine) as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM experiments")).scalar_one() == 0
