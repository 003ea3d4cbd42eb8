"""A review server on a free port, with a store of its own, and a client of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import pytest
import sqlalchemy

from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review import main
from services.review.config import Config
from shared import errors, telemetry
from shared.rpc import client, status

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


@pytest.fixture
def channel(engine: sqlalchemy.Engine) -> Iterator[grpc.Channel]:
    metrics = telemetry.RpcMetrics(telemetry.new_registry())
    server = main.build_server(Config(address="127.0.0.1:0"), engine, metrics)
    opened = client.open_channel(server.start())
    yield opened
    opened.close()
    server.stop(STOP_SECONDS)


@pytest.fixture
def stub(channel: grpc.Channel) -> ExperimentServiceStub:
    return ExperimentServiceStub(channel)


@pytest.fixture
def refused() -> Refused:
    def call(method: Any, request: Any) -> Refusal:
        with pytest.raises(grpc.RpcError) as caught:
            method(request, timeout=STOP_SECONDS)
        return Refusal(caught.value.code(), status.from_rpc_error(caught.value))

    return call
