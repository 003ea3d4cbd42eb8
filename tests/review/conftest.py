"""A review server on a free port, with a store of its own, and a client of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import pytest
import sqlalchemy

from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review import main
from services.review.config import Config
from services.review.domain.policy.rules import Policy
from services.review.store.postgres import PostgresReviewStore
from shared import clock, errors, telemetry
from shared.bell import Bell
from shared.rpc import client, status
from shared.store import engine as store_engine
from tests.fakes import identity

STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Refusal:
    """Is an error as the client sees it."""

    code: grpc.StatusCode
    error: errors.PlatformError

    @property
    def reason(self) -> tuple[grpc.StatusCode, errors.Reason]:
        return self.code, self.error.reason

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.error.violations]


# The methods of a stub differ in their messages.
Refused: TypeAlias = Callable[[Any, Any], Refusal]


@contextmanager
def _served(engine: sqlalchemy.Engine) -> Iterator[ExperimentServiceStub]:
    metrics = telemetry.RpcMetrics(telemetry.new_registry())
    store, bell = PostgresReviewStore(engine), Bell()
    server = main.build_server(Config(address="127.0.0.1:0"), store, metrics, identity.authorizer(), bell)
    # Whoever is to be somebody else says so in the metadata of the call.
    with client.open_channel(server.start(), token=identity.ADA) as channel:
        yield ExperimentServiceStub(channel)
    server.stop(STOP_SECONDS)


@pytest.fixture
def open_policy(engine: sqlalchemy.Engine) -> None:
    """Brings a policy without rules into force: for tests of something else than approvals."""
    with PostgresReviewStore(engine).transaction() as transaction:
        transaction.policies.add(Policy(1, (), "cr_0", "ada", clock.now()))


@pytest.fixture
def stub(engine: sqlalchemy.Engine, open_policy: None) -> Iterator[ExperimentServiceStub]:
    with _served(engine) as opened:
        yield opened


@pytest.fixture
def storeless_stub() -> Iterator[ExperimentServiceStub]:
    """Speaks to a server whose store is away."""
    engine = store_engine.create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")
    with _served(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def refused() -> Refused:
    def call(method: Any, request: Any) -> Refusal:
        with pytest.raises(grpc.RpcError) as caught:
            method(request, timeout=STOP_SECONDS)
        return Refusal(caught.value.code(), status.from_rpc_error(caught.value))

    return call
