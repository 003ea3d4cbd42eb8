"""A provider is asked on record, within the job's time, and no more often than may be, whatever crashes."""

import pytest

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderName
from services.ai.domain.jobs import JobStage
from services.ai.service.task import Ended, TryLater
from tests.ai.call_records import call
from tests.ai.service.answering_world import World, failing, plain
from tests.ai.service.test_answering import ask, with_digits


@pytest.mark.parametrize(
    ("after", "made", "wait"), [(7.0, 0, 7.0), (None, 0, 2.0), (None, 1, 4.0)], ids=["asked for", "first", "second"]
)
def test_answer_when_the_provider_asks_to_wait_and_there_is_time_then_comes_later(
    after: float | None, made: int, wait: float
) -> None:
    world = World(failing(retryable=True, after=after))
    for place in range(made):
        world.store.calls.begin(f"old_{place}", "job_1", call(), system="")

    with pytest.raises(TryLater) as raised:
        ask(world)

    assert raised.value.after_seconds == wait
    assert world.store.calls.count_for("job_1") == made + 1
    assert world.count("llm_retries", operation="ANALYZE_EXPERIMENT") == made


@pytest.mark.parametrize(
    ("failure", "remaining"),
    [
        (failing(retryable=True, after=97.5), 100.0),
        (failing(retryable=False, after=1.0), 100.0),
        (failing(FallbackReason.CIRCUIT_OPEN, retryable=True, status=CallStatus.NOT_SENT), 100.0),
    ],
    ids=["too long", "for good", "nobody was asked"],
)
def test_answer_when_waiting_is_of_no_use_then_is_the_engines_at_once(failure: Exception, remaining: float) -> None:
    world = World(failure)
    world.watch.remaining = remaining

    assert ask(world).provenance.provider is ProviderName.HEURISTIC


def test_calls_when_processes_crash_then_are_no_more_than_may_be() -> None:
    world = World(failing(retryable=True), question_count=3)
    for place in range(2):
        world.store.calls.begin(f"crashed_{place}", "job_1", call(), system="")

    answered = ask(world)
    again = ask(world)

    assert answered.provenance.fallback_reason is FallbackReason.PROVIDER_UNAVAILABLE
    assert again.provenance.fallback_reason is FallbackReason.PROVIDER_UNAVAILABLE
    assert len(world.provider.asked) == 1
    assert world.store.calls.count_for("job_1") == 3


def test_repair_when_a_job_has_asked_as_often_as_may_be_then_is_the_one_call_more() -> None:
    world = World(with_digits, question_count=1)

    ask(world)
    ask(world)

    assert world.store.calls.count_for("job_1") == 2


@pytest.mark.parametrize("remaining", [-5.0, 0.0, 2.9])
def test_answer_when_no_time_is_left_then_nobody_is_asked(remaining: float) -> None:
    world = World(plain)
    world.watch.remaining = remaining

    assert ask(world).provenance.fallback_reason is FallbackReason.TIME_SPENT
    assert world.provider.asked == []
    assert world.store.calls.count_for("job_1") == 0


@pytest.mark.parametrize(("remaining", "timeout"), [(10.0, 8.0), (1000.0, 90.0)])
def test_timeout_when_there_is_less_time_than_it_then_is_that(remaining: float, timeout: float) -> None:
    world = World(plain)
    world.watch.remaining = remaining

    ask(world)

    assert world.provider.timeouts == [timeout]


@pytest.mark.parametrize("stage", [JobStage.ASKING, JobStage.CHECKING])
def test_job_when_it_is_to_end_then_nothing_more_is_done(stage: JobStage) -> None:
    world = World(plain)
    world.watch.ends_at = stage

    with pytest.raises(Ended):
        ask(world)

    assert len(world.provider.asked) == (stage is JobStage.CHECKING)


def test_call_when_it_fails_then_is_on_record_with_why() -> None:
    world = World(failing(FallbackReason.REFUSED, status=CallStatus.REFUSED))

    ask(world)

    [stored] = world.store.calls.list_calls("job_1", after=None, limit=9)
    assert (stored.call.status, stored.call.fallback_reason) == (CallStatus.REFUSED, FallbackReason.REFUSED)
