"""What every store promises of jobs under way: each step is a compare-and-set."""

from dataclasses import replace

import pytest

from services.ai.domain.jobs import Job, JobFailure, JobFilter, JobKind, JobQueue, JobStage, JobState
from services.ai.domain.ports import AiStore, Kept
from services.ai.domain.queries import Cursor
from tests.ai.store.contract.desk import LEASE, Desk
from tests.ai.store.examples import LATER, NOW, PROVENANCE, SECOND, analysis, design, hypothesis, job, result

FAILURE = JobFailure("INVALID_FIELD", "metrics: é\x00 is unknown", ("metrics[0]",))


def test_claim_when_it_waits_then_it_runs_for_the_owner(desk: Desk) -> None:
    desk.open(job())

    claimed = desk.claim()

    assert claimed == replace(
        job(),
        state=JobState.RUNNING,
        stage=JobStage.GATHERING,
        started_at=NOW,
        attempt_count=1,
        lease_owner="w1",
        lease_until=NOW + LEASE,
        version=2,
    )
    assert desk.find() == claimed


def test_claim_when_somebody_has_it_then_nobody_else(desk: Desk) -> None:
    claimed = desk.run()

    assert desk.claim(owner="w2", now=NOW + LEASE - SECOND) is None
    assert desk.find() == claimed


def test_claim_when_the_lease_has_run_out_then_somebody_else_and_it_began_when_it_began(desk: Desk) -> None:
    desk.run()

    claimed = desk.claim(owner="w2", now=NOW + LEASE)

    assert claimed is not None
    assert (claimed.lease_owner, claimed.attempt_count, claimed.started_at) == ("w2", 2, NOW)


def test_claim_when_it_may_not_be_taken_up_yet_then_none(store: AiStore, desk: Desk) -> None:
    desk.run()
    store.jobs.give_back("job_1", "w1", not_before=LATER)

    assert desk.claim(now=LATER - SECOND) is None
    claimed = desk.claim(now=LATER)

    assert claimed is not None
    assert claimed.not_before is None


def test_claim_when_it_has_ended_or_is_not_there_then_none(store: AiStore, desk: Desk) -> None:
    desk.finish(job(), result())

    assert desk.claim(now=LATER + LEASE) is None
    assert desk.claim("job_2") is None


def test_claim_when_its_end_was_asked_for_then_it_is_cancelled(store: AiStore, desk: Desk) -> None:
    desk.run()
    store.jobs.cancel("job_1", now=NOW)

    assert desk.claim(owner="w2", now=LATER) is None

    ended = desk.find()
    assert (ended.state, ended.ended_at, ended.lease_owner, ended.attempt_count) == (JobState.CANCELLED, LATER, "", 1)


def test_keep_when_it_is_held_then_the_lease_grows_and_a_new_stage_is_a_change(store: AiStore, desk: Desk) -> None:
    before = desk.run()

    kept = store.jobs.keep("job_1", "w1", stage=JobStage.GATHERING, lease_until=LATER)
    same = desk.find()
    store.jobs.keep("job_1", "w1", stage=JobStage.ASKING, lease_until=LATER)

    assert kept is Kept.KEPT
    assert same == replace(before, lease_until=LATER)
    assert desk.find() == replace(same, stage=JobStage.ASKING, version=3)


def test_keep_when_its_end_was_asked_for_then_it_says_so(store: AiStore, desk: Desk) -> None:
    desk.run()
    store.jobs.cancel("job_1", now=NOW)

    assert store.jobs.keep("job_1", "w1", stage=JobStage.ASKING, lease_until=LATER) is Kept.CANCELLED


def test_finish_when_it_is_held_then_the_answer_is_there(store: AiStore, desk: Desk) -> None:
    desk.run(job(not_before=NOW))
    left = result(hypothesis("hyp_2"), hypothesis("hyp_1"), design=design("des_1"), analysis=analysis("ana_1"))

    assert store.jobs.finish("job_1", "w1", left, now=LATER)

    assert desk.find() == replace(
        job(),
        state=JobState.SUCCEEDED,
        stage=JobStage.STORED,
        started_at=NOW,
        ended_at=LATER,
        attempt_count=1,
        provenance=PROVENANCE,
        hypothesis_ids=("hyp_2", "hyp_1"),
        design_id="des_1",
        analysis_id="ana_1",
        version=3,
    )
    assert store.hypotheses.find("hyp_1") == hypothesis("hyp_1")
    assert store.designs.find("des_1") == design("des_1")
    assert store.analyses.find("ana_1") == replace(analysis("ana_1"), version=1)


def test_finish_when_its_end_was_asked_for_then_nothing_is_stored(store: AiStore, desk: Desk) -> None:
    desk.run()
    asked = store.jobs.cancel("job_1", now=NOW)

    assert not store.jobs.finish("job_1", "w1", result(hypothesis("hyp_1")), now=LATER)

    assert desk.find() == asked
    assert store.hypotheses.find("hyp_1") is None
    assert store.jobs.end_cancelled("job_1", "w1", now=LATER)


def test_fail_when_it_is_held_then_it_says_why(store: AiStore, desk: Desk) -> None:
    desk.run()

    assert store.jobs.fail("job_1", "w1", FAILURE, now=LATER)

    failed = desk.find()
    assert (failed.state, failed.failure, failed.ended_at) == (JobState.FAILED, FAILURE, LATER)
    assert (failed.stage, failed.lease_owner, failed.lease_until) == (JobStage.GATHERING, "", None)


def test_give_back_when_it_is_held_then_it_waits_and_was_never_sent(store: AiStore, desk: Desk) -> None:
    desk.run()

    assert store.jobs.give_back("job_1", "w1", not_before=LATER)

    given = desk.find()
    assert given == replace(job(), started_at=NOW, attempt_count=1, not_before=LATER, version=3)
    assert store.jobs.due(now=LATER, sent_before=NOW, limit=9) == [given]


def test_give_back_when_its_end_was_asked_for_then_it_is_due_at_once(store: AiStore, desk: Desk) -> None:
    desk.run()
    store.jobs.cancel("job_1", now=NOW)

    store.jobs.give_back("job_1", "w1", not_before=LATER)

    assert desk.claim() is None
    assert desk.find().state is JobState.CANCELLED


def test_end_cancelled_when_nobody_asked_for_it_then_it_goes_on(store: AiStore, desk: Desk) -> None:
    running = desk.run()

    assert not store.jobs.end_cancelled("job_1", "w1", now=LATER)
    assert desk.find() == running


def test_end_cancelled_when_it_was_asked_for_then_it_has_ended(store: AiStore, desk: Desk) -> None:
    desk.run()
    store.jobs.cancel("job_1", now=NOW)

    assert store.jobs.end_cancelled("job_1", "w1", now=LATER)

    ended = desk.find()
    assert (ended.state, ended.ended_at, ended.cancel_requested) == (JobState.CANCELLED, LATER, True)


@pytest.mark.parametrize("owner", ["w1", "w3"])
def test_all_when_the_owner_has_lost_it_then_nothing_changes(store: AiStore, desk: Desk, owner: str) -> None:
    desk.run(owner="w1")
    held = desk.claim(owner="w2", now=NOW + LEASE)

    answers = [
        store.jobs.keep("job_1", owner, stage=JobStage.ASKING, lease_until=LATER),
        store.jobs.finish("job_1", owner, result(hypothesis("hyp_1")), now=LATER),
        store.jobs.fail("job_1", owner, FAILURE, now=LATER),
        store.jobs.give_back("job_1", owner),
        store.jobs.end_cancelled("job_1", owner, now=LATER),
    ]

    assert answers == [Kept.LOST, False, False, False, False]
    assert desk.find() == held
    assert store.hypotheses.find("hyp_1") is None


def test_all_when_it_has_ended_then_nothing_changes(store: AiStore, desk: Desk) -> None:
    desk.finish(job(), result(hypothesis("hyp_1")))
    ended = desk.find()

    assert not store.jobs.finish("job_1", "w1", result(hypothesis("hyp_2")), now=LATER)
    assert not store.jobs.fail("job_1", "w1", FAILURE, now=LATER)
    assert not store.jobs.give_back("job_1", "w1")
    assert store.jobs.cancel("job_1", now=LATER) == ended
    assert desk.find() == ended


def test_cancel_when_it_waits_then_it_has_ended(store: AiStore, desk: Desk) -> None:
    desk.open(job())

    ended = store.jobs.cancel("job_1", now=LATER)

    assert ended == replace(job(), state=JobState.CANCELLED, cancel_requested=True, ended_at=LATER, version=2)
    assert desk.find() == ended


def test_cancel_when_it_runs_then_it_is_asked_to_end_once(store: AiStore, desk: Desk) -> None:
    running = desk.run()

    asked = [store.jobs.cancel("job_1", now=LATER) for _ in range(2)]

    assert asked == [replace(running, cancel_requested=True, version=3)] * 2


def test_cancel_when_there_is_none_then_none(store: AiStore) -> None:
    assert store.jobs.cancel("job_1", now=LATER) is None


def test_counts_when_there_are_jobs_then_the_open_ones(store: AiStore, desk: Desk) -> None:
    assert store.jobs.counts() == {"QUEUED": 0, "RUNNING": 0}

    desk.open(job("job_1"), job("job_2"))
    desk.run(job("job_3"))
    desk.finish(job("job_4"), result())

    assert store.jobs.counts() == {"QUEUED": 2, "RUNNING": 1}


def test_due_when_a_message_may_be_lost_then_again_and_once(store: AiStore, desk: Desk) -> None:
    desk.open(job())

    assert store.jobs.due(now=LATER, sent_before=NOW, limit=9) == []
    assert store.jobs.due(now=LATER, sent_before=NOW + SECOND, limit=9) == [job()]
    assert store.jobs.due(now=LATER, sent_before=NOW + SECOND, limit=9) == []


def test_due_when_it_may_not_be_taken_up_yet_then_later(store: AiStore, desk: Desk) -> None:
    desk.open(job(not_before=LATER))

    assert store.jobs.due(now=LATER - SECOND, sent_before=LATER, limit=9) == []
    assert store.jobs.due(now=LATER, sent_before=LATER, limit=9) == [job(not_before=LATER)]


def test_due_when_a_lease_has_run_out_then_once_for_each_interval(store: AiStore, desk: Desk) -> None:
    running = desk.run()
    over = NOW + LEASE

    assert store.jobs.due(now=over - SECOND, sent_before=over, limit=9) == []
    assert store.jobs.due(now=over, sent_before=NOW, limit=9) == [running]
    assert store.jobs.due(now=over + SECOND, sent_before=NOW, limit=9) == []
    assert store.jobs.due(now=over + 2 * SECOND, sent_before=over + SECOND, limit=9) == [running]


def test_due_when_there_are_many_then_what_people_wait_for_comes_first(store: AiStore, desk: Desk) -> None:
    bulk = job("a", queue=JobQueue.BULK)
    late, early = job("b", created_at=NOW + SECOND), job("c")
    desk.open(bulk, late, early)

    assert store.jobs.due(now=LATER, sent_before=LATER, limit=2) == [early, late]
    assert store.jobs.due(now=LATER, sent_before=LATER, limit=2) == [bulk]


def _pages(store: AiStore, kept: JobFilter, *, limit: int = 2) -> list[str]:
    found: list[Job] = []
    while page := store.jobs.list_jobs(
        kept, after=Cursor(found[-1].created_at, found[-1].job_id) if found else None, limit=limit
    ):
        found += page
    return [one.job_id for one in found]


def test_list_jobs_when_times_are_equal_then_every_job_is_on_one_page(store: AiStore, desk: Desk) -> None:
    desk.open(*[job(f"job_{name}") for name in ("b", "_", "a", "B", "1")], job("job_0", created_at=LATER))

    assert _pages(store, JobFilter()) == ["job_0", "job_1", "job_B", "job__", "job_a", "job_b"]


def test_list_jobs_when_filtered_then_those_alone(store: AiStore, desk: Desk) -> None:
    desk.open(job("job_1"), job("job_2", experiment_id="other"), job("job_3", kind=JobKind.ANALYZE_EXPERIMENT))
    desk.claim("job_3")

    assert _pages(store, JobFilter(experiment_id="other")) == ["job_2"]
    assert _pages(store, JobFilter(state=JobState.RUNNING)) == ["job_3"]
    assert _pages(store, JobFilter(kind=JobKind.RECOMMEND_DESIGN)) == []
    assert _pages(store, JobFilter(JobKind.ANALYZE_EXPERIMENT, JobState.QUEUED, "checkout")) == ["job_1"]
