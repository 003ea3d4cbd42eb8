"""A whole stack behind a gateway, one for all tests of a process: each makes experiments of its own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from shared.ids import new_id
from shared.store.embedded import EmbeddedPostgres
from tests.gateway import stack as stacks
from tests.gateway.front import Front
from tests.gateway.stack import Stack


@pytest.fixture(scope="session")
def gateway_database_url(postgres: EmbeddedPostgres, administration: Engine, template: str) -> Iterator[str]:
    name = new_id("test")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def stack(gateway_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    with stacks.opened(gateway_database_url, directory) as opened:
        yield opened


@pytest.fixture
def front(stack: Stack) -> Front:
    return stack.front


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def new_experiment_id(_numbers: Iterator[int]) -> Callable[[], str]:
    """Returns an id that no other test has."""
    return lambda: f"shop-{next(_numbers)}"
