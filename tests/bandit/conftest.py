"""A replica of the bandit on a free port, with a store of its own, and a learner that steps when told."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.bandit.config import Config
from services.bandit.main import Replica
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import learner_session
from shared.clock import now
from shared.config import Secret
from shared.definition.document import to_document
from shared.definition.model import (
    AllocationControls,
    AllocationPolicy,
    AnalysisUnit,
    Arm,
    BetaThompson,
    CombinationRule,
    Experiment,
    ExperimentState,
    Metric,
    MetricKind,
    MetricRole,
    Traffic,
)
from shared.errors import Reason
from shared.rpc import client, status
from shared.store.engine import transaction
from tests.fakes import identity

CHECKOUT = Experiment(
    "checkout",
    (Arm("control", control=True), Arm("blue")),
    (
        Metric(
            "paid",
            MetricKind.PROPORTION,
            MetricRole.PRIMARY,
            combination_rule=CombinationRule.ANY,
            min_value=0,
            max_value=1,
        ),
        Metric("revenue", MetricKind.MEAN, MetricRole.SECONDARY, min_value=0, max_value=1000),
    ),
    AllocationPolicy(
        BetaThompson(), AllocationControls(burn_in_unit_count=10, update_interval=timedelta(0), min_weight_change=0.05)
    ),
    state=ExperimentState.RUNNING,
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
)
PAGE_VIEWS = replace(CHECKOUT, experiment_id="page-views", analysis_unit=AnalysisUnit.ALLOCATION)
HALF = replace(CHECKOUT, experiment_id="half", traffic=Traffic(0.5, 0.2))


class World:
    """Is a replica with its client, and what review and the learner do beside it."""

    def __init__(self, engine: Engine, stack: ExitStack, config: Config) -> None:
        self._engine = engine
        self._session = stack.enter_context(learner_session(engine))
        identity.install(engine)
        self.replica = Replica(config)
        self.address = self.replica.start()["grpc"]
        stack.callback(self.replica.stop)
        self.channel = stack.enter_context(client.open_channel(self.address, token=identity.ADA))
        self.stub = BanditServiceStub(self.channel)

    def apply(self, *experiments: Experiment) -> None:
        """Does what review does: stores the newest revision."""
        statement = text(
            "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text,"
            " labels, create_request_digest, created_at, updated_at) VALUES (:id, :state, :revision, '',"
            " CAST(:document AS jsonb), '', '', '{}', '', now(), now()) ON CONFLICT (experiment_id)"
            " DO UPDATE SET state = excluded.state, revision = excluded.revision, definition = excluded.definition"
        )
        with transaction(self._engine) as connection:
            for experiment in experiments:
                arguments = {
                    "id": experiment.experiment_id,
                    "state": experiment.state,
                    "revision": experiment.revision,
                    "document": json.dumps(to_document(experiment)),
                }
                connection.execute(statement, arguments)
        self.learn()

    def learn(self) -> int:
        """Does what the learner does, once; returns how many snapshots it published."""
        assert self._session is not None
        self._wait_for_writers()
        return Learner(self._session, now=now).step()

    def _wait_for_writers(self) -> None:
        """Returns once no transaction is under way that would keep later rows from being folded."""
        idle = text("SELECT pg_snapshot_xmin(now) = pg_snapshot_xmax(now) FROM pg_current_snapshot() AS now")
        with transaction(self._engine) as connection:
            for _ in range(10_000):
                if connection.scalar(idle):
                    return

    def wait_for_version(self, experiment_id: str, version: int) -> None:
        """Returns when the replica serves a version."""
        request = pb.WatchPoliciesRequest(experiment_ids=[experiment_id])
        stream = self.stub.WatchPolicies(request, timeout=20)
        for message in stream:
            if any(snapshot.policy_version >= version for snapshot in message.snapshots):
                stream.cancel()
                return


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """What the replica is told."""
    return Config(
        address="127.0.0.1:0",
        database_url=Secret(database_url),
        token_keys=Secret("1:" + "ab" * 32),
        state_directory=tmp_path / "bandit",
        spool_bytes=1 << 20,
        poll_interval=timedelta(milliseconds=100),
        drain_grace=timedelta(seconds=1),
    )


@pytest.fixture
def world(engine: Engine, config: Config) -> Iterator[World]:
    """A running replica that knows three experiments."""
    with ExitStack() as stack:
        running = World(engine, stack, config)
        running.apply(CHECKOUT, PAGE_VIEWS, HALF)
        for experiment in (CHECKOUT, PAGE_VIEWS, HALF):
            running.wait_for_version(experiment.experiment_id, 1)
        yield running


def refusal(call: object, request: object) -> tuple[grpc.StatusCode, Reason, list[str]]:
    """Returns code, reason and fields of the error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)  # type: ignore[operator]
    error = status.from_rpc_error(caught.value)
    return caught.value.code(), error.reason, [violation.field for violation in error.violations]
