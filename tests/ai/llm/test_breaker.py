"""The breaker opens after failures that are the provider's, and lets one question through after a while."""

import threading

import pytest

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure
from services.ai.llm.breaker import CERTAIN, COUNTED, Breaker
from tests.ai.llm.questions import Clocks

_FAULTLESS = set(CallStatus) - COUNTED - CERTAIN - {CallStatus.NOT_SENT}


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def breaker(clocks: Clocks) -> Breaker:
    return Breaker(failure_count=3, open_seconds=60, monotonic=clocks.monotonic)


def _fail(breaker: Breaker, count: int, status: CallStatus = CallStatus.SERVER_ERROR) -> None:
    for _ in range(count):
        breaker.report(status, trial=breaker.enter())


def _refusal(breaker: Breaker) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as raised:
        breaker.enter()
    return raised.value


@pytest.mark.parametrize("status", sorted(COUNTED))
def test_breaker_when_failures_follow_each_other_then_opens(breaker: Breaker, status: CallStatus) -> None:
    _fail(breaker, 2, status)
    open_before = breaker.is_open
    _fail(breaker, 1, status)

    failure = _refusal(breaker)

    assert (open_before, breaker.is_open) == (False, True)
    assert (failure.reason, failure.status) == (FallbackReason.CIRCUIT_OPEN, CallStatus.NOT_SENT)
    assert failure.retry_after_seconds == pytest.approx(60)


@pytest.mark.parametrize("status", sorted(CERTAIN))
def test_breaker_when_all_questions_would_fail_alike_then_opens_at_once(breaker: Breaker, status: CallStatus) -> None:
    _fail(breaker, 1, status)

    assert breaker.is_open


@pytest.mark.parametrize("status", sorted(_FAULTLESS))
def test_breaker_when_the_provider_answers_in_between_then_stays_closed(breaker: Breaker, status: CallStatus) -> None:
    _fail(breaker, 2)
    _fail(breaker, 1, status)
    _fail(breaker, 2)

    assert not breaker.is_open


def test_breaker_when_a_question_was_not_sent_then_that_says_nothing(breaker: Breaker) -> None:
    _fail(breaker, 2)
    _fail(breaker, 1, CallStatus.NOT_SENT)
    _fail(breaker, 1)

    assert breaker.is_open


def test_breaker_when_its_rest_is_over_then_lets_one_through(breaker: Breaker, clocks: Clocks) -> None:
    _fail(breaker, 3)
    clocks.seconds = 59.9
    _refusal(breaker)
    clocks.seconds = 60.1

    assert breaker.enter()
    assert _refusal(breaker).reason is FallbackReason.CIRCUIT_OPEN
    breaker.report(CallStatus.OK, trial=True)
    assert not breaker.enter()


def test_breaker_when_a_try_fails_then_rests_twice_as_long_up_to_a_bound(breaker: Breaker, clocks: Clocks) -> None:
    _fail(breaker, 3)
    rests = []
    for _ in range(6):
        rest = _refusal(breaker).retry_after_seconds
        assert rest is not None
        rests.append(round(rest))
        clocks.seconds += rest
        _fail(breaker, 1)

    assert rests == [60, 120, 240, 480, 960, 960]


def test_breaker_when_a_late_answer_comes_then_the_try_goes_on(breaker: Breaker, clocks: Clocks) -> None:
    late = breaker.enter()
    _fail(breaker, 3)
    clocks.seconds = 61
    assert breaker.enter()

    breaker.report(CallStatus.NOT_SENT, trial=late)

    _refusal(breaker)


def test_breaker_when_many_ask_at_once_after_a_rest_then_one_gets_through(breaker: Breaker, clocks: Clocks) -> None:
    _fail(breaker, 3)
    clocks.seconds = 61
    through = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        try:
            through.append(breaker.enter())
        except ProviderFailure:
            return

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert through == [True]
