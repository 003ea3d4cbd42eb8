"""Real brokers for the tests, on free ports of this machine, with nothing kept on its disk."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pika
import pytest
import redis

from tests.e2e.processes import eventually

# Debian's /usr/sbin/rabbitmq-server changes the user; this one runs as whoever starts it.
_RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_START_SECONDS = 60.0


@contextmanager
def redis_server() -> Iterator[str]:
    """Yields the URL of a Redis; skips where there is no such program."""
    program = _program("redis-server")
    port = _free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="experimentation-redis-"))
        options = {"--port": str(port), "--bind": "127.0.0.1", "--save": "", "--appendonly": "no", "--dir": directory}
        command = [program, *(part for pair in options.items() for part in pair)]
        stack.enter_context(_running(command, os.environ, Path(directory) / "out"))
        eventually(lambda: _answers(lambda: _ping(url)), "redis answers", within_seconds=_START_SECONDS)
        yield url


@contextmanager
def rabbitmq_server() -> Iterator[str]:
    """Yields the URL of a RabbitMQ; skips where there is no such program."""
    program, mapper = _program(_RABBITMQ), _program("epmd")
    port, mapper_port = _free_port(), _free_port()
    url = f"amqp://guest:guest@127.0.0.1:{port}"
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="experimentation-rabbitmq-")))
        environment = {
            **os.environ,
            "HOME": str(directory),
            "ERL_EPMD_PORT": str(mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"tests{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(_free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(directory / "no-such-file"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
        }
        stack.enter_context(_running([mapper, "-port", str(mapper_port)], environment, directory / "mapper.out"))
        stack.enter_context(_running([program], environment, directory / "server.out"))
        eventually(lambda: _answers(lambda: _connect(url)), "rabbitmq answers", within_seconds=_START_SECONDS)
        yield url


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], out: Path) -> Iterator[None]:
    """Runs a program until the block ends, then kills it with all that it started."""
    with out.open("w") as stream:
        process = subprocess.Popen(
            command, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def _answers(call: Callable[[], None]) -> bool:
    try:
        call()
    except (redis.RedisError, pika.exceptions.AMQPError, OSError):
        return False
    return True


def _ping(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.ping()


def _connect(url: str) -> None:
    pika.BlockingConnection(pika.URLParameters(url)).close()
