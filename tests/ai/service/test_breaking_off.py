"""What becomes of a job whose task is broken off: it was cancelled, lost, stopped, or the store went away."""

import logging
from collections.abc import Callable

import pytest

from services.ai.domain.jobs import Job, JobStage, JobState
from services.ai.domain.records import JobResult
from services.ai.service.task import Progress
from shared.errors import Reason, Unavailable
from tests.ai.job_examples import hypotheses_answer
from tests.ai.service.job_world import LIMITS, Step, World, answers

NewWorld = Callable[..., World]
AWAY = Unavailable(Reason.STORE_UNAVAILABLE, "the store is away")


def _ending(world: World, before_answer: Callable[[], object], *, tell: bool) -> Step:
    def step(job: Job, watch: Progress) -> JobResult:
        before_answer()
        if tell:
            watch.stage(JobStage.ASKING)
            raise AssertionError("it went on")
        return hypotheses_answer(job)

    return step


@pytest.mark.parametrize("tell", [True, False], ids=["between stages", "after the last stage"])
def test_run_when_its_end_is_asked_for_then_it_ends_and_nothing_is_stored(new_world: NewWorld, *, tell: bool) -> None:
    world = new_world()
    world.task.steps = [_ending(world, lambda: world.jobs.cancel("job_1", now=world.now), tell=tell)]
    world.open()

    ended = world.run()

    assert (ended.state, ended.hypothesis_ids) == (JobState.CANCELLED, ())
    assert world.counted("llm_job_duration_seconds_count", kind="SUGGEST_HYPOTHESES", state="CANCELLED") == 1
    assert world.counted(provider="heuristic", outcome="accepted") == 0


@pytest.mark.parametrize("tell", [True, False], ids=["between stages", "after the last stage"])
def test_run_when_the_lease_is_lost_then_the_other_process_has_the_job(new_world: NewWorld, *, tell: bool) -> None:
    world = new_world()

    def lose() -> None:
        now = world.go_on(31)
        assert world.jobs.claim("job_1", "other", now=now, lease_until=now + LIMITS.lease)

    world.task.steps = [_ending(world, lose, tell=tell)]
    world.open()

    lost = world.run()

    assert (lost.state, lost.lease_owner, lost.hypothesis_ids) == (JobState.RUNNING, "other", ())
    assert world.counted(provider="heuristic", outcome="accepted") == 0


def test_run_when_the_store_is_away_at_the_start_then_the_message_is_dropped_and_the_row_waits(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.open()

    def away(*_: object, **__: object) -> None:
        raise AWAY

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(world.jobs, "claim", away)
        waiting = world.run()

    assert waiting.state is JobState.QUEUED
    assert "store is away, a job waits" in caplog.text
    assert world.run().state is JobState.SUCCEEDED


def test_run_when_the_store_is_away_at_the_end_then_the_answer_is_stored_later(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.open()
    finish, failures = world.jobs.finish, [AWAY, AWAY]

    def sometimes(*args: object, **named: object) -> bool:
        if failures:
            raise failures.pop()
        return finish(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(world.jobs, "finish", sometimes)

    assert world.run().state is JobState.SUCCEEDED
    assert len(world.waits) == 2
    assert world.task.remaining == [120]
    assert world.counted(provider="heuristic", outcome="accepted") == 2


def test_run_when_the_store_went_away_after_the_commit_then_the_answer_counts_once(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.open()
    finish, lost = world.jobs.finish, [AWAY]

    def unheard(*args: object, **named: object) -> bool:
        done = finish(*args, **named)  # type: ignore[arg-type]
        if lost:
            raise lost.pop()
        return done

    monkeypatch.setattr(world.jobs, "finish", unheard)

    assert world.run().state is JobState.SUCCEEDED
    assert world.counted(provider="heuristic", outcome="accepted") == 2


def test_run_when_storing_the_answer_fails_by_a_defect_then_the_job_fails_in_the_end(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.open()

    def broken(*_: object, **__: object) -> bool:
        raise TypeError("no such document")

    monkeypatch.setattr(world.jobs, "finish", broken)
    for _ in range(LIMITS.attempt_count):
        last = world.run()
        world.go_on(10)

    assert last.state is JobState.FAILED
    assert last.failure is not None
    assert last.failure.reason == Reason.INTERNAL


class Interrupted(BaseException):
    """Is what a thread is told that took too long."""


def test_run_when_its_thread_is_told_to_stop_then_the_job_is_given_back_and_the_thread_hears_of_it(
    new_world: NewWorld,
) -> None:
    def stuck(_job: Job, _watch: Progress) -> JobResult:
        raise Interrupted

    world = new_world(stuck, answers)
    world.open()

    with pytest.raises(Interrupted):
        world.runner.run("job_1")

    assert world.runner.keeper.held() == ()
    assert world.find().state is JobState.QUEUED
    assert world.run().state is JobState.SUCCEEDED
