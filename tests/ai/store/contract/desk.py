"""Brings jobs on, as a worker would, and starts calls at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.ai.domain.jobs import Job, RequestKey
from services.ai.domain.ports import AiStore
from services.ai.domain.records import JobResult
from tests.ai.store.examples import LATER, NO_KEY, NOW, job

LEASE: Final = timedelta(seconds=30)
WAIT_SECONDS: Final = 30
Answer = TypeVar("Answer")


class Desk:
    """Opens, takes up and ends jobs."""

    def __init__(self, store: AiStore) -> None:
        self.jobs = store.jobs

    def open(self, *opened: Job, key: RequestKey = NO_KEY, limit: int = 100) -> None:
        """Opens jobs."""
        for one in opened:
            self.jobs.open(one, key, limit=limit)

    def claim(self, job_id: str = "job_1", owner: str = "w1", *, now: datetime = NOW) -> Job | None:
        """Takes a job up."""
        return self.jobs.claim(job_id, owner, now=now, lease_until=now + LEASE)

    def run(self, one: Job | None = None, *, owner: str = "w1") -> Job:
        """Opens a job and takes it up."""
        one = one or job()
        self.open(one)
        claimed = self.claim(one.job_id, owner)
        assert claimed is not None
        return claimed

    def finish(self, one: Job, left: JobResult) -> None:
        """Opens a job, and ends it with its answer."""
        self.run(one)
        assert self.jobs.finish(one.job_id, "w1", left, now=LATER)

    def find(self, job_id: str = "job_1") -> Job:
        """Returns a job that there is."""
        found = self.jobs.find(job_id)
        assert found is not None
        return found


def race(*calls: Callable[[], Answer]) -> list[Answer]:
    """Returns what the calls, all started at the same moment, answered."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait(WAIT_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(WAIT_SECONDS) for future in [pool.submit(run, call) for call in calls]]
