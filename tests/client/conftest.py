"""A scripted bandit, and clients that are closed when the test ends."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from experimentation_client import Client, RejectedRow
from tests.client.examples import QUICK, WAIT_SECONDS, message
from tests.client.server import ScriptedBandit
from tests.fakes.identity import secret

NewClient = Callable[..., Client]


@pytest.fixture
def bandit() -> Iterator[ScriptedBandit]:
    """A running bandit with one experiment."""
    server = ScriptedBandit(message())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def rejected() -> list[RejectedRow]:
    """The rows that the clients reported."""
    return []


@pytest.fixture
def new_client(rejected: list[RejectedRow]) -> Iterator[NewClient]:
    """Makes clients that try again quickly."""
    made: list[Client] = []

    def make(target: str, **arguments: Any) -> Client:
        usual = dict[str, Any](settings=QUICK, on_rejected=rejected.append, token=secret("service").value)
        client = Client(target, **usual | arguments)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close(0)


@pytest.fixture
def client(bandit: ScriptedBandit, new_client: NewClient) -> Client:
    """A client that has the bandit's policies."""
    made = new_client(bandit.address)
    assert made.wait_until_ready(WAIT_SECONDS)
    return made
