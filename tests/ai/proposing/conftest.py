"""A real review server that the proposer calls as an agent."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy

from services.ai.proposing.proposer import ReviewProposer
from shared.rpc import client
from tests.fakes import identity
from tests.review import desk as desks
from tests.review.desk import Desk
from tests.review.verbs import registered


@pytest.fixture
def desk(engine: sqlalchemy.Engine) -> Iterator[Desk]:
    with desks.opened(engine) as opened:
        registered(opened, "ada", "ann", "rob")
        yield opened


@pytest.fixture
def proposer(desk: Desk) -> Iterator[ReviewProposer]:
    with proposing(desk, "agent") as opened:
        yield opened


@contextmanager
def proposing(desk: Desk, name: str) -> Iterator[ReviewProposer]:
    """Gives a proposer with somebody's token."""
    with client.open_channel(desk.address, token=identity.secret(name)) as channel:
        yield ReviewProposer(channel, timeout_seconds=10.0)
