"""What a process does with its jobs when it stops."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from services.ai.domain.jobs import Job, JobStage, JobState
from services.ai.domain.records import JobResult
from services.ai.service.task import Progress
from shared.errors import Reason, Unavailable
from tests.ai.job_examples import hypotheses_answer
from tests.ai.service.job_world import World

NewWorld = Callable[..., World]
WAIT_SECONDS = 20.0


@contextmanager
def _working(world: World, *stages: JobStage) -> Iterator[Callable[[], None]]:
    """Yields, while a job is at the first of the stages, what lets it go on to the others."""
    at_work, go_on = threading.Event(), threading.Event()

    def step(job: Job, watch: Progress) -> JobResult:
        watch.stage(stages[0])
        at_work.set()
        assert go_on.wait(WAIT_SECONDS)
        for stage in stages[1:]:
            watch.stage(stage)
        return hypotheses_answer(job)

    world.task.steps = [step]
    world.open()
    thread = threading.Thread(target=world.runner.run, args=("job_1",))
    thread.start()
    assert at_work.wait(WAIT_SECONDS)

    def finish() -> None:
        go_on.set()
        thread.join()

    try:
        yield finish
    finally:
        finish()


def test_close_when_a_job_did_not_ask_yet_then_it_is_given_back_and_sent(new_world: NewWorld) -> None:
    world = new_world()
    with _working(world, JobStage.GATHERING, JobStage.COMPUTING) as go_on:
        world.runner.close()
        assert not world.runner.keeper.wait_idle(0)
        go_on()

    assert world.runner.keeper.wait_idle(0)
    assert (world.find().state, world.find().not_before) == (JobState.QUEUED, None)
    assert world.sender.sent == ["job_1"]


def test_close_when_a_provider_was_asked_then_the_answer_is_stored(new_world: NewWorld) -> None:
    world = new_world()
    with _working(world, JobStage.ASKING, JobStage.CHECKING) as go_on:
        world.runner.close()
        go_on()

    assert world.find().state is JobState.SUCCEEDED


def test_close_when_a_message_comes_then_its_job_is_not_taken_up(new_world: NewWorld) -> None:
    world = new_world()
    world.open()
    world.runner.close()

    assert world.run().state is JobState.QUEUED
    assert world.task.remaining == []


def test_close_when_a_job_is_just_being_taken_up_then_it_is_given_back_and_sent(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(job: Job, watch: Progress) -> JobResult:
        watch.stage(JobStage.GATHERING)
        return hypotheses_answer(job)

    world = new_world(step)
    world.open()
    claim = world.jobs.claim

    def claim_while_it_closes(job_id: str, owner: str, *, now: datetime, lease_until: datetime) -> Job | None:
        world.runner.close()
        return claim(job_id, owner, now=now, lease_until=lease_until)

    monkeypatch.setattr(world.jobs, "claim", claim_while_it_closes)

    assert world.run().state is JobState.QUEUED
    assert world.sender.sent == ["job_1"]


@pytest.mark.parametrize("stages", [(JobStage.ASKING,), (JobStage.ASKING, JobStage.CHECKING)], ids=["last", "further"])
def test_give_back_all_when_the_grace_is_over_then_others_may_and_the_answer_is_not_stored(
    new_world: NewWorld, stages: tuple[JobStage, ...]
) -> None:
    world, other = new_world(), new_world()
    with _working(world, *stages) as go_on:
        world.runner.give_back_all()
        given_back = world.find()
        assert world.sender.sent == ["job_1"]
        other.jobs, taken = world.jobs, world.jobs.claim("job_1", "other", now=world.now, lease_until=world.now)
        go_on()

    assert given_back.state is JobState.QUEUED
    assert taken is not None
    assert (world.find().lease_owner, world.find().hypothesis_ids) == ("other", ())
    assert world.counted(provider="heuristic", outcome="accepted") == 0


def test_give_back_all_when_the_store_is_away_then_the_lease_has_to_run_out(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable(Reason.STORE_UNAVAILABLE, "the store is away")

    world = new_world()
    with _working(world, JobStage.ASKING), monkeypatch.context() as patch:
        patch.setattr(world.jobs, "give_back", away)
        world.runner.give_back_all()

        assert world.find().state is JobState.RUNNING
    assert "a lease has to run out" in caplog.text


def test_keep_until_when_a_task_is_under_way_then_its_lease_is_kept_until_told_to_stop(
    new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, beats = threading.Event(), []
    world = new_world()

    def beat() -> None:
        beats.append(world.now)
        stopping.set()

    monkeypatch.setattr(world.runner.keeper, "beat", beat)
    monkeypatch.setattr(stopping, "wait", lambda _seconds: stopping.is_set())
    world.runner.keep_until(stopping)

    assert len(beats) == 1
