"""No job is lost: what nobody took up, or nobody does any more, is sent again."""

from collections.abc import Callable

from services.ai.domain.jobs import JobState
from services.ai.service.task import TryLater
from tests.ai.service.job_world import LIMITS, RESEND_AFTER, World, answers, raises

NewWorld = Callable[..., World]


def test_sweep_when_a_message_was_lost_then_the_job_is_sent_again_after_a_while_each_time(new_world: NewWorld) -> None:
    world = new_world()
    world.open()

    world.sweeper.sweep()
    sent = []
    for _ in range(2):
        for seconds in (RESEND_AFTER.total_seconds(), 1):
            world.go_on(seconds)
            sent.append(world.sweeper.sweep())

    assert sent == [0, 1, 0, 1]
    assert set(world.sender.sent) == {"job_1"}


def test_sweep_when_a_process_died_then_its_job_is_sent_again_once_the_lease_is_over(new_world: NewWorld) -> None:
    world = new_world()
    world.open()
    world.sweeper.sweep()
    world.jobs.claim("job_1", "dead", now=world.now, lease_until=world.now + LIMITS.lease)
    world.sender.sent.clear()

    world.go_on(LIMITS.lease.total_seconds() - 1)
    early = world.sweeper.sweep()
    world.go_on(1)

    assert (early, world.sweeper.sweep()) == (0, 1)
    assert world.run().state is JobState.SUCCEEDED
    world.go_on(1000)
    assert world.sweeper.sweep() == 0


def test_sweep_when_a_job_has_to_wait_then_it_is_sent_after_that(new_world: NewWorld) -> None:
    world = new_world(raises(TryLater(7)), answers)
    world.open()
    world.run()

    early = world.sweeper.sweep()
    world.go_on(7)

    assert (early, world.sweeper.sweep()) == (0, 1)
    assert world.run().state is JobState.SUCCEEDED


def test_sweep_when_two_processes_do_then_each_job_is_sent_by_one(new_world: NewWorld) -> None:
    first = new_world()
    second = World(first.jobs)
    for number in range(150):
        first.open(f"job_{number}")
    for world in (first, second):
        world.go_on(RESEND_AFTER.total_seconds() + 1)

    sent = [world.sweeper.sweep() for world in (first, second, first, second)]

    assert sent == [100, 50, 0, 0]
    assert len({*first.sender.sent, *second.sender.sent}) == 150


def test_sweep_then_the_jobs_that_wait_and_run_are_shown(new_world: NewWorld) -> None:
    world = new_world()
    for number in range(3):
        world.open(f"job_{number}")
    world.jobs.claim("job_0", "me", now=world.now, lease_until=world.now + LIMITS.lease)
    world.sweeper.sweep()

    assert [world.counted("llm_jobs", state=state) for state in ("QUEUED", "RUNNING")] == [2, 1]
