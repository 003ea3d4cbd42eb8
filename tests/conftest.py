"""A real Postgres for the tests: one server per test process, one database per test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import settings
from sqlalchemy import Engine, make_url

from shared.ids import new_id
from shared.store import migrate
from shared.store.embedded import EmbeddedPostgres
from shared.store.engine import create_engine

# Half of what Hypothesis tries by itself, where a test does not say how much; `make verify` tries more than that.
settings.register_profile("ordinary", settings.default, max_examples=50)
settings.register_profile("thorough", settings.default, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

# Tests end before the machine does.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}


@pytest.fixture(scope="session")
def open_directory() -> Iterator[Path]:
    """A directory with a short path that the server's account may enter, unlike pytest's own when run as root."""
    with tempfile.TemporaryDirectory(prefix="experimentation-tests-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres(open_directory: Path) -> Iterator[EmbeddedPostgres]:
    """A running server; leave its database `postgres` alone."""
    with EmbeddedPostgres(open_directory / "server", settings=NOT_DURABLE) as server:
        yield server


@pytest.fixture(scope="session")
def administration(postgres: EmbeddedPostgres) -> Iterator[Engine]:
    """Connections that make and drop databases."""
    engine = create_engine(postgres.url, application_name="tests", pool_size=1)
    yield engine.execution_options(isolation_level="AUTOCOMMIT")
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres, administration: Engine) -> str:
    """The name of a database with the newest schema and no rows."""
    with administration.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE DATABASE template_of_tests"))
    migrate.upgrade(_url(postgres, "template_of_tests"))
    return "template_of_tests"


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, administration: Engine, template: str) -> Iterator[str]:
    """The URL of a database with the newest schema, for one test alone."""
    yield from _database(postgres, administration, f"TEMPLATE {template}")


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres, administration: Engine) -> Iterator[str]:
    """The URL of a database without any table, for one test alone."""
    yield from _database(postgres, administration, "")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to the test's database."""
    engine = create_engine(database_url, application_name="test")
    yield engine
    engine.dispose()


def _database(postgres: EmbeddedPostgres, administration: Engine, source: str) -> Iterator[str]:
    name = new_id("test")
    with administration.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name} {source}"))
    yield _url(postgres, name)
    with administration.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))


def _url(postgres: EmbeddedPostgres, database: str) -> str:
    return make_url(postgres.url).set(database=database).render_as_string(hide_password=False)
