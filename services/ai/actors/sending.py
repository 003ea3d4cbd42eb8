"""Sends the ids of jobs to a broker, on a thread of its own: no call ever waits for a broker that is away."""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Final

from dramatiq import Broker, Message

from services.ai.actors.brokers import waiting_count
from services.ai.domain.jobs import Job, JobQueue
from shared import log

ACTOR_NAME: Final = "run_job"

_MOST: Final = 2000
"""How many messages may wait, here and in each queue of the broker: jobs beyond that are sent later, by the sweeper."""

_logger = logging.getLogger(__name__)


class BrokerSender:
    """Sends jobs; safe for use by many threads. A `Sender`."""

    def __init__(self, brokers: Mapping[JobQueue, Broker]) -> None:
        self._brokers = brokers
        self._waiting: deque[tuple[JobQueue, str]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._away = False

    def send(self, job: Job) -> None:
        """Sends the job's id soon; raises nothing: the sweeper sends again what got lost."""
        with self._changed:
            if len(self._waiting) < _MOST and not self._closed:
                self._waiting.append((job.queue, job.job_id))
                self._changed.notify()

    def send_until_closed(self) -> None:
        """Sends what comes; ends when it is closed and everything was tried."""
        while (message := self._next()) is not None:
            self._try(*message)

    def close(self) -> None:
        """Takes nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _next(self) -> tuple[JobQueue, str] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.popleft() if self._waiting else None

    def _try(self, queue: JobQueue, job_id: str) -> None:
        try:
            self._post(queue, job_id)
        except Exception as error:  # each broker's library has errors of its own
            if not self._away:
                log.event(_logger, "broker is away, jobs wait", level=logging.WARNING, error=type(error).__name__)
            self._away = True
        else:
            self._away = False

    def _post(self, queue: JobQueue, job_id: str) -> None:
        broker = self._brokers[queue]
        if waiting_count(broker, queue) < _MOST:
            broker.enqueue(Message(queue.value, ACTOR_NAME, (job_id,), {}, {}))
