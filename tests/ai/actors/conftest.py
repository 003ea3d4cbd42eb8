"""The brokers that the tests of this room use, each started once and only where a test asks for it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.ai.actors.brokers import EMBEDDED, open_brokers
from tests.ai.actors.broker_servers import rabbitmq_server, redis_server

# One test with RabbitMQ, which takes seconds to start, is in the ordinary run.
BROKERS = (EMBEDDED, "redis", pytest.param("rabbitmq", marks=pytest.mark.slow))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    with rabbitmq_server() as url:
        yield url


@pytest.fixture(params=BROKERS)
def broker_url(request: pytest.FixtureRequest) -> str:
    """The URL of each kind of broker in turn, with empty queues."""
    url: str = EMBEDDED if request.param == EMBEDDED else request.getfixturevalue(f"{request.param}_url")
    for broker in open_brokers(url, time_limit=timedelta(minutes=1)).values():
        broker.flush_all()
        broker.close()
    return url
