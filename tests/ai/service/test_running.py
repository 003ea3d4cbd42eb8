"""Every job that is taken up ends: with an answer, without one, or in other hands."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.ai.domain.asking import FallbackReason, ProviderName
from services.ai.domain.jobs import Job, JobFailure, JobStage, JobState
from services.ai.domain.provenance import Grounding
from services.ai.domain.records import JobResult
from services.ai.service.task import Progress, TryLater
from shared.errors import FailedPrecondition, Internal, Reason, Unavailable, invalid_field
from tests.ai.job_examples import NOW, hypotheses_answer
from tests.ai.service.job_world import LIMITS, World, answers, raises

NewWorld = Callable[..., World]
AWAY = Unavailable(Reason.STORE_UNAVAILABLE, "the store is away")


def test_run_when_the_task_answers_then_the_answer_is_stored_and_counted_once(new_world: NewWorld) -> None:
    world = new_world()
    world.open()

    first, again = world.run(), world.run()

    assert (first.state, first.stage, first.attempt_count) == (JobState.SUCCEEDED, JobStage.STORED, 1)
    assert len(first.hypothesis_ids) == 2
    assert again == first
    assert world.counted(provider="heuristic", outcome="accepted") == 2
    assert world.counted("llm_job_duration_seconds_count", kind="SUGGEST_HYPOTHESES", state="SUCCEEDED") == 1
    assert world.counted("llm_job_queue_seconds_count", queue="ai.interactive") == 1


def test_run_when_there_is_no_such_job_then_nothing_happens(new_world: NewWorld) -> None:
    world = new_world()

    world.runner.run("job_404")

    assert world.task.remaining == []


@pytest.mark.parametrize(
    ("provider", "grounding", "fallback", "outcome"),
    [
        (ProviderName.ANTHROPIC, Grounding.CLEAN, None, "accepted"),
        (ProviderName.ANTHROPIC, Grounding.REPAIRED, None, "repaired"),
        (ProviderName.ANTHROPIC, Grounding.REDUCED, None, "repaired"),
        (ProviderName.HEURISTIC, Grounding.CLEAN, FallbackReason.TIME_SPENT, "degraded"),
    ],
)
def test_run_when_an_answer_is_stored_then_its_outcome_is_counted(
    new_world: NewWorld, provider: ProviderName, grounding: Grounding, fallback: FallbackReason | None, outcome: str
) -> None:
    def step(job: Job, _watch: Progress) -> JobResult:
        return hypotheses_answer(job, 3, provider=provider, grounding=grounding, fallback=fallback)

    world = new_world(step)
    world.open()
    world.run()

    assert world.counted(provider=provider.lower(), outcome=outcome) == 3


def test_run_when_what_was_asked_for_is_wrong_then_it_fails_at_once_with_the_fields(new_world: NewWorld) -> None:
    world = new_world(raises(invalid_field("metrics[0].baseline", "must be below 1")))
    world.open()

    failed = world.run()

    assert (failed.state, failed.attempt_count) == (JobState.FAILED, 1)
    assert failed.failure == JobFailure(
        Reason.INVALID_FIELD, "metrics[0].baseline: must be below 1", ("metrics[0].baseline",)
    )
    assert world.counted(provider="anthropic", outcome="failed") == 1


def test_run_when_a_provider_asks_to_wait_then_the_job_goes_back_until_then(new_world: NewWorld) -> None:
    world = new_world(raises(TryLater(7)), answers)
    world.open()

    waiting = world.run()
    too_early = world.run()
    world.go_on(7)

    assert (waiting.state, waiting.not_before) == (JobState.QUEUED, NOW + timedelta(seconds=7))
    assert too_early.state is JobState.QUEUED
    assert world.run().state is JobState.SUCCEEDED
    assert world.task.remaining == [120, 113]
    assert world.counted("llm_job_queue_seconds_count", queue="ai.interactive") == 1


@pytest.mark.parametrize("after_seconds", [120, 3600])
def test_run_when_the_wait_is_longer_than_the_budget_then_it_is_answered_without_a_provider(
    new_world: NewWorld, after_seconds: float
) -> None:
    world = new_world(raises(TryLater(after_seconds)), answers)
    world.open()

    assert world.run().state is JobState.SUCCEEDED
    assert world.task.remaining == [120, 0]


@pytest.mark.parametrize(
    "error",
    [ArithmeticError(), Internal(Reason.INTERNAL, "a defect"), AWAY, TryLater(1)],
    ids=lambda one: type(one).__name__,
)
def test_run_when_it_goes_wrong_again_and_again_then_the_last_try_is_without_a_provider(
    new_world: NewWorld, error: Exception
) -> None:
    world = new_world(raises(error), raises(error), raises(error), answers)
    world.open()

    states = []
    for _ in range(LIMITS.attempt_count):
        states.append(world.run().state)
        world.go_on(10)

    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.SUCCEEDED]
    assert world.task.remaining == [120, 110, 100, 0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ArithmeticError(), Reason.INTERNAL), (AWAY, Reason.STORE_UNAVAILABLE)],
    ids=["defect", "away"],
)
def test_run_when_it_never_goes_well_then_it_fails_and_says_why(
    new_world: NewWorld, error: Exception, reason: Reason
) -> None:
    world = new_world(raises(error))
    world.open()

    for _ in range(LIMITS.attempt_count):
        last = world.run()
        world.go_on(10)

    assert last.state is JobState.FAILED
    assert last.failure is not None
    assert last.failure.reason == reason
    assert world.counted(provider="anthropic", outcome="failed") == 1


def test_run_when_a_job_stumbles_then_the_pauses_grow(new_world: NewWorld) -> None:
    world = new_world(raises(ArithmeticError()))
    world.open()

    first = world.run().not_before
    second_at = world.go_on(10)
    second = world.run().not_before

    assert (first, second) == (NOW + timedelta(seconds=2), second_at + timedelta(seconds=4))


def test_run_when_processes_died_with_it_then_the_next_try_asks_nobody_and_the_one_after_fails(
    new_world: NewWorld,
) -> None:
    world = new_world()
    for job_id, death_count in (("job_1", 3), ("job_2", 4)):
        world.open(job_id)
        for number in range(death_count):
            died_at = world.go_on(1)
            world.jobs.claim(job_id, f"dead_{number}", now=died_at, lease_until=died_at + timedelta(seconds=1))
    world.go_on(1)

    answered, failed = world.run("job_1"), world.run("job_2")

    assert (answered.state, answered.attempt_count) == (JobState.SUCCEEDED, 4)
    assert world.task.remaining == [0]
    assert failed.failure == JobFailure(Reason.INTERNAL, "no process that took the job up lived to end it")


def test_run_when_it_was_taken_up_long_ago_then_what_is_left_of_the_budget_counts(new_world: NewWorld) -> None:
    world = new_world()
    world.open()
    world.jobs.claim("job_1", "dead", now=world.go_on(1000), lease_until=world.now + LIMITS.lease)
    world.go_on(50)

    world.run()

    assert world.task.remaining == [70]


def test_run_when_somebody_else_does_it_then_it_is_left_alone(new_world: NewWorld) -> None:
    world = new_world()
    world.open()
    world.jobs.claim("job_1", "other", now=NOW, lease_until=NOW + LIMITS.lease)

    assert world.run().lease_owner == "other"
    assert world.task.remaining == []


def test_run_when_the_precondition_fails_then_no_second_try(new_world: NewWorld) -> None:
    world = new_world(raises(FailedPrecondition(Reason.NOT_ESTIMABLE, "no data yet")))
    world.open()

    assert world.run().failure == JobFailure(Reason.NOT_ESTIMABLE, "no data yet")
    assert len(world.task.remaining) == 1
