"""Does jobs in a process of its own: python -m services.ai worker. Any number may run, on any number of machines."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from services.ai.actors.brokers import EMBEDDED
from services.ai.config import Config
from services.ai.main import build_engine, build_parts, build_workforce, options
from shared import config, errors, log, process, telemetry
from shared.store import migrate


class Worker:
    """Is a worker process: start it, stop it, once each."""

    def __init__(self, options: Config) -> None:
        self._options = options
        self._registry = telemetry.new_registry()
        self._engine = build_engine(options)
        self._parts = build_parts(options, self._engine, self._registry)
        self._workforce = build_workforce(options, self._parts, self._registry)
        self._running = ExitStack()

    def start(self) -> Mapping[str, str]:
        """Returns the address of its metrics; there is no other.

        Raises:
            PlatformError: The store cannot be reached, or its schema is not this release's.
            OSError: The address cannot be listened on.
        """
        with ExitStack() as stack:
            stack.callback(self._engine.dispose)
            stack.callback(self._parts.provider.close)
            migrate.check_current(self._engine)
            metrics = telemetry.serve_metrics(self._registry, self._options.metrics_address)
            stack.callback(metrics.close)
            self._workforce.start()
            stack.callback(self._workforce.stop)
            self._running = stack.pop_all()
        return {"metrics": metrics.address}

    def stop(self) -> None:
        """Does to the end what is far enough, gives the rest back, and stops; returns when that is done."""
        self._running.close()


def main(arguments: Sequence[str]) -> None:
    """Runs until SIGTERM or SIGINT."""
    asked = _parser().parse_args(arguments)
    log.configure()
    try:
        worker = Worker(worker_options(options(), interactive=asked.interactive, bulk=asked.bulk))
        process.run_until_signalled("ai-worker", worker.start, worker.stop)
    except (config.ConfigError, errors.PlatformError, OSError) as error:
        sys.exit(f"ai worker: {error}")


def worker_options(options: Config, *, interactive: int | None, bulk: int | None) -> Config:
    """Returns the options with the threads that the command line asks for.

    Raises:
        ConfigError: There would be nothing to do.
    """
    job = replace(
        options.job,
        interactive_thread_count=options.job.interactive_thread_count if interactive is None else interactive,
        bulk_thread_count=options.job.bulk_thread_count if bulk is None else bulk,
    )
    if job.broker_url.value == EMBEDDED:
        raise config.ConfigError(["AI_BROKER_URL: must be a Redis or RabbitMQ, which service and workers share"])
    if not job.interactive_thread_count + job.bulk_thread_count:
        raise config.ConfigError(["--interactive and --bulk: one must be 1 or more"])
    return replace(options, job=job)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.ai worker", description="Does jobs of the AI service.")
    for name, whose in (("interactive", "jobs that people wait for"), ("bulk", "all other jobs")):
        parser.add_argument(
            f"--{name}",
            type=_thread_count,
            metavar="THREADS",
            help=f"how many {whose} are done at once; 0: none here; as configured unless given",
        )
    return parser


def _thread_count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 64:
        raise argparse.ArgumentTypeError("must be from 0 to 64")
    return count
