"""The brokers that carry jobs, by URL: one inside of the process, Redis, or RabbitMQ."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import pika
from dramatiq import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import TimeLimit
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.ai.domain.jobs import JobQueue
from shared.config import ConfigError

EMBEDDED: Final = "embedded"
_REDIS: Final = ("redis://", "rediss://", "unix://")
_RABBITMQ: Final = ("amqp://", "amqps://")

_NAMESPACE: Final = "experimentation"
_SOCKET_SECONDS: Final = 5.0
# Blocked by RabbitMQ, when it is short of memory or disk.
_BLOCKED_SECONDS: Final = 30.0
# Left alone, Dramatiq looks after dead consumers with one of a thousand commands: on a quiet system, never.
_REDIS_HEARTBEAT_MS: Final = 15_000
_REDIS_WITH_EACH_COMMAND: Final = 1_000_000


def open_brokers(url: str, *, time_limit: timedelta) -> Mapping[JobQueue, Broker]:
    """Returns a broker for each queue; nothing is connected before something is sent or consumed.

    Each queue has its own, since a Dramatiq broker bears one `Worker`, and each queue is to have threads of its own.
    There are no retries in it: whether a job is tried again, the job's row says.

    Args:
        url: `embedded`, or that of a Redis or RabbitMQ.
        time_limit: After which the thread of a job is told to stop.

    Raises:
        ConfigError: It is no such URL.
    """
    return {queue: _open(queue, url, time_limit) for queue in JobQueue}


def waiting_count(broker: Broker, queue: JobQueue) -> int:
    """Returns about how many messages wait in a queue.

    Raises:
        Exception: The broker is away; which one it raises is its library's affair.
    """
    if isinstance(broker, StubBroker):
        return int(broker.queues[queue.value].qsize())
    if isinstance(broker, RedisBroker):
        return int(broker.do_qsize(queue.value))
    return _rabbitmq_count(broker, queue)


def _open(queue: JobQueue, url: str, time_limit: timedelta) -> Broker:
    broker = _broker(url)
    broker.add_middleware(TimeLimit(time_limit=time_limit.total_seconds() * 1000))
    broker.declare_queue(queue.value)
    return broker


def _broker(url: str) -> Broker:
    try:
        if url == EMBEDDED:
            return StubBroker(middleware=[])
        if url.startswith(_REDIS):
            return _redis(url)
        if url.startswith(_RABBITMQ):
            return _rabbitmq(url)
    except ValueError:
        # Its message may hold the password.
        raise ConfigError(["AI_BROKER_URL: cannot be read"]) from None
    raise ConfigError([f"AI_BROKER_URL: must be {EMBEDDED}, redis://..., rediss://..., amqp://... or amqps://..."])


def _redis(url: str) -> RedisBroker:
    client = Redis.from_url(
        url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS, retry=Retry(NoBackoff(), 0)
    )
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        middleware=[],
        namespace=_NAMESPACE,
        heartbeat_timeout=_REDIS_HEARTBEAT_MS,
        maintenance_chance=_REDIS_WITH_EACH_COMMAND,
    )


def _rabbitmq(url: str) -> RabbitmqBroker:
    # It tells of one refused connection in ten lines; Dramatiq, and who sends, tell of it in one.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    broker = RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)
    several = broker.parameters if isinstance(broker.parameters, list) else [broker.parameters]
    for parameters in several:
        parameters.blocked_connection_timeout = parameters.blocked_connection_timeout or _BLOCKED_SECONDS
    return broker


def _rabbitmq_count(broker: Broker, queue: JobQueue) -> int:
    assert isinstance(broker, RabbitmqBroker)
    broker.declare_queue(queue.value, ensure=True)
    try:
        return int(broker.channel.queue_declare(queue=queue.value, passive=True).method.message_count)
    except pika.exceptions.AMQPError:
        # What is broken would break the next one too.
        broker.queues_pending.add(queue.value)
        del broker.connection
        raise
