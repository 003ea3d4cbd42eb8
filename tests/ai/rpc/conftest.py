"""Laboratories in which jobs wait or are done, one of a test's own or one that a module shares; and refusals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import pytest
import sqlalchemy

from shared import errors
from shared.ids import new_id
from shared.rpc import status
from shared.store.embedded import EmbeddedPostgres
from shared.store.engine import create_engine
from tests.ai.rpc import lab as labs
from tests.ai.rpc import place as places
from tests.ai.rpc.lab import STOP_SECONDS, Lab
from tests.ai.rpc.place import Place


@dataclass(frozen=True)
class Refusal:
    """Is an error as the client sees it."""

    code: grpc.StatusCode
    error: errors.PlatformError

    @property
    def reason(self) -> tuple[grpc.StatusCode, errors.Reason]:
        return self.code, self.error.reason

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.error.violations]


# The methods of a stub differ in their messages.
Refused: TypeAlias = Callable[[Any, Any], Refusal]


@pytest.fixture(scope="module")
def module_database_url(postgres: EmbeddedPostgres, administration: sqlalchemy.Engine, template: str) -> Iterator[str]:
    """The URL of a database that the tests of a module share."""
    name = new_id("test")
    with administration.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield sqlalchemy.make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    with administration.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="module")
def module_engine(module_database_url: str) -> Iterator[sqlalchemy.Engine]:
    """Connections to the database that the tests of a module share."""
    engine = create_engine(module_database_url, application_name="test")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared_lab(module_engine: sqlalchemy.Engine) -> Iterator[Lab]:
    """Jobs wait; all tests of a module are in it."""
    with labs.opened(module_engine) as opened:
        yield opened


@pytest.fixture(scope="module")
def busy_lab(module_engine: sqlalchemy.Engine, module_database_url: str) -> Iterator[Lab]:
    """Jobs are done, without a key; all tests of a module are in it."""
    with labs.opened(module_engine, works=True, news_from=module_database_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def place(module_engine: sqlalchemy.Engine, module_database_url: str) -> Iterator[Place]:
    """Jobs are done, and there is a review; all tests of a module are in it."""
    with places.opened(module_engine, module_database_url) as opened:
        yield opened


@pytest.fixture
def lab(engine: sqlalchemy.Engine) -> Iterator[Lab]:
    """Jobs wait."""
    with labs.opened(engine) as opened:
        yield opened


@pytest.fixture
def refused() -> Refused:
    def call(method: Any, request: Any) -> Refusal:
        with pytest.raises(grpc.RpcError) as caught:
            method(request, timeout=STOP_SECONDS)
        return Refusal(caught.value.code(), status.from_rpc_error(caught.value))

    return call
