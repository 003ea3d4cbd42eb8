"""The review process as a whole."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review import main
from services.review.config import PREFIX, Config
from shared import config, errors
from shared.config import Secret
from shared.rpc import client
from tests.fakes import identity
from tests.review.requests import create

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 20


def _run(**environment: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "DATABASE_URL"))}
    path = os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")])
    return subprocess.Popen(
        [sys.executable, "-m", "services.review"],
        env={**inherited, "PYTHONPATH": path, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def process(database_url: str, engine: sqlalchemy.Engine) -> Iterator[subprocess.Popen[str]]:
    identity.install(engine)
    with _run(DATABASE_URL=database_url, REVIEW_ADDRESS="127.0.0.1:0", REVIEW_METRICS_ADDRESS="127.0.0.1:0") as child:
        yield child
        if child.poll() is None:
            child.kill()


def test_main_when_it_says_ready_then_it_serves_until_terminated(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None

    ready = json.loads(process.stdout.readline())
    with client.open_channel(ready["addresses"]["grpc"], token=identity.ADA) as channel:
        created = ExperimentServiceStub(channel).CreateExperiment(create(), timeout=WAIT_SECONDS)
    with urllib.request.urlopen(f"http://{ready['addresses']['metrics']}/metrics", timeout=WAIT_SECONDS) as response:
        metrics = response.read().decode()
    process.send_signal(signal.SIGTERM)

    assert process.wait(WAIT_SECONDS) == 0
    assert (ready["event"], ready["service"]) == ("ready", "review")
    assert isinstance(created, pb.CreateExperimentResponse)
    assert 'method="experimentation.v1.ExperimentService/CreateExperiment"' in metrics


def test_main_when_no_database_is_given_then_it_says_so() -> None:
    with _run() as child:
        _, complaint = child.communicate(timeout=WAIT_SECONDS)

    assert child.returncode == 1
    assert "DATABASE_URL" in complaint
    assert "Traceback" not in complaint


def test_start_when_the_schema_is_behind_then_it_is_refused(database_url: str, engine: sqlalchemy.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    review = main.Review(Config(address="127.0.0.1:0", database_url=Secret(database_url)))

    with pytest.raises(errors.FailedPrecondition) as caught:
        review.start()

    assert caught.value.reason is errors.Reason.INVALID_STATE


def test_start_when_the_port_is_taken_then_what_was_started_is_stopped(database_url: str) -> None:
    first = main.Review(Config(address="127.0.0.1:0", database_url=Secret(database_url)))
    taken = first.start()["grpc"]
    second = main.Review(Config(address=taken, database_url=Secret(database_url)))

    with pytest.raises(OSError, match=taken):
        second.start()

    first.stop()


def test_config_when_nothing_is_given_then_it_listens_on_loopback() -> None:
    loaded = config.load(Config, PREFIX, environ={})

    assert (loaded.address, loaded.metrics_address) == ("127.0.0.1:50052", "127.0.0.1:0")


@pytest.mark.parametrize(
    ("variable", "value"), [("REVIEW_ADDRESS", "nowhere"), ("REVIEW_METRICS_ADDRESS", "nowhere"), ("REVIEW_ADRESS", "")]
)
def test_config_when_a_variable_is_bad_then_the_start_is_refused(variable: str, value: str) -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.load(Config, PREFIX, environ={variable: value})

    assert "address" in str(caught.value).lower()
