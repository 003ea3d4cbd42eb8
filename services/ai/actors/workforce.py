"""Everything in a process that moves jobs: who sends them, who does them, who looks after them."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

from dramatiq import Broker

from services.ai.actors.lanes import Lanes
from services.ai.actors.sending import BrokerSender
from services.ai.domain.jobs import JobQueue
from services.ai.service.running import JobRunner
from shared.loops import sweep_until

# Threads that do not end by then end with the process.
_STOP_SECONDS: Final = 2.0


class Workforce:
    """Is what moves jobs in a process; start it and stop it once each.

    Args:
        brokers: Of each queue; they are closed in the end.
        sender: Sends over them.
        runner: Does jobs.
        lanes: The threads that do them.
        sweeps: What is done again and again, by what it is called.
        sweep_interval: How often.
        grace: How long jobs under way may take when it stops.
    """

    def __init__(
        self,
        brokers: Mapping[JobQueue, Broker],
        sender: BrokerSender,
        runner: JobRunner,
        lanes: Lanes,
        sweeps: Mapping[str, Callable[[], object]],
        *,
        sweep_interval: timedelta,
        grace: timedelta,
    ) -> None:
        self._brokers = brokers
        self._sender = sender
        self._runner = runner
        self._lanes = lanes
        self._sweeps = sweeps
        self._sweep_interval = sweep_interval
        self._grace = grace
        self._running = ExitStack()

    def start(self) -> None:
        """Starts to send, to do and to look after jobs."""
        stack = self._running
        for broker in self._brokers.values():
            stack.callback(broker.close)
        # A broker that is away may hold a thread up for a while; it holds no stop up.
        self._go("sender", self._sender.send_until_closed, end=self._sender.close, daemon=True)
        beating, sweeping = threading.Event(), threading.Event()
        self._go("leases", lambda: self._runner.keep_until(beating), end=beating.set)
        self._lanes.start()
        stack.callback(self._drain)
        pause = self._sweep_interval.total_seconds()
        self._go("job sweeper", lambda: sweep_until(sweeping, self._sweeps, interval_seconds=pause), end=sweeping.set)

    def stop(self) -> None:
        """Does to the end what is far enough, gives the rest back, and stops; returns when that is done."""
        self._running.close()

    def _drain(self) -> None:
        self._lanes.close()
        self._runner.close()
        self._runner.keeper.wait_idle(self._grace.total_seconds())
        self._runner.give_back_all()
        self._lanes.stop(_STOP_SECONDS)

    def _go(self, name: str, work: Callable[[], None], *, end: Callable[[], None], daemon: bool = False) -> None:
        thread = threading.Thread(target=work, name=name, daemon=daemon)
        thread.start()
        self._running.callback(thread.join, _STOP_SECONDS if daemon else None)
        self._running.callback(end)
