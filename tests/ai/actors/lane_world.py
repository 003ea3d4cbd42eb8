"""A process's part in moving messages, without the jobs themselves: lanes and a sender on one broker."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType

from services.ai.actors.brokers import open_brokers
from services.ai.actors.lanes import Lanes
from services.ai.actors.sending import BrokerSender
from services.ai.domain.jobs import JobQueue

WAIT_SECONDS = 30.0
ONE_EACH = MappingProxyType(dict.fromkeys(JobQueue, 1))
NOBODY: MappingProxyType[JobQueue, int] = MappingProxyType({})


class Taken:
    """Keeps the ids of jobs in the order in which they were taken up."""

    def __init__(self) -> None:
        self._ids: queue.Queue[str] = queue.Queue()

    def __call__(self, job_id: str) -> None:
        self._ids.put(job_id)

    def next(self) -> str:
        return self._ids.get(timeout=WAIT_SECONDS)

    @property
    def more(self) -> bool:
        return not self._ids.empty()


@contextmanager
def lanes(
    url: str,
    run: Callable[[str], None],
    *,
    thread_counts: MappingProxyType[JobQueue, int] = ONE_EACH,
    time_limit: timedelta = timedelta(minutes=1),
) -> Iterator[BrokerSender]:
    """Yields what sends to the lanes."""
    brokers = open_brokers(url, time_limit=time_limit)
    sender, started = BrokerSender(brokers), Lanes(brokers, run, thread_counts=thread_counts)
    thread = threading.Thread(target=sender.send_until_closed)
    thread.start()
    started.start()
    try:
        yield sender
    finally:
        sender.close()
        thread.join()
        started.stop(WAIT_SECONDS)
        for broker in brokers.values():
            broker.close()
