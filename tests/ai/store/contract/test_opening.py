"""What every store promises of jobs that are opened: one for each request, and no more than may wait."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.jobs import (
    SCHEDULE,
    AnalysisInput,
    DesignInput,
    HypothesesInput,
    Job,
    JobKind,
    JobQueue,
    JobState,
    RequestKey,
    WarehouseTable,
)
from services.ai.domain.metrics import PastExperiment, TrafficProfile
from services.ai.domain.ports import AiStore
from shared.errors import AlreadyExists, Reason, ResourceExhausted
from tests.ai.store.contract.desk import Desk, race
from tests.ai.store.examples import LATER, NO_KEY, NOW, RATE, job, result

KEY = RequestKey("ann", "r1", "digest")


def scheduled(job_id: str, experiment_id: str = "checkout") -> Job:
    return job(job_id, creator=SCHEDULE, queue=JobQueue.BULK, experiment_id=experiment_id)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (
            JobKind.SUGGEST_HYPOTHESES,
            HypothesesInput((RATE,), (PastExperiment("x", "Shorten", "rate", 0.1, 0.01),), "é"),
        ),
        (JobKind.RECOMMEND_DESIGN, DesignInput(DesignWishes("a\x00b", (RATE,), TrafficProfile(10.0)), "hyp_1")),
        (JobKind.ANALYZE_EXPERIMENT, AnalysisInput("checkout", WarehouseTable("wh", "t", "u", "a", (("rate", "c"),)))),
        (
            JobKind.ANALYZE_EXPERIMENT,
            AnalysisInput(
                "checkout",
                Aggregates((ArmAggregate("a", control=True, sums=(MetricSums("rate", 0.1),)),), (RATE,), NOW),
                propose=True,
            ),
        ),
    ],
)
def test_find_when_opened_then_every_field_comes_back(store: AiStore, kind: JobKind, asked: object) -> None:
    opened = job(kind=kind, input=asked, not_before=LATER, queue=JobQueue.BULK)

    assert store.jobs.open(opened, KEY, limit=1) == opened

    assert store.jobs.find("job_1") == opened
    assert store.jobs.find("job_2") is None


def test_open_when_the_same_request_comes_again_then_the_same_job(store: AiStore, desk: Desk) -> None:
    store.jobs.open(job(), KEY, limit=1)
    claimed = desk.claim()

    again = store.jobs.open(job("job_2"), KEY, limit=0)

    assert again == claimed
    assert store.jobs.find("job_2") is None


def test_open_when_the_request_id_was_used_for_another_request_then_refused(store: AiStore) -> None:
    store.jobs.open(job(), KEY, limit=9)

    with pytest.raises(AlreadyExists) as caught:
        store.jobs.open(job("job_2"), replace(KEY, digest="other"), limit=9)

    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": "r1"}
    assert store.jobs.find("job_2") is None


def test_open_when_others_use_the_same_request_id_or_none_then_each_has_a_job(store: AiStore) -> None:
    keys = [KEY, replace(KEY, creator="bob"), NO_KEY, NO_KEY]

    opened = [
        store.jobs.open(job(f"job_{place}", creator=key.creator), key, limit=9).job_id for place, key in enumerate(keys)
    ]

    assert opened == ["job_0", "job_1", "job_2", "job_3"]


def test_open_when_too_many_jobs_wait_then_refused_and_running_ones_do_not_count(store: AiStore, desk: Desk) -> None:
    desk.run(job("job_0"))
    desk.open(job("job_1"), limit=1)

    with pytest.raises(ResourceExhausted) as caught:
        desk.open(job("job_2"), limit=1)

    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert store.jobs.find("job_2") is None


def test_open_when_one_request_comes_at_once_then_one_job(store: AiStore) -> None:
    opened = race(*[lambda place=place: store.jobs.open(job(f"job_{place}"), KEY, limit=9) for place in range(4)])

    assert len({one.job_id for one in opened}) == 1
    assert store.jobs.counts() == {"QUEUED": 1, "RUNNING": 0}


def test_open_when_many_come_at_once_then_no_more_wait_than_may(store: AiStore) -> None:
    def attempt(place: int) -> bool:
        try:
            store.jobs.open(job(f"job_{place}"), NO_KEY, limit=2)
        except ResourceExhausted:
            return False
        return True

    assert sorted(race(*[lambda place=place: attempt(place) for place in range(4)])) == [False, False, True, True]


def test_open_scheduled_when_one_waits_or_runs_then_no_other(store: AiStore, desk: Desk) -> None:
    first = scheduled("job_1")
    assert store.jobs.open_scheduled([first, scheduled("job_2"), scheduled("job_3", "other")]) == [
        first,
        scheduled("job_3", "other"),
    ]

    desk.claim("job_1")

    assert store.jobs.open_scheduled([scheduled("job_4")]) == []
    assert store.jobs.find("job_2") is None


def test_open_scheduled_when_the_last_one_has_ended_then_another(store: AiStore, desk: Desk) -> None:
    store.jobs.open_scheduled([scheduled("job_1")])
    desk.claim("job_1")
    store.jobs.finish("job_1", "w1", result(), now=LATER)

    assert store.jobs.open_scheduled([scheduled("job_2")]) == [scheduled("job_2")]


def test_open_scheduled_when_people_asked_for_one_then_it_does_not_count(store: AiStore, desk: Desk) -> None:
    desk.open(job("job_1"), job("job_2"))

    assert store.jobs.open_scheduled([scheduled("job_3")]) == [scheduled("job_3")]


def test_open_scheduled_when_processes_do_so_at_once_then_one_for_each_experiment(store: AiStore) -> None:
    names = ["a", "b", "c"]
    orders = [names, names[::-1], names, names[::-1]]

    opened = race(
        *[
            lambda process=process, order=order: store.jobs.open_scheduled(
                [scheduled(f"job_{process}_{name}", name) for name in order]
            )
            for process, order in enumerate(orders)
        ]
    )

    assert sorted(one.experiment_id for jobs in opened for one in jobs) == names


def test_delete_ended_when_jobs_ended_without_an_answer_long_ago_then_they_are_gone(store: AiStore, desk: Desk) -> None:
    store.jobs.open(job("old"), KEY, limit=9)
    desk.open(job("new"), job("waiting"))
    desk.finish(job("answered"), result())
    store.jobs.cancel("old", now=NOW)
    store.jobs.cancel("new", now=LATER)

    assert store.jobs.delete_ended(before=LATER, limit=10) == 1

    assert store.jobs.find("old") is None
    assert desk.find("answered").state is JobState.SUCCEEDED
    assert {desk.find(name).state for name in ("new", "waiting")} == {JobState.CANCELLED, JobState.QUEUED}
    assert store.jobs.open(job("again"), KEY, limit=9).job_id == "again"


def test_delete_ended_when_there_are_many_then_no_more_than_the_limit(store: AiStore, desk: Desk) -> None:
    for place in range(3):
        desk.open(job(f"job_{place}"))
        store.jobs.cancel(f"job_{place}", now=NOW + timedelta(seconds=place))

    assert store.jobs.delete_ended(before=LATER, limit=2) == 2

    assert desk.find("job_2").state is JobState.CANCELLED
