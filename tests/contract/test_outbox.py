"""What every outbox promises: the one in Postgres, and the one in memory that tests use."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

import pytest
from sqlalchemy import Engine

from services.review.domain.notices import Notice
from services.review.domain.outbox import Notices, Outbox
from services.review.domain.redelivery import Answer, AnswerKind, Claim, Settlement, settle, without_webhooks
from services.review.store.notices import PostgresNotices, PostgresOutbox
from shared.store.engine import transaction
from tests.fakes.outbox import InMemoryOutbox
from tests.review.examples import LATER, NOW
from tests.review.notices import notice

SOON = NOW + timedelta(minutes=2)
WAIT_SECONDS = 10


class WholeOutbox(Notices, Outbox, Protocol):
    """Is both ends of an outbox."""


class _PostgresOutbox(PostgresOutbox):
    """Is the outbox in Postgres with its other end, each call in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._ends = engine

    def add(self, notices: Iterable[Notice]) -> None:
        with transaction(self._ends) as connection:
            PostgresNotices(connection).add(notices)


@pytest.fixture(params=["memory", "postgres"])
def outbox(request: pytest.FixtureRequest) -> WholeOutbox:
    if request.param == "memory":
        return InMemoryOutbox()
    return _PostgresOutbox(request.getfixturevalue("engine"))


def _claim(outbox: Outbox, now: datetime = NOW, limit: int = 10) -> list[Claim]:
    return outbox.claim(now=now, until=now + timedelta(minutes=2), limit=limit)


def _settled(claim: Claim, kind: AnswerKind = AnswerKind.DELIVERED, problem: str = "") -> Settlement:
    return settle(claim, {"hook": Answer(kind, problem)}, now=NOW, rng=Random(1))


def test_claim_when_nothing_was_added_then_nothing(outbox: WholeOutbox) -> None:
    outbox.add([])

    assert _claim(outbox) == []
    assert outbox.count_waiting() == 0


def test_claim_when_added_then_every_field_comes_back_and_it_is_the_first_attempt(outbox: WholeOutbox) -> None:
    made = notice()

    outbox.add([made])

    assert _claim(outbox) == [Claim(made, 1, {})]
    assert outbox.count_waiting() == 1


def test_add_when_the_audience_was_told_of_the_occasion_then_once(outbox: WholeOutbox) -> None:
    outbox.add([notice(), notice(audience="growth")])
    outbox.add([notice(), notice(audience="finance")])

    assert sorted(claim.notice.audience for claim in _claim(outbox)) == ["default", "finance", "growth"]


def test_add_when_it_was_delivered_before_then_it_is_not_told_again(outbox: WholeOutbox) -> None:
    outbox.add([notice()])
    outbox.settle(map(_settled, _claim(outbox)))

    outbox.add([notice()])

    assert outbox.count_waiting() == 0


def test_claim_when_it_is_held_by_somebody_then_not_before_their_time_is_over(outbox: WholeOutbox) -> None:
    outbox.add([notice()])
    _claim(outbox)

    assert _claim(outbox, SOON - timedelta(microseconds=1)) == []
    assert [claim.attempt_count for claim in _claim(outbox, SOON)] == [2]


def test_claim_when_it_is_not_due_yet_then_not(outbox: WholeOutbox) -> None:
    outbox.add([notice(created_at=LATER)])

    assert _claim(outbox) == []
    assert len(_claim(outbox, LATER)) == 1


def test_claim_when_many_are_due_then_the_longest_due_first_and_no_more_than_asked(outbox: WholeOutbox) -> None:
    outbox.add([notice(f"cr_{number}", created_at=NOW - timedelta(seconds=number)) for number in range(5)])

    ids = [claim.notice.payload["change_request_id"] for claim in _claim(outbox, limit=3)]

    assert ids == ["cr_4", "cr_3", "cr_2"]
    assert [claim.notice.payload["change_request_id"] for claim in _claim(outbox)] == ["cr_1", "cr_0"]


def test_settle_when_delivered_then_never_again(outbox: WholeOutbox) -> None:
    outbox.add([notice()])

    outbox.settle(map(_settled, _claim(outbox)))

    assert (_claim(outbox, LATER), outbox.count_waiting()) == ([], 0)


def test_settle_when_parked_then_never_again(outbox: WholeOutbox) -> None:
    outbox.add([notice()])

    outbox.settle(map(without_webhooks, _claim(outbox)))

    assert (_claim(outbox, LATER), outbox.count_waiting()) == ([], 0)


def test_settle_when_due_again_then_at_that_instant_with_what_is_settled(outbox: WholeOutbox) -> None:
    outbox.add([notice()])
    (claim,) = _claim(outbox)
    answered = {"a": Answer(AnswerKind.DELIVERED), "b": Answer(AnswerKind.GONE), "c": Answer(AnswerKind.REFUSED, "500")}
    settlement = settle(claim, answered, now=NOW, rng=Random(1))

    outbox.settle([settlement])

    due = settlement.next_attempt_at
    assert due is not None
    assert _claim(outbox, due - timedelta(microseconds=1)) == []
    assert _claim(outbox, due) == [Claim(notice(), 2, {"a": AnswerKind.DELIVERED, "b": AnswerKind.GONE})]


def test_settle_when_somebody_else_has_it_by_now_then_passed_over(outbox: WholeOutbox) -> None:
    outbox.add([notice()])
    (slow,) = _claim(outbox)
    (quick,) = _claim(outbox, SOON)

    outbox.settle([_settled(slow)])

    assert outbox.count_waiting() == 1
    outbox.settle([_settled(quick)])
    assert outbox.count_waiting() == 0


def test_claim_when_many_claim_at_once_then_each_notice_goes_to_one(outbox: WholeOutbox) -> None:
    outbox.add([notice(f"cr_{number}") for number in range(40)])

    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _: _claim(outbox, limit=5), range(12), timeout=WAIT_SECONDS))

    ids = [claim.notice.notice_id for claims in claimed for claim in claims]
    assert len(ids) == len(set(ids))
    assert {claim.notice.notice_id for claim in _claim(outbox, limit=40)}.isdisjoint(ids)
