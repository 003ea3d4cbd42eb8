"""Requests that the tests of the service share, and the refusals that they meet."""

import grpc
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason
from shared.store.engine import transaction
from tests.bandit.conftest import World

INVALID_FIELD = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)
NOT_FOUND: tuple[grpc.StatusCode, Reason, list[str]] = (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND, [])


def allocate(world: World, unit_id: str, experiment_id: str = "checkout", **fields: object) -> pb.Allocation:
    request = pb.AllocateRequest(experiment_id=experiment_id, unit_id=unit_id, **fields)  # type: ignore[arg-type]
    return world.stub.Allocate(request).allocation


def outcome(**fields: object) -> pb.Outcome:
    given = {"event_id": "e1", "experiment_id": "checkout", "unit_id": "u", "metric_id": "paid", "value": 1.0, **fields}
    return pb.Outcome(**given)  # type: ignore[arg-type]


def row_count(engine: Engine, table: str) -> int:
    with transaction(engine) as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def counted(world: World, experiment_id: str = "checkout") -> tuple[int, float]:
    """Returns units and the sum of their values, once everything that was spooled has been drained and folded."""
    for _ in range(200):
        world.learn()
        arms = world.stub.GetBandit(pb.GetBanditRequest(experiment_id=experiment_id)).bandit.arms
        if sum(arm.unit_count for arm in arms) and not world.replica.spooled_bytes:
            break
    world.learn()
    arms = world.stub.GetBandit(pb.GetBanditRequest(experiment_id=experiment_id)).bandit.arms
    return sum(arm.unit_count for arm in arms), sum(arm.value_sum for arm in arms)
