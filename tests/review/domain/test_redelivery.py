"""What becomes of notices that were tried: whatever the webhooks answered."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.review.domain.redelivery import (
    MAX_ATTEMPTS,
    Answer,
    AnswerKind,
    Claim,
    ParkedFor,
    Settlement,
    interrupted,
    settle,
    without_webhooks,
)
from tests.review.examples import NOW
from tests.review.notices import notice

DELIVERED = Answer(AnswerKind.DELIVERED)
GONE = Answer(AnswerKind.GONE, "a answered 410")
REFUSED = Answer(AnswerKind.REFUSED, "b answered 500")


def _claim(attempt_count: int = 1, answers: Mapping[str, AnswerKind] | None = None) -> Claim:
    return Claim(notice(), attempt_count, answers or {})


def _settle(claim: Claim, seed: int = 1, **answered: Answer) -> Settlement:
    return settle(claim, answered, now=NOW, rng=Random(seed))


def _pause(claim: Claim, seed: int = 1, **answered: Answer) -> timedelta:
    due = _settle(claim, seed, **answered).next_attempt_at
    assert due is not None
    return due - NOW


def test_settle_when_all_took_it_then_delivered() -> None:
    settlement = _settle(_claim(), a=DELIVERED, b=DELIVERED)

    assert settlement == Settlement(
        _claim(), {"a": AnswerKind.DELIVERED, "b": AnswerKind.DELIVERED}, delivered_at=NOW, last_error=""
    )


def test_settle_when_one_refused_then_due_again_and_the_other_is_settled() -> None:
    settlement = _settle(_claim(), a=DELIVERED, b=REFUSED)

    assert settlement.answers == {"a": AnswerKind.DELIVERED}
    assert settlement.next_attempt_at is not None
    assert (settlement.delivered_at, settlement.parked_for, settlement.last_error) == (None, None, "b answered 500")


def test_settle_when_the_last_one_took_it_at_last_then_delivered() -> None:
    settlement = _settle(_claim(2, {"a": AnswerKind.DELIVERED}), b=DELIVERED)

    assert settlement.delivered_at == NOW


def test_settle_when_one_is_gone_and_nobody_is_left_then_parked() -> None:
    settlement = _settle(_claim(), a=GONE, b=DELIVERED)

    assert (settlement.parked_for, settlement.last_error) == (ParkedFor.GONE, "a answered 410")
    assert (settlement.next_attempt_at, settlement.delivered_at) == (None, None)


def test_settle_when_one_is_gone_and_another_refused_then_only_that_is_tried_again() -> None:
    settlement = _settle(_claim(), a=GONE, b=REFUSED)

    assert settlement.answers == {"a": AnswerKind.GONE}
    assert settlement.next_attempt_at is not None


def test_settle_when_one_was_gone_before_then_it_says_so_in_the_end() -> None:
    settlement = _settle(_claim(2, {"a": AnswerKind.GONE}), b=DELIVERED)

    assert (settlement.parked_for, settlement.last_error) == (ParkedFor.GONE, "a webhook was gone before")


@pytest.mark.parametrize("attempt_count", [MAX_ATTEMPTS, MAX_ATTEMPTS + 1])
def test_settle_when_the_attempts_are_used_up_then_parked(attempt_count: int) -> None:
    settlement = _settle(_claim(attempt_count), b=REFUSED)

    assert (settlement.parked_for, settlement.next_attempt_at) == (ParkedFor.ATTEMPTS, None)
    assert settlement.last_error == "b answered 500"


def test_settle_when_it_goes_on_failing_then_the_pauses_grow_from_a_second_to_half_an_hour() -> None:
    pauses = [_pause(_claim(number), b=REFUSED) for number in range(1, MAX_ATTEMPTS)]
    longest = [1, 5, 25, 125, 625, 1800, 1800, 1800, 1800]

    for pause, limit in zip(pauses, longest, strict=True):
        assert timedelta(seconds=0.8 * limit) <= pause <= timedelta(seconds=limit)
    assert sum(pauses, timedelta()) > timedelta(hours=1.5)


def test_settle_when_many_fail_at_once_then_they_do_not_come_back_at_once() -> None:
    assert len({_pause(_claim(), seed, b=REFUSED) for seed in range(20)}) == 20


@pytest.mark.parametrize(
    ("asked", "pause"), [(timedelta(hours=1), timedelta(hours=1)), (timedelta(days=365), timedelta(days=1))]
)
def test_settle_when_the_receiver_asks_to_wait_then_it_is_waited_for_a_day_at_most(
    asked: timedelta, pause: timedelta
) -> None:
    assert _pause(_claim(), a=REFUSED, b=Answer(AnswerKind.REFUSED, "b answered 429", asked)) == pause


def test_settle_when_the_receiver_asks_for_less_than_the_pause_then_the_pause() -> None:
    asked = Answer(AnswerKind.REFUSED, "b answered 503", timedelta(0))

    assert _pause(_claim(6), b=asked) >= timedelta(minutes=24)


def test_without_webhooks_when_nobody_listens_then_parked_and_it_says_so() -> None:
    settlement = without_webhooks(_claim())

    assert settlement.parked_for is ParkedFor.NO_WEBHOOK
    assert settlement.last_error == "no webhook listens for the audience 'default'"


def test_interrupted_when_no_attempt_ended_then_parked() -> None:
    assert interrupted(_claim(MAX_ATTEMPTS + 1)).parked_for is ParkedFor.ATTEMPTS


@given(
    st.integers(1, MAX_ATTEMPTS + 5),
    st.dictionaries(st.text(max_size=3), st.sampled_from([AnswerKind.DELIVERED, AnswerKind.GONE])),
    st.dictionaries(st.text(max_size=3), st.sampled_from([DELIVERED, GONE, REFUSED])),
)
def test_settle_whatever_is_answered_then_exactly_one_thing_becomes_of_it(
    attempt_count: int, before: dict[str, AnswerKind], answered: dict[str, Answer]
) -> None:
    settlement = settle(_claim(attempt_count, before), answered, now=NOW, rng=Random(attempt_count))

    outcomes = (settlement.delivered_at, settlement.next_attempt_at, settlement.parked_for)
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert before.keys() <= settlement.answers.keys()
    if settlement.delivered_at:
        assert set(settlement.answers.values()) <= {AnswerKind.DELIVERED}
