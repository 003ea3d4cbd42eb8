"""What is sent while a broker is away or full is lost without a word, and without an end of memory."""

import logging
import socket
import threading

import pytest

from services.ai.actors import sending
from services.ai.actors.brokers import open_brokers, waiting_count
from services.ai.domain.jobs import JobQueue
from services.ai.service.attempts import RunLimits
from tests.ai.actors.lane_world import WAIT_SECONDS, Taken, lanes
from tests.ai.job_examples import analysis_job

LIMIT = RunLimits().longest


def _send(sender: sending.BrokerSender, count: int) -> None:
    """Sends that many, and returns once all were tried."""
    for number in range(count):
        sender.send(analysis_job(f"job_{number}"))
    sender.close()
    sender.send_until_closed()


def test_send_when_nobody_takes_then_the_queue_is_bounded(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_MOST", 50)
    brokers = open_brokers(broker_url, time_limit=LIMIT)
    for _ in range(3):
        _send(sending.BrokerSender(brokers), 50)

    counted = {queue: waiting_count(broker, queue) for queue, broker in brokers.items()}
    for broker in brokers.values():
        broker.close()

    assert counted == {JobQueue.INTERACTIVE: 50, JobQueue.BULK: 0}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_send_when_the_broker_is_away_then_nothing_is_raised_and_it_is_said_once(
    scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        brokers = open_brokers(f"{scheme}://user:s3cret@127.0.0.1:{probe.getsockname()[1]}", time_limit=LIMIT)
        with caplog.at_level(logging.WARNING):
            _send(sending.BrokerSender(brokers), 3)
    for broker in brokers.values():
        broker.close()

    said = [record for record in caplog.records if record.name == sending.__name__]
    assert [record.getMessage() for record in said] == ["broker is away, jobs wait"]
    assert not [record for record in caplog.records if record.name.startswith("pika")]
    assert "s3cret" not in caplog.text


def test_send_when_the_broker_hangs_then_the_caller_does_not_wait_and_the_rest_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    def hang(*_: object) -> int:
        hanging.set()
        go_on.wait(WAIT_SECONDS)
        return 0

    monkeypatch.setattr(sending, "_MOST", 10)
    monkeypatch.setattr(sending, "waiting_count", hang)
    taken = Taken()
    with lanes("embedded", taken) as sender:
        sender.send(analysis_job("first"))
        hanging.wait(WAIT_SECONDS)
        for number in range(100):
            sender.send(analysis_job(f"job_{number}"))
        go_on.set()
        assert [taken.next() for _ in range(11)] == ["first", *(f"job_{number}" for number in range(10))]
    assert not taken.more
