"""The AI process as a whole."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.ai import main
from services.ai.config import PREFIX, Config
from services.ai.domain.jobs import SCHEDULE, JobFilter, JobQueue
from services.ai.main.warehouse import build_warehouse
from services.ai.store.analyses import PostgresAnalyses
from services.ai.store.job_changes import CHANNEL
from services.ai.store.jobs import PostgresJobs
from shared import clock, config, errors
from shared.config import ConfigError, Secret
from shared.rpc import client
from shared.store.notify import Listener
from tests.ai.rpc.requests import suggest
from tests.ai.store.recording import CHECKOUT, apply
from tests.fakes import identity

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30


def _run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((PREFIX, "DATABASE_URL", "ANTHROPIC_", "REVIEW_"))
    }
    path = os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")])
    return subprocess.Popen(
        [sys.executable, "-m", "services.ai", *arguments],
        env={**inherited, "PYTHONPATH": path, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def process(database_url: str, engine: sqlalchemy.Engine) -> Iterator[subprocess.Popen[str]]:
    identity.install(engine)
    addresses = {"AI_ADDRESS": "127.0.0.1:0", "AI_METRICS_ADDRESS": "127.0.0.1:0"}
    with _run(DATABASE_URL=database_url, **addresses) as child:
        yield child
        if child.poll() is None:
            child.kill()


def test_main_when_it_says_ready_then_it_serves_and_does_jobs_until_terminated(
    process: subprocess.Popen[str],
) -> None:
    assert process.stdout is not None

    ready = json.loads(process.stdout.readline())
    with client.open_channel(ready["addresses"]["grpc"], token=identity.ADA) as channel:
        stub = AnalysisServiceStub(channel)
        job = stub.SuggestHypotheses(suggest(), timeout=WAIT_SECONDS).job
        *_, last = stub.WatchJob(pb.WatchJobRequest(job_id=job.job_id), timeout=WAIT_SECONDS)
    with urllib.request.urlopen(f"http://{ready['addresses']['metrics']}/metrics", timeout=WAIT_SECONDS) as response:
        metrics = response.read().decode()
    process.send_signal(signal.SIGTERM)

    assert process.wait(WAIT_SECONDS) == 0
    assert (ready["event"], ready["service"]) == ("ready", "ai")
    assert last.job.state == analysis_pb2.JOB_STATE_SUCCEEDED
    count = len(last.job.hypothesis_ids)
    assert f'llm_hypotheses_generated_total{{outcome="degraded",provider="heuristic"}} {count}' in metrics
    assert 'method="experimentation.v1.AnalysisService/SuggestHypotheses"' in metrics


def test_main_when_a_worker_is_given_no_database_then_it_says_so() -> None:
    with _run("worker") as child:
        _, complaint = child.communicate(timeout=WAIT_SECONDS)

    assert child.returncode == 1
    assert "ai worker: " in complaint
    assert "DATABASE_URL" in complaint
    assert "Traceback" not in complaint


def test_main_when_no_database_is_given_then_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(SystemExit, match="DATABASE_URL: must be given"):
        main.main()


def test_start_when_the_schema_is_behind_then_it_is_refused(database_url: str, engine: sqlalchemy.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    ai = main.Ai(Config(address="127.0.0.1:0", database_url=Secret(database_url)))

    with pytest.raises(errors.FailedPrecondition) as caught:
        ai.start()

    assert caught.value.reason is errors.Reason.INVALID_STATE


def test_start_when_the_port_is_taken_then_what_was_started_is_stopped(database_url: str) -> None:
    first = main.Ai(Config(address="127.0.0.1:0", database_url=Secret(database_url)))
    taken = first.start()["grpc"]
    second = main.Ai(Config(address=taken, database_url=Secret(database_url)))

    with pytest.raises(OSError, match=taken):
        second.start()

    first.stop()


def test_process_when_an_experiment_runs_then_it_is_analysed_unasked(
    database_url: str, engine: sqlalchemy.Engine
) -> None:
    apply(engine, replace(CHECKOUT, started_at=clock.now() - timedelta(days=3)))
    often = timedelta(seconds=0.2)
    ai = main.Ai(Config(address="127.0.0.1:0", database_url=Secret(database_url), periodic_interval=often))
    analyses = PostgresAnalyses(engine)

    with closing(Listener(database_url, [CHANNEL])) as news:
        ai.start()
        deadline = time.monotonic() + WAIT_SECONDS
        while analyses.latest("checkout") is None and time.monotonic() < deadline:
            news.wait(1.0)
        ai.stop()

    found = analyses.latest("checkout")
    assert found is not None
    assert (found.version, found.experiment_id) == (1, "checkout")
    [job] = PostgresJobs(engine).list_jobs(JobFilter(), after=None, limit=10)
    assert (job.creator, job.queue, job.analysis_id) == (SCHEDULE, JobQueue.BULK, found.analysis_id)


def test_config_when_nothing_is_given_then_it_listens_on_loopback_and_asks_nobody() -> None:
    loaded = config.load(Config, PREFIX, environ={})

    assert (loaded.address, loaded.metrics_address) == ("127.0.0.1:50053", "127.0.0.1:0")
    assert (loaded.job.broker_url.value, loaded.llm.anthropic_api_key.value) == ("embedded", "")


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("AI_ADDRESS", "nowhere", "address"),
        ("AI_METRICS_ADDRESS", "nowhere", "metrics_address"),
        ("AI_ADRESS", "", "AI_ADRESS"),
        ("AI_JOB_WALL_BUDGET", "0", "AI_JOB_WALL_BUDGET"),
        ("AI_JOB_ATTEMPT_COUNT", "0", "AI_JOB_ATTEMPT_COUNT"),
        ("AI_REVIEW_TLS_KEY", "key.pem", "tls_key"),
        ("AI_LLM_PROVIDER", "somebody", "AI_LLM_PROVIDER"),
    ],
)
def test_config_when_a_variable_is_bad_then_the_start_is_refused(variable: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        config.load(Config, PREFIX, environ={variable: value})


def test_options_when_nobody_would_do_embedded_jobs_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("AI_JOB_BULK_THREAD_COUNT", "0")

    with pytest.raises(ConfigError, match="THREAD_COUNT"):
        main.options()


def test_warehouse_when_its_file_cannot_be_read_then_the_start_is_refused(tmp_path: Path) -> None:
    assert build_warehouse(None) is None
    with pytest.raises(ConfigError, match="cannot be read"):
        build_warehouse(tmp_path / "warehouses.toml")
