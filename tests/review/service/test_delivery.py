"""Telling people: what is claimed, sent and settled, whatever the webhooks and the store do."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from services.review.domain.notices import Notice
from services.review.domain.redelivery import MAX_ATTEMPTS, Answer, AnswerKind, Claim, ParkedFor
from services.review.service.delivery import LEASE, NoticeDelivery, Report, deliver_until
from shared import errors
from tests.fakes.outbox import InMemoryOutbox, ScriptedWebhooks
from tests.review.examples import NOW
from tests.review.notices import notice

DELIVERED = Answer(AnswerKind.DELIVERED)
REFUSED = Answer(AnswerKind.REFUSED, "b answered 500")
GONE = Answer(AnswerKind.GONE, "b answered 410")
AUDIENCES = {"default": ("a", "b"), "growth": ("c",), "quiet": ()}


class _Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def outbox() -> InMemoryOutbox:
    return InMemoryOutbox()


def _delivery(outbox: InMemoryOutbox, webhooks: ScriptedWebhooks, clock: _Clock) -> NoticeDelivery:
    return NoticeDelivery(outbox, webhooks, clock=clock, rng=Random(1))


def _all_well() -> ScriptedWebhooks:
    return ScriptedWebhooks(AUDIENCES, lambda _webhook, _notice: DELIVERED)


def _b_answers(*answers: Answer) -> ScriptedWebhooks:
    remaining = iter(answers)
    return ScriptedWebhooks(AUDIENCES, lambda webhook_id, _notice: next(remaining) if webhook_id == "b" else DELIVERED)


def test_step_when_nothing_is_due_then_nothing_is_sent(outbox: InMemoryOutbox, clock: _Clock) -> None:
    webhooks = _all_well()

    assert _delivery(outbox, webhooks, clock).step() == Report(0, 0, {}, 0)
    assert webhooks.posted == []


def test_step_when_all_is_well_then_every_webhook_of_the_audience_is_told_once(
    outbox: InMemoryOutbox, clock: _Clock
) -> None:
    webhooks = _all_well()
    outbox.add([notice(), notice(audience="growth")])
    delivery = _delivery(outbox, webhooks, clock)

    assert delivery.step() == Report(2, 2, {}, 0)
    assert delivery.step() == Report(0, 0, {}, 0)

    assert sorted(webhooks.posted) == [("a", "cr_1"), ("b", "cr_1"), ("c", "cr_1")]


def test_step_when_one_webhook_fails_then_only_that_one_is_told_again(outbox: InMemoryOutbox, clock: _Clock) -> None:
    webhooks = _b_answers(REFUSED, DELIVERED)
    delivery = _delivery(outbox, webhooks, clock)
    outbox.add([notice()])

    assert delivery.step() == Report(1, 0, {}, 1)
    assert delivery.step() == Report(0, 0, {}, 1)
    clock.now += timedelta(seconds=1)
    assert delivery.step() == Report(1, 1, {}, 0)

    assert webhooks.posted == [("a", "cr_1"), ("b", "cr_1"), ("b", "cr_1")]


def test_step_when_a_webhook_never_works_then_it_is_parked_after_ten_attempts_and_some_hours(
    outbox: InMemoryOutbox, clock: _Clock
) -> None:
    webhooks = _b_answers(*[REFUSED] * MAX_ATTEMPTS)
    delivery = _delivery(outbox, webhooks, clock)
    outbox.add([notice()])

    reports = []
    for _ in range(MAX_ATTEMPTS):
        reports.append(delivery.step())
        clock.now += timedelta(minutes=30)

    assert reports[-1] == Report(1, 0, {ParkedFor.ATTEMPTS: 1}, 0)
    assert len(webhooks.posted) == MAX_ATTEMPTS + 1
    assert outbox.errors == ["b answered 500"]


def test_step_when_a_webhook_is_gone_then_it_is_parked_at_once(outbox: InMemoryOutbox, clock: _Clock) -> None:
    outbox.add([notice()])

    assert _delivery(outbox, _b_answers(GONE), clock).step() == Report(1, 0, {ParkedFor.GONE: 1}, 0)
    assert outbox.errors == ["b answered 410"]


@pytest.mark.parametrize("audience", ["nobody", "quiet"])
def test_step_when_nobody_listens_then_it_is_kept_and_said(
    outbox: InMemoryOutbox, clock: _Clock, caplog: pytest.LogCaptureFixture, audience: str
) -> None:
    webhooks = _all_well()
    outbox.add([notice(audience=audience)])

    with caplog.at_level(logging.INFO):
        report = _delivery(outbox, webhooks, clock).step()

    assert report == Report(1, 0, {ParkedFor.NO_WEBHOOK: 1}, 0)
    assert outbox.errors == [f"no webhook listens for the audience '{audience}'"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", "notice parked")]
    assert webhooks.posted == []


def test_step_when_more_is_due_than_fits_then_the_next_steps_do_the_rest(outbox: InMemoryOutbox, clock: _Clock) -> None:
    webhooks = _all_well()
    delivery = _delivery(outbox, webhooks, clock)
    outbox.add([notice(f"cr_{number}", audience="growth") for number in range(20)])

    reports = [delivery.step() for _ in range(3)]

    assert sum(report.delivered_count for report in reports) == 20
    assert len(set(webhooks.posted)) == len(webhooks.posted) == 20


def test_step_when_a_process_died_while_it_sent_then_another_sends_it_later(
    outbox: InMemoryOutbox, clock: _Clock
) -> None:
    def crash(_webhook_id: str, _notice: Notice) -> Answer:
        raise KeyboardInterrupt

    outbox.add([notice(audience="growth")])
    with pytest.raises(KeyboardInterrupt):
        _delivery(outbox, ScriptedWebhooks(AUDIENCES, crash), clock).step()
    other = _delivery(outbox, _all_well(), clock)

    assert other.step().taken_count == 0
    clock.now += LEASE
    assert other.step() == Report(1, 1, {}, 0)


def test_step_when_no_attempt_ever_ends_then_it_is_parked_unsent(outbox: InMemoryOutbox, clock: _Clock) -> None:
    webhooks = _all_well()
    outbox.add([notice(audience="growth")])
    for _ in range(MAX_ATTEMPTS):
        outbox.claim(now=clock.now, until=clock.now, limit=1)

    assert _delivery(outbox, webhooks, clock).step() == Report(1, 0, {ParkedFor.ATTEMPTS: 1}, 0)
    assert webhooks.posted == []


class _News:
    """Counts how often it was waited for, and then stops it all."""

    def __init__(self, stopping: threading.Event, *, until: int) -> None:
        self.waited: list[float] = []
        self._stopping = stopping
        self._until = until

    def wait(self, timeout_seconds: float) -> None:
        self.waited.append(timeout_seconds)
        if len(self.waited) == self._until:
            self._stopping.set()


def _run(delivery: NoticeDelivery, waits: int = 1) -> tuple[list[Report], list[float]]:
    stopping, reports = threading.Event(), list[Report]()
    news = _News(stopping, until=waits)
    deliver_until(stopping, delivery, news, poll_interval_seconds=1.0, report=reports.append)
    return reports, news.waited


def test_deliver_until_when_much_is_due_then_it_waits_only_when_nothing_is(
    outbox: InMemoryOutbox, clock: _Clock
) -> None:
    outbox.add([notice(f"cr_{number}") for number in range(20)])

    reports, waited = _run(_delivery(outbox, _all_well(), clock))

    assert [report.taken_count for report in reports] == [8, 8, 4, 0]
    assert waited == [1.0]


class _BrokenOutbox(InMemoryOutbox):
    def __init__(self, *failures: Exception) -> None:
        super().__init__()
        self._failures = list(failures)

    def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Claim]:
        if self._failures:
            raise self._failures.pop(0)
        return super().claim(now=now, until=until, limit=limit)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (errors.Unavailable(errors.Reason.STORE_UNAVAILABLE, "away"), "store is away, notices wait"),
        (RuntimeError("defect"), "delivery failed, notices wait"),
    ],
)
def test_deliver_until_when_a_step_fails_then_it_is_said_and_the_next_one_delivers(
    clock: _Clock, caplog: pytest.LogCaptureFixture, failure: Exception, said: str
) -> None:
    outbox = _BrokenOutbox(failure)
    outbox.add([notice()])

    reports, _ = _run(_delivery(outbox, _all_well(), clock), waits=2)

    assert [record.getMessage() for record in caplog.records] == [said]
    assert [report.delivered_count for report in reports] == [1, 0]


def test_step_when_one_of_a_batch_is_answered_then_each_answer_finds_its_notice(
    outbox: InMemoryOutbox, clock: _Clock
) -> None:
    answers: dict[str, Answer] = {"cr_0": DELIVERED, "cr_1": REFUSED, "cr_2": GONE}
    webhooks = ScriptedWebhooks({"growth": ["c"]}, lambda _webhook, told: answers[told.payload["change_request_id"]])
    made: Sequence[Notice] = [notice(each, audience="growth") for each in answers]
    outbox.add(made)

    report = _delivery(outbox, webhooks, clock).step()

    assert report == Report(3, 1, {ParkedFor.GONE: 1}, 1)
    assert outbox.errors == ["", "b answered 500", "b answered 410"]
