"""Threads that do jobs: each queue has its own, so that a person's job never waits for one that nobody waits for."""

from collections.abc import Callable, Mapping
from typing import Final

from dramatiq import Actor, Broker, Worker

from services.ai.actors.sending import ACTOR_NAME
from services.ai.domain.jobs import JobQueue

# How long an idle thread sleeps: what a message in Redis waits for at most, and what a stop waits for.
_IDLE_MS: Final = 250


class Lanes:
    """Takes messages from the queues and does what they name, on threads; start it and stop it once each.

    Args:
        brokers: Of each queue.
        run: Does a job by its id.
        thread_counts: Of each queue; 0 or none: it is left to others.
    """

    def __init__(
        self,
        brokers: Mapping[JobQueue, Broker],
        run: Callable[[str], None],
        *,
        thread_counts: Mapping[JobQueue, int],
    ) -> None:
        self._workers = [
            _worker(brokers[queue], queue, run, thread_count)
            for queue, thread_count in thread_counts.items()
            if thread_count
        ]

    def start(self) -> None:
        """Starts the threads."""
        for worker in self._workers:
            # Otherwise the limit of time does nothing: only Dramatiq's own command line says this.
            worker.broker.emit_after("process_boot")
            worker.start()

    def close(self) -> None:
        """Has the threads take nothing more; what they do goes on."""
        for worker in self._workers:
            for thread in worker.workers:
                thread.stop()

    def stop(self, timeout_seconds: float) -> None:
        """Stops the threads, and gives messages back that were fetched and not begun.

        Args:
            timeout_seconds: How long each queue's threads may take; those that take longer are left alone.
        """
        for worker in self._workers:
            worker.stop(timeout=int(timeout_seconds * 1000))


def _worker(broker: Broker, queue: JobQueue, run: Callable[[str], None], thread_count: int) -> Worker:
    Actor(run, broker=broker, actor_name=ACTOR_NAME, queue_name=queue.value, priority=0, options={})
    worker = Worker(broker, worker_threads=thread_count, worker_timeout=_IDLE_MS)
    # A message that waits for a thread of this process would wait while another process is idle.
    worker.queue_prefetch = thread_count
    return worker
