"""How a lease is kept alive, and how the task under way learns that it is over."""

from datetime import timedelta

import pytest

from services.ai.domain.jobs import Job, JobStage
from services.ai.service.leases import Lease, LeaseKeeper, Over
from services.ai.service.task import Ended
from shared.errors import Reason, Unavailable
from tests.ai.job_examples import NOW
from tests.ai.service.job_world import LIMITS, World
from tests.fakes.ai_store import InMemoryAiStore

LENGTH = LIMITS.lease
AWAY = Unavailable(Reason.STORE_UNAVAILABLE, "the store is away")


class Held(World):
    """Is a process that has taken a job up; its task is this test."""

    def __init__(self) -> None:
        super().__init__(InMemoryAiStore().jobs)
        self.open()
        job = self.jobs.claim("job_1", "me", now=NOW, lease_until=NOW + LENGTH)
        assert job is not None
        self.lease = self._taken(job)

    def _taken(self, job: Job) -> Lease:
        return Lease(
            self.jobs,
            job,
            "me",
            length=LENGTH,
            deadline=LIMITS.budget.total_seconds(),
            kept_until=LIMITS.longest.total_seconds(),
            clock=lambda: self.now,
            monotonic=self._monotonic,
        )

    def loses(self) -> None:
        now = self.go_on(31)
        assert self.jobs.claim("job_1", "other", now=now, lease_until=now + LENGTH)


@pytest.fixture
def held() -> Held:
    return Held()


def test_stage_when_the_job_goes_on_then_the_row_says_what_is_done_and_lives_longer(held: Held) -> None:
    held.go_on(20)

    held.lease.stage(JobStage.ASKING)

    assert held.find().stage is JobStage.ASKING
    assert held.find().lease_until == NOW + timedelta(seconds=20) + LENGTH


def test_beat_when_a_provider_takes_long_then_the_lease_lives_and_the_stage_stays(held: Held) -> None:
    held.lease.stage(JobStage.ASKING)
    for _ in range(10):
        held.go_on(10)
        held.lease.beat()

    assert held.find().lease_until == held.now + LENGTH
    assert held.find().stage is JobStage.ASKING
    assert held.lease.over is None


def test_beat_when_a_task_takes_far_too_long_then_its_lease_may_run_out(held: Held) -> None:
    held.go_on(LIMITS.longest.total_seconds())
    before = held.find().lease_until

    held.lease.beat()

    assert held.find().lease_until == before


def test_stage_when_the_end_was_asked_for_then_ended(held: Held) -> None:
    held.jobs.cancel("job_1", now=held.now)

    with pytest.raises(Ended):
        held.lease.stage(JobStage.COMPUTING)
    assert held.lease.over is Over.CANCELLED


def test_stage_when_somebody_else_has_the_job_then_ended(held: Held) -> None:
    held.loses()
    held.lease.beat()

    with pytest.raises(Ended):
        held.lease.stage(JobStage.COMPUTING)
    assert held.lease.over is Over.LOST


def test_stage_when_the_store_is_away_then_it_goes_on_for_as_long_as_the_lease_was_good(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise AWAY

    with monkeypatch.context() as patch:
        patch.setattr(held.jobs, "keep", away)
        held.go_on(29)
        held.lease.stage(JobStage.ASKING)
        assert held.lease.over is None
        held.go_on(1)
        with pytest.raises(Ended):
            held.lease.stage(JobStage.CHECKING)

    assert held.lease.over is Over.LOST


@pytest.mark.parametrize(
    ("stage", "over"),
    [
        (JobStage.GATHERING, Over.GIVEN_BACK),
        (JobStage.COMPUTING, Over.GIVEN_BACK),
        (JobStage.ASKING, None),
        (JobStage.CHECKING, None),
    ],
)
def test_stop_before_asking_when_the_provider_is_asked_already_then_the_answer_is_waited_for(
    held: Held, stage: JobStage, over: Over | None
) -> None:
    held.lease.stage(stage)

    held.lease.stop_before_asking()

    assert held.lease.over is over


def test_deadline_when_time_is_spent_then_nothing_remains(held: Held) -> None:
    held.go_on(100)
    before = held.lease.remaining_seconds()

    held.lease.spend_time()

    assert (held.lease.deadline < 0, before, held.lease.remaining_seconds()) == (True, 20, 0)


def test_beat_when_one_lease_cannot_be_kept_then_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, broken, sound = LeaseKeeper(), Held(), Held()

    def defect(*_: object, **__: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(broken.jobs, "keep", defect)
    with keeper.holding(broken.lease), keeper.holding(sound.lease):
        sound.go_on(10)
        keeper.beat()

        assert set(keeper.held()) == {broken.lease, sound.lease}
    assert sound.find().lease_until == sound.now + LENGTH
    assert keeper.held() == ()
