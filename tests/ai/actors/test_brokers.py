"""Which URLs name a broker, and what is said of others."""

from datetime import timedelta

import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from services.ai.actors.brokers import open_brokers
from services.ai.domain.jobs import JobQueue
from shared.config import ConfigError

LIMIT = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("embedded", StubBroker),
        ("redis://127.0.0.1:1/0", RedisBroker),
        ("rediss://127.0.0.1:1/0", RedisBroker),
        ("amqp://guest:guest@127.0.0.1:1", RabbitmqBroker),
        ("amqps://guest:guest@127.0.0.1:1", RabbitmqBroker),
    ],
)
def test_open_brokers_when_the_url_is_known_then_one_for_each_queue_and_nothing_is_connected(
    url: str, kind: type[object]
) -> None:
    brokers = open_brokers(url, time_limit=LIMIT)

    assert {queue: type(broker) for queue, broker in brokers.items()} == dict.fromkeys(JobQueue, kind)
    assert all(queue.value in broker.get_declared_queues() for queue, broker in brokers.items())


def test_open_brokers_when_redis_then_the_messages_of_dead_workers_are_looked_for() -> None:
    for broker in open_brokers("redis://127.0.0.1:1", time_limit=LIMIT).values():
        assert isinstance(broker, RedisBroker)
        assert (broker.heartbeat_timeout, broker.maintenance_chance) == (15_000, 1_000_000)


def test_open_brokers_when_rabbitmq_then_it_confirms_and_a_block_ends() -> None:
    for broker in open_brokers("amqp://127.0.0.1:1", time_limit=LIMIT).values():
        assert isinstance(broker, RabbitmqBroker)
        assert broker.confirm_delivery
        assert getattr(broker.parameters, "blocked_connection_timeout", None) == 30


@pytest.mark.parametrize(
    "url", ["", "Embedded", "http://x:s3cret@y", "redis://x:s3cret@y:port", "amqp://x:s3cret@y:port"]
)
def test_open_brokers_when_the_url_is_unknown_then_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="AI_BROKER_URL") as caught:
        open_brokers(url, time_limit=LIMIT)

    assert "s3cret" not in str(caught.value)
