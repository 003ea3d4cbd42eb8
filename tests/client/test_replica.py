"""The client beside a real replica with a real store: it answers as the replica does, and every row counts once."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client import Client, Freshness, RejectedRow, RowCounts, Undelivered
from experimentation_client.snapshot_file import SnapshotFile
from services.bandit.config import Config
from services.bandit.main import Replica
from shared.definition.model import ExperimentState
from tests.bandit.conftest import CHECKOUT, HALF, PAGE_VIEWS, World, config
from tests.bandit.rpc.calls import counted
from tests.client.conftest import NewClient
from tests.client.examples import QUICK, WAIT_SECONDS, message, when

__all__ = ["config"]


@pytest.fixture
def address() -> str:
    """Where the replica listens, now and after a restart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def world(engine: Engine, config: Config, address: str) -> Iterator[World]:
    """A running replica that knows three experiments."""
    with ExitStack() as stack:
        running = World(engine, stack, replace(config, address=address))
        running.apply(CHECKOUT, PAGE_VIEWS, HALF)
        for experiment in (CHECKOUT, PAGE_VIEWS, HALF):
            running.wait_for_version(experiment.experiment_id, 1)
        yield running


@pytest.fixture
def client(world: World, address: str, new_client: NewClient) -> Client:
    """A client of the replica."""
    made = new_client(address)
    assert made.wait_until_ready(WAIT_SECONDS)
    return made


def test_allocate_when_compared_with_the_replica_then_every_answer_is_equal(world: World, client: Client) -> None:
    units = [f"visitor {number} ß" for number in range(5000)]
    batch = world.stub.BatchAllocate(pb.BatchAllocateRequest(experiment_id="half", unit_ids=units))

    ours = [client.allocate("half", unit, expose=False) for unit in units]

    assert [answer.arm_id for answer in ours] == [batch.arm_ids[index] for index in batch.arm_indexes]
    assert [answer.propensity for answer in ours] == list(batch.propensities)
    assert [f"ALLOCATION_REASON_{answer.reason}" for answer in ours] == [
        pb.AllocationReason.Name(reason) for reason in batch.reasons
    ]
    assert {answer.policy_version for answer in ours} == {batch.policy_version}


def test_rows_when_recorded_and_repeated_then_every_unit_and_event_counts_once(world: World, client: Client) -> None:
    for number in range(100):
        client.allocate("checkout", f"u{number}")
        for _ in range(2):
            client.record_outcome("checkout", f"u{number}", "paid", number % 2, event_id=f"order {number}")

    assert client.flush(WAIT_SECONDS)
    assert counted(world) == (100, 50.0)


def test_rows_when_every_allocation_counts_then_every_trial_counts(world: World, client: Client) -> None:
    for number in range(20):
        trial = client.allocate("page-views", "same unit").allocation_id
        client.record_outcome("page-views", "same unit", "paid", number % 2, allocation_id=trial)

    assert client.flush(WAIT_SECONDS)
    assert counted(world, "page-views") == (20, 10.0)


def test_rows_when_some_are_bad_then_the_replica_says_why_and_the_others_count(
    world: World, client: Client, rejected: list[RejectedRow]
) -> None:
    client.allocate("checkout", "u")
    client.record_outcome("checkout", "u", "unknown", 1)
    client.record_outcome("checkout", "u", "paid", 0.5)
    client.record_outcome("nowhere", "u", "paid", 1)
    client.record_outcome("checkout", "u", "paid", 1)

    assert client.flush(WAIT_SECONDS)
    assert {(one.reason, one.field) for one in rejected} == {
        ("INVALID_FIELD", "metric_id"),
        ("INVALID_FIELD", "value"),
        ("EXPERIMENT_NOT_FOUND", ""),
    }
    assert client.counts().outcomes == RowCounts(waiting=0, delivered=1, rejected=3, refused=0)
    assert counted(world) == (1, 1.0)


def test_rows_when_all_of_many_are_bad_then_each_is_reported_once(
    address: str, world: World, new_client: NewClient, rejected: list[RejectedRow]
) -> None:
    client = new_client(address, settings=replace(QUICK, delivery_interval_seconds=3600))
    for number in range(200):
        client.record_outcome("checkout", f"u{number}", "unknown", 1)

    assert client.flush(WAIT_SECONDS)

    assert [one.row.unit_id for one in rejected] == [f"u{number}" for number in range(200)]
    assert {(one.reason, one.field) for one in rejected} == {("INVALID_FIELD", "metric_id")}
    assert client.counts().outcomes == RowCounts(waiting=0, delivered=0, rejected=200, refused=0)


def test_rows_when_the_replica_lags_behind_the_clients_version_then_wait_for_it(
    address: str,
    world: World,
    new_client: NewClient,
    rejected: list[RejectedRow],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("client") / "policies"
    SnapshotFile(path).write([message("checkout", version=2)])
    client = new_client(address, snapshot_file=path)
    assert client.wait_until_ready(WAIT_SECONDS)
    # The file's version 2 is older than the replica's version 1, as from another store: its rows are early or never.
    assert client.allocate("checkout", "u", expose=False).policy_version == 1
    client.record_exposure(client.allocate("checkout", "u", expose=False)._replace(policy_version=2))
    assert not client.flush(0.1)

    world.apply(replace(CHECKOUT, revision=2))

    assert client.flush(WAIT_SECONDS)
    assert rejected == []
    assert counted(world) == (1, 0.0)


def test_policies_when_review_pauses_the_experiment_then_the_client_does(world: World, client: Client) -> None:
    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))

    when(client, lambda: client.allocate("checkout", "u", expose=False).reason == "PAUSED")

    assert client.allocate("checkout", "u").arm_id == "control"


def test_policies_when_the_control_is_served_then_the_client_does_until_the_arms_are_again(
    world: World, client: Client
) -> None:
    units = [f"u{number}" for number in range(100)]
    before = [client.allocate("checkout", unit, expose=False) for unit in units]

    world.stub.ServeControl(pb.ServeControlRequest(experiment_id="checkout", reason="blue is broken"))
    when(client, lambda: client.allocate("checkout", "u", expose=False).reason == "CONTROL_SERVED")
    during = [client.allocate("checkout", unit) for unit in units]
    batch = world.stub.BatchAllocate(pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=units))
    world.stub.ServeArms(pb.ServeArmsRequest(experiment_id="checkout", reason="it is mended"))
    when(client, lambda: client.allocate("checkout", "u", expose=False).reason == "SPLIT")

    assert {(answer.arm_id, answer.propensity) for answer in during} == {("control", 1.0)}
    assert {answer.policy_version for answer in during} == {batch.policy_version}
    assert client.counts().exposures == RowCounts(waiting=0, delivered=0, rejected=0, refused=0)
    assert [client.allocate("checkout", unit, expose=False) for unit in units] == before


def test_replica_when_it_restarts_then_the_client_follows_the_new_one_and_nothing_is_lost(
    world: World, client: Client, config: Config, address: str
) -> None:
    client.allocate("checkout", "before")
    assert client.flush(WAIT_SECONDS)
    world.replica.stop()
    when(client, lambda: client.freshness is Freshness.STALE)
    client.allocate("checkout", "during")
    client.record_outcome("checkout", "during", "paid", 1)

    world.replica = Replica(replace(config, address=address))
    world.replica.start()
    try:
        when(client, lambda: client.freshness is Freshness.FRESH)
        client.record_outcome("checkout", "before", "paid", 1)
        assert client.flush(WAIT_SECONDS)
        assert counted(world) == (2, 2.0)
        assert client.close() == Undelivered(0, 0)
    finally:
        world.replica.stop()
