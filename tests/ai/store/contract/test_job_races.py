"""What every store promises of a job when several processes do something to it at the same moment.

A race is a function of a store, its desk, and the id of a job that there is not yet; it is run in a few rounds.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import pytest

from services.ai.domain.jobs import Job, JobFailure, JobStage, JobState
from services.ai.domain.ports import AiStore, Kept
from tests.ai.store.contract.desk import LEASE, Desk, race
from tests.ai.store.examples import LATER, NOW, SECOND, analysis, design, hypothesis, job, result

Race: TypeAlias = Callable[[AiStore, Desk, str], None]
OVER: Final = NOW + LEASE
ROUNDS: Final = 3


def many_claim_it_and_one_has_it(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.open(job(job_id))

    claimed = race(*[lambda place=place: desk.claim(job_id, f"w{place}") for place in range(4)])

    assert [one for one in claimed if one is not None] == [desk.find(job_id)]
    assert desk.find(job_id).attempt_count == 1


def many_claim_it_when_its_lease_has_run_out_and_one_has_it(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.run(job(job_id), owner="w0")

    claimed = race(*[lambda place=place: desk.claim(job_id, f"w{place}", now=OVER) for place in range(1, 5)])

    assert [one for one in claimed if one is not None] == [desk.find(job_id)]
    assert desk.find(job_id).attempt_count == 2


def many_sweep_and_no_two_get_the_same(store: AiStore, desk: Desk, job_id: str) -> None:
    names = [f"{job_id}_{place:02}" for place in range(12)]
    desk.open(*map(job, names))

    def sweep() -> list[Job]:
        return store.jobs.due(now=LATER, sent_before=LATER, limit=4)

    swept = [one.job_id for found in race(sweep, sweep, sweep, sweep) for one in found]
    rest = [one.job_id for one in store.jobs.due(now=LATER, sent_before=LATER, limit=12)]

    assert sorted(swept + rest) == names


def it_is_finished_and_claimed_and_one_of_them_has_it(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.run(job(job_id))
    left = result(hypothesis(f"{job_id}_a", job_id), hypothesis(f"{job_id}_b", job_id))

    finished, _swept, claimed = race(
        lambda: store.jobs.finish(job_id, "w1", left, now=OVER),
        lambda: store.jobs.due(now=OVER, sent_before=NOW, limit=9),
        lambda: desk.claim(job_id, "w2", now=OVER),
    )

    stored = [store.hypotheses.find(f"{job_id}_{name}") is not None for name in "ab"]
    assert finished is (claimed is None)
    assert stored == [finished] * 2
    assert desk.find(job_id).state is (JobState.SUCCEEDED if finished else JobState.RUNNING)


def it_is_finished_and_cancelled_and_has_an_answer_or_ends_without(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.run(job(job_id))
    left = result(design=design(f"{job_id}_d", job_id))

    finished, after = race(
        lambda: store.jobs.finish(job_id, "w1", left, now=LATER),
        lambda: store.jobs.cancel(job_id, now=LATER),
    )

    assert isinstance(after, Job)
    assert after.state is (JobState.SUCCEEDED if finished else JobState.RUNNING)
    assert after.cancel_requested is not finished
    assert (store.designs.find(f"{job_id}_d") is not None) is finished
    assert store.jobs.end_cancelled(job_id, "w1", now=LATER) is not finished


def it_is_claimed_and_cancelled_and_ends_or_is_asked_to(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.open(job(job_id))

    after, claimed = race(lambda: store.jobs.cancel(job_id, now=NOW), lambda: desk.claim(job_id))

    assert after is not None
    assert after.cancel_requested
    assert after.state is (JobState.RUNNING if claimed else JobState.CANCELLED)
    kept = store.jobs.keep(job_id, "w1", stage=JobStage.ASKING, lease_until=OVER)
    assert kept is (Kept.CANCELLED if claimed else Kept.LOST)


def it_is_ended_several_times_and_ends_once(store: AiStore, desk: Desk, job_id: str) -> None:
    desk.run(job(job_id))
    left = [result(hypothesis(f"{job_id}_{place}", job_id)) for place in range(3)]

    ended = race(
        *[lambda one=one: store.jobs.finish(job_id, "w1", one, now=LATER) for one in left],
        lambda: store.jobs.fail(job_id, "w1", JobFailure("INTERNAL", "a defect"), now=LATER),
    )

    assert sorted(ended) == [False, False, False, True]
    assert [store.hypotheses.find(f"{job_id}_{place}") is not None for place in range(3)] == ended[:3]


@pytest.mark.parametrize(
    "contest",
    [
        many_claim_it_and_one_has_it,
        many_claim_it_when_its_lease_has_run_out_and_one_has_it,
        many_sweep_and_no_two_get_the_same,
        it_is_finished_and_claimed_and_one_of_them_has_it,
        it_is_finished_and_cancelled_and_has_an_answer_or_ends_without,
        it_is_claimed_and_cancelled_and_ends_or_is_asked_to,
        it_is_ended_several_times_and_ends_once,
    ],
    ids=lambda contest: contest.__name__,
)
def test_job_when_raced_for_then_its_row_decides(store: AiStore, desk: Desk, contest: Race) -> None:
    for place in range(ROUNDS):
        contest(store, desk, f"job_{place}")


def test_finish_when_analyses_of_one_experiment_end_at_once_then_they_are_numbered(store: AiStore, desk: Desk) -> None:
    left = {f"job_{place}": result(analysis=analysis(f"ana_{place}", f"job_{place}")) for place in range(4)}
    for job_id in left:
        desk.run(job(job_id))

    finished = race(
        *[lambda job_id=job_id: store.jobs.finish(job_id, "w1", left[job_id], now=LATER) for job_id in left]
    )

    found = [store.analyses.find(f"ana_{place}") for place in range(4)]
    assert finished == [True] * 4
    assert sorted(one.version for one in found if one) == [1, 2, 3, 4]


def test_keep_when_the_lease_has_run_out_and_nobody_took_it_then_it_is_kept(store: AiStore, desk: Desk) -> None:
    desk.run()

    assert store.jobs.keep("job_1", "w1", stage=JobStage.ASKING, lease_until=OVER + LEASE) is Kept.KEPT
    assert desk.claim(owner="w2", now=OVER + SECOND) is None
