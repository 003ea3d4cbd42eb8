"""Makes what the benchmarks run in: a directory, a Postgres with fsync on, running experiments, a replica's process."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import grpc
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc as rpc
from services.bandit.domain.token import TokenSigner
from services.bandit.main import token_keys
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import learner_session
from shared import clock
from shared.definition import model
from shared.definition.document import to_document
from shared.rpc import client
from shared.store import migrate
from shared.store.embedded import EmbeddedPostgres
from shared.store.engine import create_engine
from tests.fakes import identity

EXPERIMENT_ID = "checkout-button"
METRIC_ID = "conversion"
ARM_COUNT = 10
TOKEN_KEYS = "1:" + "ab" * 32
TOKEN = identity.secret("service")
AUTHORIZATION = ("authorization", f"Bearer {TOKEN.value}")
"""What the calls carry."""

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0

_INSERT = text(
    "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text, labels,"
    " create_request_digest, created_at, updated_at) VALUES (:experiment_id, :state, :revision, '',"
    " CAST(:definition AS jsonb), '', '', '{}', '', :now, :now)"
)


@contextmanager
def directory() -> Iterator[Path]:
    """Yields a directory that Postgres's account may enter, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="experimentation-bench-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def postgres(where: Path) -> Iterator[str]:
    """Yields the URL of an empty store with the newest schema, as durable as in production."""
    with EmbeddedPostgres(where / "postgres") as server:
        migrate.upgrade(server.url)
        with connections(server.url) as engine:
            identity.install(engine)
        yield server.url


@contextmanager
def connections(url: str) -> Iterator[Engine]:
    """Yields connections to the store."""
    engine = create_engine(url, application_name="bench")
    yield engine
    engine.dispose()


@contextmanager
def replica(url: str, state_directory: Path, *, cores: Sequence[int]) -> Iterator[str]:
    """Yields the address of a replica that runs as a process of its own on the cores."""
    command = [sys.executable, "-m", "tests.bench.replica", url, str(state_directory), ",".join(map(str, cores))]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            addresses: Mapping[str, str] = json.loads(process.stdout.readline())["addresses"]
            yield addresses["grpc"]
        finally:
            process.terminate()
            process.wait(_START_SECONDS)


def experiment(experiment_id: str = EXPERIMENT_ID, *, algorithm: model.Algorithm | None = None) -> model.Experiment:
    """Returns a running experiment of ten arms that publishes at every step."""
    proportion = algorithm is None or isinstance(algorithm, model.BetaThompson | model.TopTwoThompson | model.KlUcb)
    metric = model.Metric(
        METRIC_ID,
        model.MetricKind.PROPORTION if proportion else model.MetricKind.MEAN,
        model.MetricRole.PRIMARY,
        combination_rule=model.CombinationRule.ANY if proportion else model.CombinationRule.SUM,
    )
    controls = model.AllocationControls(burn_in_unit_count=0, update_interval=timedelta(0), min_weight_change=0.0)
    return model.Experiment(
        experiment_id,
        tuple(model.Arm(f"arm{number}", control=number == 0) for number in range(ARM_COUNT)),
        (metric,),
        model.AllocationPolicy(algorithm or model.BetaThompson(), controls),
        state=model.ExperimentState.RUNNING,
    )


def insert(engine: Engine, experiments: Sequence[model.Experiment]) -> None:
    """Puts experiments where review would, without its ceremony."""
    rows = [
        {
            "experiment_id": one.experiment_id,
            "state": one.state.value,
            "revision": one.revision,
            "definition": json.dumps(to_document(one)),
            "now": clock.now(),
        }
        for one in experiments
    ]
    with engine.begin() as connection:
        connection.execute(_INSERT, rows)


def publish(engine: Engine) -> None:
    """Lets a learner publish the first policies."""
    with learner_session(engine) as session:
        assert session is not None
        Learner(session, now=clock.now).step()


def wait_for_policy(address: str) -> pb.AllocateResponse:
    """Returns an answer, once the replica has the policy."""
    request = pb.AllocateRequest(experiment_id=EXPERIMENT_ID, unit_id=unit_ids(0, 1)[0])
    deadline = time.monotonic() + _START_SECONDS
    with client.open_channel(address, token=TOKEN) as channel:
        while True:
            try:
                return rpc.BanditServiceStub(channel).Allocate(request, timeout=_START_SECONDS)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)


def signer() -> TokenSigner:
    """Returns a signer whose tokens the replica takes."""
    return TokenSigner(token_keys(TOKEN_KEYS), time_to_live=timedelta(days=1))


def unit_ids(start: int, count: int) -> list[str]:
    """Returns unit ids of 36 characters, such as a UUID has."""
    return [f"{number:012x}-7d1f-4c5b-9f10-visitor0" for number in range(start, start + count)]
