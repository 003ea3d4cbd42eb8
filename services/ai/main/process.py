"""The AI process: starts and stops what it is made of."""

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

from services.ai.actors.brokers import EMBEDDED
from services.ai.config import PREFIX, Config
from services.ai.main.parts import build_engine, build_parts
from services.ai.main.review import ReviewPart
from services.ai.main.server import build_server
from services.ai.main.sweeps import Sweeps, build_periodic, build_proposals
from services.ai.main.workforce import build_workforce
from services.ai.store.job_changes import CHANNEL
from shared import clock, config, errors, log, process, telemetry
from shared.bell import Bell
from shared.loops import ring_until_closed, sweep_until
from shared.rpc.authorization import CallAuthorizer
from shared.store import migrate
from shared.store.identity_feed import IdentityFeed
from shared.store.notify import Listener


class Ai:
    """Is the AI process: start it, stop it, once each."""

    def __init__(self, options: Config) -> None:
        self._options = options
        self._registry = telemetry.new_registry()
        self._engine = build_engine(options)
        self._bell = Bell()
        self._parts = parts = build_parts(options, self._engine, self._registry)
        self._periodic = build_periodic(options, parts, self._registry)
        self._workforce = build_workforce(options, parts, self._registry)
        # Streams that wait look again whether their callers may stay.
        self._identities = IdentityFeed(
            options.database_url, options.identity, clock=clock.now, on_change=self._bell.ring
        )
        self._review = ReviewPart(options.review)
        self._server = build_server(
            options,
            parts,
            self._review.proposer,
            metrics=telemetry.RpcMetrics(self._registry),
            authorizer=CallAuthorizer(self._identities.authenticator, certificates=options.shows_certificates),
            bell=self._bell,
        )
        self._running = ExitStack()

    def start(self) -> Mapping[str, str]:
        """Returns the addresses that it answers on.

        Raises:
            PlatformError: The store cannot be reached, or its schema is not this release's.
            OSError: An address cannot be listened on.
        """
        with ExitStack() as stack:
            stack.callback(self._engine.dispose)
            stack.callback(self._identities.close)
            stack.callback(self._review.close)
            stack.callback(self._parts.provider.close)
            migrate.check_current(self._engine)
            metrics = telemetry.serve_metrics(self._registry, self._options.metrics_address)
            stack.callback(metrics.close)
            self._identities.start()
            self._ring(stack)
            self._workforce.start()
            stack.callback(self._workforce.stop)
            self._sweep(stack, self._periodic, self._options.periodic_interval)
            self._sweep(stack, build_proposals(self._parts, self._review.proposer), self._options.job.sweep_interval)
            address = self._server.start()
            stack.callback(self._server.stop, self._options.drain_grace.total_seconds())
            self._server.set_serving(serving=True)
            self._running = stack.pop_all()
        return {"grpc": address, "metrics": metrics.address}

    def stop(self) -> None:
        """Drains and stops; returns when that is done."""
        self._running.close()

    def _ring(self, stack: ExitStack) -> None:
        news = Listener(self._options.database_url.value, [CHANNEL])
        thread = threading.Thread(target=ring_until_closed, args=(self._bell, news), name="bell")
        thread.start()
        stack.callback(thread.join)
        stack.callback(news.close)

    def _sweep(self, stack: ExitStack, sweeps: Sweeps, interval: timedelta) -> None:
        stopping, pause = threading.Event(), interval.total_seconds()
        thread = threading.Thread(
            target=sweep_until, args=(stopping, sweeps), kwargs={"interval_seconds": pause}, name="sweeper"
        )
        thread.start()
        stack.callback(thread.join)
        stack.callback(stopping.set)


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    log.configure()
    try:
        ai = Ai(options())
        process.run_until_signalled("ai", ai.start, ai.stop)
    except (config.ConfigError, errors.PlatformError, OSError) as error:
        sys.exit(f"ai: {error}")


def options() -> Config:
    """Returns what the environment asks for.

    Raises:
        ConfigError: It cannot be used.
    """
    loaded = config.load(Config, PREFIX)
    if not loaded.database_url.value:
        raise config.ConfigError(["DATABASE_URL: must be given"])
    job = loaded.job
    if job.broker_url.value == EMBEDDED and not (job.interactive_thread_count and job.bulk_thread_count):
        raise config.ConfigError(["AI_JOB_..._THREAD_COUNT: must be 1 or more, as nobody else does embedded jobs"])
    return loaded
