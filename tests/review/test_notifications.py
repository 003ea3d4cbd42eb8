"""Notices all the way: from a transaction on a real store to a real receiver."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, text

from services.review.service.delivery import NoticeDelivery
from services.review.store.notices import PostgresNotices, PostgresOutbox
from services.review.webhooks.hook import Hook
from services.review.webhooks.sender import HttpWebhooks
from services.review.webhooks.signing import key_of
from shared.store.engine import transaction
from tests.review.examples import NOW
from tests.review.notices import notice
from tests.review.webhooks.receiver import Receiver, Reply, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WAIT_SECONDS = 60


class _Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


def _delivery(engine: Engine, receiver: Receiver, clock: _Clock, *paths: str) -> NoticeDelivery:
    hooks = tuple(Hook(receiver.url(path), keys=(key_of(SECRET),)) for path in paths)
    webhooks = HttpWebhooks({"default": hooks}, link_template="", timeout=timedelta(seconds=10), clock=clock)
    return NoticeDelivery(PostgresOutbox(engine), webhooks, clock=clock, rng=Random(1))


def _add(engine: Engine, *change_request_ids: str) -> None:
    with transaction(engine) as connection:
        PostgresNotices(connection).add([notice(each) for each in change_request_ids])


def _row(engine: Engine) -> tuple[object, ...]:
    query = text("SELECT attempt_count, delivered_at, next_attempt_at, last_error FROM notices")
    with transaction(engine) as connection:
        return tuple(connection.execute(query).one())


def _told(receiver: Receiver, path: str) -> list[str]:
    return [json.loads(each.body)["data"]["change_request_id"] for each in receiver.at(path)]


def test_step_when_the_receiver_fails_first_then_it_is_told_again_under_the_same_id(
    engine: Engine, receiver: Receiver
) -> None:
    clock = _Clock()
    receiver.replies["/"] = lambda number: Reply(500 if number == 0 else 200)
    delivery = _delivery(engine, receiver, clock, "/")
    _add(engine, "cr_1")

    delivery.step()
    clock.now += timedelta(minutes=1)
    delivery.step()

    assert {each.headers["webhook-id"] for each in receiver.received} == {notice().notice_id}
    stamps = [int(each.headers["webhook-timestamp"]) for each in receiver.received]
    assert stamps == [int(NOW.timestamp()), int(NOW.timestamp()) + 60]
    assert all(each.is_signed_with(SECRET) for each in receiver.received)
    assert _row(engine) == (2, clock.now, None, "")


def test_step_when_the_receiver_asks_to_wait_then_it_is_not_told_before(engine: Engine, receiver: Receiver) -> None:
    clock = _Clock()
    receiver.replies["/"] = lambda number: Reply(429, {"retry-after": "3600"}) if number == 0 else Reply()
    delivery = _delivery(engine, receiver, clock, "/")
    _add(engine, "cr_1")

    delivery.step()
    clock.now += timedelta(seconds=3599)
    delivery.step()
    assert len(receiver.received) == 1
    clock.now += timedelta(seconds=1)
    delivery.step()

    assert len(receiver.received) == 2
    assert _row(engine) == (2, clock.now, None, "")


def test_step_when_the_receiver_is_gone_then_it_is_parked(engine: Engine, receiver: Receiver) -> None:
    receiver.replies["/"] = lambda _: Reply(410)
    _add(engine, "cr_1")

    _delivery(engine, receiver, _Clock(), "/").step()

    assert _row(engine) == (1, None, None, f"127.0.0.1:{receiver.port} answered 410")


def test_add_when_its_transaction_fails_then_nobody_is_told(engine: Engine, receiver: Receiver) -> None:
    def fail() -> None:
        with transaction(engine) as connection:
            PostgresNotices(connection).add([notice()])
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert _delivery(engine, receiver, _Clock(), "/").step().taken_count == 0


def test_step_when_two_deliver_at_once_then_each_notice_is_told_once(engine: Engine, receiver: Receiver) -> None:
    ids = [f"cr_{number}" for number in range(60)]
    _add(engine, *ids)
    together = threading.Barrier(2)

    def deliver(delivery: NoticeDelivery) -> int:
        together.wait(WAIT_SECONDS)
        taken = 0
        while count := delivery.step().taken_count:
            taken += count
        return taken

    deliveries = [_delivery(engine, receiver, _Clock(), "/a", "/b") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(deliver, deliveries, timeout=WAIT_SECONDS))

    assert sum(taken) == 60
    assert sorted(_told(receiver, "/a")) == sorted(_told(receiver, "/b")) == sorted(ids)
    assert PostgresOutbox(engine).count_waiting() == 0
