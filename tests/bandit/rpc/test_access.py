"""Who may call a replica: with the store there, and without."""

from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.bandit.config import Config
from services.bandit.main import Replica
from shared.config import Secret
from shared.errors import Reason
from shared.rpc import client
from shared.store import notify
from shared.store.credentials import CHANNEL
from shared.store.engine import transaction
from tests.bandit.conftest import World, refusal
from tests.bandit.rpc.calls import allocate
from tests.fakes import identity

NOWHERE = Secret("postgresql://postgres@127.0.0.1:1/none")
UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, Reason.UNAUTHENTICATED)
REQUEST = pb.AllocateRequest(experiment_id="checkout", unit_id="u")


def revoke(engine: Engine, principal_id: str) -> None:
    """Does what review does."""
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE api_tokens SET revoked_at = now() WHERE principal_id = :id"), {"id": principal_id}
        )
        notify.notify(connection, CHANNEL, principal_id)


def test_watch_policies_when_its_token_is_revoked_then_ends_though_nothing_is_published(
    world: World, engine: Engine
) -> None:
    with client.open_channel(world.address, token=identity.secret("service")) as channel:
        stream = BanditServiceStub(channel).WatchPolicies(pb.WatchPoliciesRequest(), timeout=20)
        next(stream)

        revoke(engine, "service")

        with pytest.raises(grpc.RpcError) as raised:
            list(stream)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert allocate(world, "u").arm_id


def test_replica_when_it_restarts_while_the_store_is_away_then_still_knows_its_callers(
    world: World, config: Config, engine: Engine
) -> None:
    expected = world.stub.Allocate(REQUEST, timeout=20).allocation.arm_id
    world.replica.stop()
    away = replace(config, database_url=NOWHERE, record_timeout=timedelta(seconds=1))

    with_file = Replica(away)
    try:
        with client.open_channel(with_file.start()["grpc"]) as channel:
            stub = BanditServiceStub(channel)
            answer = stub.Allocate(REQUEST, metadata=identity.metadata("service"), timeout=20).allocation
            unknown = refusal(stub.Allocate, REQUEST)
    finally:
        with_file.stop()

    assert (answer.arm_id, unknown[:2]) == (expected, UNAUTHENTICATED)


def test_replica_when_it_starts_for_the_first_time_while_the_store_is_away_then_knows_nobody_yet(
    config: Config,
) -> None:
    replica = Replica(replace(config, database_url=NOWHERE))
    try:
        with client.open_channel(replica.start()["grpc"], token=identity.ADA) as channel:
            refused = refusal(BanditServiceStub(channel).Allocate, REQUEST)
    finally:
        replica.stop()

    assert refused[:2] == (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
