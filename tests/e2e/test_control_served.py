"""While the store is away the control can be served and the weights frozen, and all of it is on record afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from sqlalchemy import text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2 as common
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation_client import Client, Settings
from shared.errors import Reason
from shared.rpc import client, status
from shared.store.engine import create_engine, transaction
from tests.e2e.processes import BANDIT, LEARNER, REVIEW, Processes, bandit_stub, eventually, start_experiment
from tests.fakes import identity

EXPERIMENT_ID = "broken-arm"
HERE, THERE = "here", "there"
QUICK = Settings(initial_backoff_seconds=0.05, max_backoff_seconds=0.1)

_SWITCHES = text("SELECT kind, reason, actor FROM learning_switches ORDER BY switch_id")
_AUDITED = text(
    "SELECT action, actor, details ->> 'reason' FROM audit_events WHERE action LIKE 'bandit.%' ORDER BY sequence"
)


@pytest.fixture
def processes(open_directory: Path) -> Iterator[Processes]:
    """Review, a learner and two replicas, which serve an experiment."""
    directory = open_directory / "control-served"
    directory.mkdir(mode=0o711)
    with Processes(directory) as running:
        start_experiment(running.start(REVIEW)["grpc"], EXPERIMENT_ID, kind=common.METRIC_KIND_MEAN)
        running.start(LEARNER)
        yield running


def operator(address: str) -> BanditServiceStub:
    """Returns what ann, an experimenter, calls a replica with."""
    return BanditServiceStub(client.open_channel(address, token=identity.secret("ann")))


def allocation(address: str) -> pb.Allocation:
    request = pb.AllocateRequest(experiment_id=EXPERIMENT_ID, unit_id="probe", exposure_mode=pb.EXPOSURE_MODE_DEFERRED)
    return bandit_stub(address).Allocate(request).allocation


def serves(address: str, reason: pb.AllocationReason.ValueType) -> bool:
    try:
        return allocation(address).reason == reason
    except grpc.RpcError:
        return False


def refusal(call: object, request: object) -> tuple[grpc.StatusCode, Reason]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)  # type: ignore[operator]
    return caught.value.code(), status.from_rpc_error(caught.value).reason


def rows(processes: Processes, query: object) -> list[tuple[str, ...]]:
    engine = create_engine(processes.postgres.url, application_name="test", pool_size=1)
    try:
        with transaction(engine) as connection:
            return [tuple(row) for row in connection.execute(query)]  # type: ignore[call-overload]
    finally:
        engine.dispose()


def waiting_on_disk(directory: Path) -> int:
    return len(json.loads((directory / "switches.json").read_text())["waiting"])


def test_control_when_the_store_is_away_then_it_is_served_survives_a_restart_and_is_on_record_once(
    processes: Processes, open_directory: Path
) -> None:
    served, split = pb.ALLOCATION_REASON_CONTROL_SERVED, pb.ALLOCATION_REASON_SPLIT
    here, there = (processes.start(BANDIT, name)["grpc"] for name in (HERE, THERE))
    eventually(lambda: serves(here, split) and serves(there, split), "the experiment is served")
    control = pb.ServeControlRequest(experiment_id=EXPERIMENT_ID, reason="blue is broken", request_id="r1")
    freeze = pb.FreezeRequest(experiment_id=EXPERIMENT_ID, reason="numbers look odd")

    with Client(
        here, experiment_ids=[EXPERIMENT_ID], settings=QUICK, token=identity.secret("service").value
    ) as follower:
        assert follower.wait_until_ready(60)
        processes.postgres.kill()
        switched = operator(here).ServeControl(control).learning_switch
        assert (switched.stored, switched.actor, serves(here, served)) == (False, "ann", True)
        assert operator(here).ServeControl(control).learning_switch == switched
        assert not operator(here).Freeze(freeze).learning_switch.stored
        eventually(
            lambda: follower.allocate(EXPERIMENT_ID, "u", expose=False).reason == "CONTROL_SERVED",
            "the client follows its replica",
        )

    away = (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
    assert refusal(operator(here).ServeArms, pb.ServeArmsRequest(experiment_id=EXPERIMENT_ID, reason="r")) == away
    assert refusal(operator(here).Unfreeze, pb.UnfreezeRequest(experiment_id=EXPERIMENT_ID, reason="r")) == away
    assert serves(there, split)
    processes.kill(HERE)
    here = processes.start(BANDIT, HERE)["grpc"]
    assert serves(here, served)
    assert waiting_on_disk(open_directory / "control-served" / HERE) == 2

    processes.postgres.start()
    eventually(lambda: serves(there, served), "the other replica follows")
    eventually(lambda: not waiting_on_disk(open_directory / "control-served" / HERE), "nothing waits any more")
    assert rows(processes, _SWITCHES) == [
        ("SERVE_CONTROL", "blue is broken", "ann"),
        ("FREEZE", "numbers look odd", "ann"),
    ]
    eventually(lambda: len(rows(processes, _AUDITED)) == 2, "the audit log tells of both")
    assert rows(processes, _AUDITED) == [
        ("bandit.serve_control", "ann", "blue is broken"),
        ("bandit.freeze", "ann", "numbers look odd"),
    ]
    asked = pb.GetBanditRequest(experiment_id=EXPERIMENT_ID)
    assert operator(there).GetBandit(asked).bandit.control_switch.switched_at == switched.switched_at
    eventually(lambda: operator(there).GetBandit(asked).bandit.snapshot.frozen, "the learner froze the weights")

    operator(there).ServeArms(pb.ServeArmsRequest(experiment_id=EXPERIMENT_ID, reason="it is mended"))
    eventually(lambda: serves(here, split), "arms are served again")
