"""The in-process client loses nothing when its replica is killed under load, and counts nothing twice."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2 as common
from experimentation_client import Client, Freshness, Settings, Undelivered
from tests.e2e.processes import BANDIT, LEARNER, REVIEW, Processes, bandit_stub, eventually, start_experiment
from tests.fakes import identity

KILLS = 2
UNITS_PER_LIFE = 2000
EXPERIMENT_ID = "kill-beside-client"


@pytest.fixture
def processes(open_directory: Path) -> Iterator[Processes]:
    """A Postgres for whole processes."""
    directory = open_directory / "in-process-client"
    directory.mkdir(mode=0o711)
    with Processes(directory) as running:
        yield running


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def counted(address: str) -> tuple[int, float]:
    """Returns how many units are counted, and the sum of their values."""
    answer = bandit_stub(address).GetBandit(pb.GetBanditRequest(experiment_id=EXPERIMENT_ID))
    return sum(arm.unit_count for arm in answer.bandit.arms), sum(arm.value_sum for arm in answer.bandit.arms)


def test_rows_when_the_replica_is_killed_under_load_then_each_counts_exactly_once(processes: Processes) -> None:
    address = free_address()
    start_experiment(processes.start(REVIEW)["grpc"], EXPERIMENT_ID, kind=common.METRIC_KIND_MEAN)
    processes.start(LEARNER)
    processes.start(BANDIT, BANDIT_ADDRESS=address)
    settings = Settings(batch_rows=50, delivery_interval_seconds=0.01, max_backoff_seconds=0.2)
    token = identity.secret("service").value
    with Client(address, experiment_ids=[EXPERIMENT_ID], settings=settings, token=token) as client:
        assert client.wait_until_ready(60)

        for life in range(KILLS + 1):
            for number in range(UNITS_PER_LIFE):
                unit = f"life {life} unit {number}"
                client.allocate(EXPERIMENT_ID, unit)
                client.record_outcome(EXPERIMENT_ID, unit, "revenue", 1 + number % 7)
            if life < KILLS:
                processes.kill(BANDIT)
                eventually(lambda: client.freshness is Freshness.STALE, "the client notices")
                processes.start(BANDIT, BANDIT_ADDRESS=address)

        assert client.close(60) == Undelivered(0, 0)

    wanted_sum = float((KILLS + 1) * sum(1 + number % 7 for number in range(UNITS_PER_LIFE)))
    wanted = ((KILLS + 1) * UNITS_PER_LIFE, wanted_sum)
    eventually(lambda: counted(address) == wanted, f"{wanted} are counted")
