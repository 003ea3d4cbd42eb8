"""A desk of review with connections for many callers at once."""

from collections.abc import Iterator

import pytest
import sqlalchemy

from shared.store import engine as store_engine
from tests.review import desk as desks
from tests.review.desk import Desk

CONNECTION_COUNT = 16


@pytest.fixture
def wide_engine(database_url: str) -> Iterator[sqlalchemy.Engine]:
    engine = store_engine.create_engine(database_url, application_name="races", pool_size=CONNECTION_COUNT)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(wide_engine: sqlalchemy.Engine) -> Iterator[Desk]:
    with desks.opened(wide_engine) as opened:
        yield opened
