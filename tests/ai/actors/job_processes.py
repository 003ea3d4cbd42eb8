"""Processes of the AI service on one store and one broker, to be killed where they stopped."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from services.ai.domain.jobs import Job, JobQueue, RequestKey
from services.ai.domain.queries import HypothesisFilter
from services.ai.domain.records import HypothesisRecord
from services.ai.store.postgres import PostgresAiStore
from shared import clock
from shared.store.engine import transaction
from tests.ai.job_examples import hypotheses_job
from tests.e2e.processes import ROOT, eventually

LEASE_SECONDS = 1.0
_UNSENT = text("SELECT count(*) FROM jobs WHERE last_sent_at IS NULL")


@dataclass
class Running:
    """Is a process that runs; it stopped at those places."""

    process: subprocess.Popen[str]
    metrics_address: str
    stopped_at: set[str]

    def stops_at(self, places: Iterable[str]) -> None:
        """Returns once it stopped at all these places."""
        assert self.process.stdout is not None
        awaited = set(places)
        while awaited - self.stopped_at:
            line = self.process.stdout.readline()
            assert line, f"it ended before it came to {awaited - self.stopped_at}"
            self.stopped_at.add(_place(line))

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def ends_when_told(self) -> int:
        """Sends SIGTERM and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def counted(self, name: str, **labels: str) -> float:
        """Returns a number as Prometheus would read it."""
        with urllib.request.urlopen(f"http://{self.metrics_address}/metrics") as response:
            text = response.read().decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        (value,) = [sample.value for sample in samples if sample.name == name and sample.labels == labels]
        return float(value)

    def resident_bytes(self) -> int:
        """Returns how much memory it has."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


class JobProcesses:
    """Starts processes, and writes the rows of jobs that nobody sends: the sweeper has to find them."""

    def __init__(self, engine: Engine, database_url: str, broker_url: str, log: Path) -> None:
        self.store = PostgresAiStore(engine)
        self._engine = engine
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "AI_ADDRESS": "127.0.0.1:0",
            "AI_BROKER_URL": broker_url,
            "AI_JOB_LEASE": str(LEASE_SECONDS),
            "AI_JOB_SWEEP_INTERVAL": "0.1",
            "AI_JOB_RESEND_AFTER": "5",
            "AI_DRAIN_GRACE": "1",
        }
        self._log = log
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def start(self, what: str, *, interactive: int, bulk: int = 1) -> Running:
        """Starts a service or a worker with so many threads, and returns it once it is ready."""
        threads = {"AI_JOB_INTERACTIVE_THREAD_COUNT": str(interactive), "AI_JOB_BULK_THREAD_COUNT": str(bulk)}
        with self._log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.ai.actors.stopping_process", what],
                env=self._environment | threads,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._started.append(process)
        return self._ready(process)

    def open(self, job_id: str, queue: JobQueue = JobQueue.INTERACTIVE) -> None:
        """Writes the row of a job that waits."""
        job = hypotheses_job(job_id, queue=queue, created_at=clock.now())
        self.store.jobs.open(job, RequestKey("ada", "", ""), limit=10_000)

    def unsent(self) -> bool:
        """Says whether some job was never sent."""
        with transaction(self._engine) as connection:
            return bool(connection.scalar(_UNSENT))

    def ended(self, job_ids: Iterable[str]) -> list[Job]:
        """Returns the jobs once all have ended."""
        ids = list(job_ids)
        eventually(lambda: all(self._find(job_id).ended for job_id in ids), f"{ids} end", within_seconds=60)
        return [self._find(job_id) for job_id in ids]

    def hypotheses(self, job_id: str) -> list[HypothesisRecord]:
        """Returns what is stored of a job."""
        return self.store.hypotheses.list_hypotheses(HypothesisFilter(job_id=job_id), after=None, limit=100)

    def _find(self, job_id: str) -> Job:
        job = self.store.jobs.find(job_id)
        assert job is not None
        return job

    def _ready(self, process: subprocess.Popen[str]) -> Running:
        assert process.stdout is not None
        stopped_at: set[str] = set()
        # A job may stop before the process says that it is ready.
        for line in process.stdout:
            if line.startswith("{"):
                return Running(process, json.loads(line)["addresses"]["metrics"], stopped_at)
            stopped_at.add(_place(line))
        raise AssertionError(f"it did not start: {self._log.read_text(encoding='utf-8')[-2000:]}")


def _place(line: str) -> str:
    return line.removeprefix("at ").strip()
