"""Real processes on a real Postgres, to be killed at will."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import bandit_service_pb2_grpc as bandit_rpc
from experimentation.v1 import common_pb2 as common
from experimentation.v1 import experiment_service_pb2 as experiments
from experimentation.v1 import experiment_service_pb2_grpc as experiment_rpc
from services.review.domain.policy.rules import Policy
from services.review.store.postgres import PostgresReviewStore
from shared import clock
from shared.rpc import client
from shared.store import migrate
from shared.store.engine import create_engine
from tests.e2e.postgres_process import PostgresProcess
from tests.fakes import identity

ROOT = Path(__file__).resolve().parents[2]
REVIEW, BANDIT, LEARNER = "services.review", "services.bandit", "services.bandit.worker"


def eventually(holds: Callable[[], bool], what: str, *, within_seconds: float = 30.0) -> None:
    """Returns once something holds; fails when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {within_seconds} s: {what}"
        time.sleep(0.02)


class Processes:
    """Is a Postgres with review, replicas and learners on it. For one thread."""

    def __init__(self, directory: Path) -> None:
        self.postgres = PostgresProcess(directory / "postgres")
        self._directory = directory
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._log = (directory / "processes.log").open("w")

    def __enter__(self) -> Self:
        self.postgres.start()
        migrate.upgrade(self.postgres.url)
        engine = create_engine(self.postgres.url, application_name="test", pool_size=1)
        identity.install(engine)
        # Nothing here is about approvals.
        with PostgresReviewStore(engine).transaction() as transaction:
            transaction.policies.add(Policy(1, (), "cr_0", "ada", clock.now()))
        engine.dispose()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._running):
            self.kill(name)
        self.postgres.stop()
        self._log.close()

    def start(self, module: str, name: str = "", **variables: str) -> Mapping[str, str]:
        """Starts a process and returns its addresses once it is ready; its name is the module's unless it is given."""
        name = name or module
        environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "BANDIT_TOKEN_KEYS": "1:" + "ab" * 32,
            "BANDIT_STATE_DIRECTORY": str(self._directory / name),
            "BANDIT_ADDRESS": "127.0.0.1:0",
            "REVIEW_ADDRESS": "127.0.0.1:0",
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert process.stdout is not None
        ready = process.stdout.readline()
        process.stdout.close()
        if not ready:
            process.wait()
            pytest.fail(f"{name} did not start: {(self._directory / 'processes.log').read_text()[-2000:]}")
        self._running[name] = process
        addresses: Mapping[str, str] = json.loads(ready)["addresses"]
        return addresses

    def kill(self, name: str) -> None:
        """Kills a process with SIGKILL."""
        process = self._running.pop(name)
        process.kill()
        process.wait()


def bandit_stub(address: str) -> bandit_rpc.BanditServiceStub:
    """Returns a client of a replica on a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.insecure_channel(address, options)
    return bandit_rpc.BanditServiceStub(client.with_token(channel, identity.secret("service")))


def start_experiment(address: str, experiment_id: str, *, kind: common.MetricKind.ValueType) -> None:
    """Creates and starts an experiment of three arms that learns at every step."""
    stub = experiment_rpc.ExperimentServiceStub(client.open_channel(address, token=identity.ADA))
    policy = common.AllocationPolicy(
        gaussian_thompson=common.GaussianThompson(),
        controls=common.AllocationControls(burn_in_unit_count=50, update_interval=Duration(), min_weight_change=0.05),
    )
    experiment = common.Experiment(
        experiment_id=experiment_id,
        arms=[common.Arm(arm_id="control", control=True), common.Arm(arm_id="blue"), common.Arm(arm_id="green")],
        metrics=[common.Metric(metric_id="revenue", kind=kind, role=common.METRIC_ROLE_PRIMARY)],
        allocation_policy=policy,
    )
    stub.CreateExperiment(experiments.CreateExperimentRequest(experiment=experiment))
    change = experiments.Change(start=experiments.StartChange())
    stub.ProposeChange(experiments.ProposeChangeRequest(experiment_id=experiment_id, change=change))
