"""What each kind of broker does with the ids of jobs: it carries them, in lanes that do not wait for each other."""

import threading
from datetime import timedelta

import pytest
from dramatiq.middleware.time_limit import TimeLimitExceeded

from services.ai.actors.brokers import EMBEDDED
from services.ai.domain.jobs import JobQueue
from tests.ai.actors.conftest import BROKERS
from tests.ai.actors.lane_world import WAIT_SECONDS, Taken, lanes
from tests.ai.job_examples import analysis_job


@pytest.mark.parametrize("broker_url", [EMBEDDED, "redis", "rabbitmq"], indirect=True)
def test_lanes_when_jobs_are_sent_then_each_is_taken_up_in_turn(broker_url: str) -> None:
    taken = Taken()
    with lanes(broker_url, taken) as sender:
        for number in range(20):
            sender.send(analysis_job(f"job_{number}"))

        assert [taken.next() for _ in range(20)] == [f"job_{number}" for number in range(20)]
    assert not taken.more


def test_lanes_when_a_thousand_bulk_jobs_wait_then_an_interactive_one_overtakes_them(broker_url: str) -> None:
    taken, go_on = Taken(), threading.Event()

    def run(job_id: str) -> None:
        taken(job_id)
        if job_id.startswith("bulk"):
            go_on.wait(WAIT_SECONDS)

    with lanes(broker_url, run) as sender:
        for number in range(1000):
            sender.send(analysis_job(f"bulk_{number}", queue=JobQueue.BULK))
        assert taken.next() == "bulk_0"
        sender.send(analysis_job("interactive"))

        assert taken.next() == "interactive"
        go_on.set()
        assert [taken.next() for _ in range(10)] == [f"bulk_{number}" for number in range(1, 11)]


# Not the embedded one, whose messages end with the process.
@pytest.mark.parametrize("broker_url", BROKERS[1:], indirect=True)
def test_lanes_when_one_process_stops_then_another_gets_what_it_had_not_begun(broker_url: str) -> None:
    taken, begun, go_on = Taken(), threading.Event(), threading.Event()

    def run(job_id: str) -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)
        taken(job_id)

    with lanes(broker_url, run) as sender:
        for number in range(10):
            sender.send(analysis_job(f"job_{number}"))
        assert begun.wait(WAIT_SECONDS)
        go_on.set()
    first = []
    while taken.more:
        first.append(taken.next())
    with lanes(broker_url, taken):
        rest = [taken.next() for _ in range(10 - len(first))]

    assert sorted(first + rest) == [f"job_{number}" for number in range(10)]


def test_lanes_when_a_job_goes_wrong_then_the_thread_goes_on(broker_url: str) -> None:
    taken = Taken()

    def run(job_id: str) -> None:
        taken(job_id)
        if job_id == "bad":
            raise ArithmeticError

    with lanes(broker_url, run) as sender:
        for job_id in ("bad", "good"):
            sender.send(analysis_job(job_id))

        assert [taken.next(), taken.next()] == ["bad", "good"]


def test_lanes_when_a_job_takes_too_long_then_its_thread_is_told_to_stop() -> None:
    taken = Taken()

    def run(job_id: str) -> None:
        if job_id == "endless":
            try:
                while True:
                    threading.Event().wait(0.01)
            except TimeLimitExceeded:
                taken("interrupted")
                raise
        taken(job_id)

    with lanes(EMBEDDED, run, time_limit=timedelta(seconds=0.1)) as sender:
        for job_id in ("endless", "next"):
            sender.send(analysis_job(job_id))

        assert [taken.next(), taken.next()] == ["interrupted", "next"]
