"""Calls of the services: whose they are, and what is made of their failures."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2
from services.gateway.config import UpstreamOptions
from services.gateway.upstream.origin import Origin
from services.gateway.upstream.services import Upstream, process_of
from shared import errors
from shared.errors import Reason
from tests.fakes import identity
from tests.gateway import ai
from tests.gateway.ai import ScriptedAi
from tests.gateway.front import NOWHERE

CERTIFICATES = Path(__file__).resolve().parents[2] / "shared" / "rpc" / "certificates"
ANN = Origin(identity.secret("ann"), "req-1")


class Listening(ScriptedAi):
    """Keeps what calls carry."""

    def __init__(self) -> None:
        super().__init__()
        self.metadata: list[dict[str, Any]] = []

    def GetEffectiveness(
        self, request: pb.GetEffectivenessRequest, _context: grpc.ServicerContext
    ) -> pb.GetEffectivenessResponse:
        self.metadata.append(dict(_context.invocation_metadata()))
        return super().GetEffectiveness(request, _context)


def asked(options: UpstreamOptions, request: Any, rpc: str, origin: Origin = ANN) -> Any:
    """Calls once."""

    async def call() -> Any:
        async with Upstream(options) as upstream:
            return await upstream.call(upstream.method(rpc), request, origin)

    return asyncio.run(call())


@pytest.fixture
def served() -> Iterator[tuple[Listening, str]]:
    scripted = Listening()
    with ai.served(scripted) as (_, address):
        yield scripted, address


def test_call_then_it_carries_the_callers_token_and_the_request_id(served: tuple[Listening, str]) -> None:
    scripted, address = served

    asked(UpstreamOptions(NOWHERE, NOWHERE, address), pb.GetEffectivenessRequest(), "AnalysisService.GetEffectiveness")

    (metadata,) = scripted.metadata
    assert metadata["authorization"] == f"Bearer {identity.secret('ann').value}"
    assert metadata["x-request-id"] == "req-1"


def test_call_when_the_service_is_another_then_it_is_older_than_the_gateway(served: tuple[Listening, str]) -> None:
    request = bandit_service_pb2.GetBanditRequest(experiment_id="a")

    with pytest.raises(errors.FailedPrecondition) as caught:
        asked(UpstreamOptions(NOWHERE, served[1], NOWHERE), request, "BanditService.GetBandit")

    assert caught.value.reason is Reason.INVALID_STATE
    assert caught.value.metadata["service"] == "bandit"


def test_call_when_the_service_refuses_then_its_own_words(served: tuple[Listening, str]) -> None:
    options = UpstreamOptions(NOWHERE, NOWHERE, served[1])

    with pytest.raises(errors.NotFound) as caught:
        asked(options, pb.GetJobRequest(job_id="none"), "AnalysisService.GetJob")

    assert caught.value.reason is Reason.JOB_NOT_FOUND
    assert caught.value.metadata == {"job_id": "none"}


def test_call_over_tls_then_it_gets_through_and_without_trust_it_does_not() -> None:
    options: dict[str, Any] = {"tls_certificate": CERTIFICATES / "server.pem", "tls_key": CERTIFICATES / "server.key"}
    request, rpc = pb.GetEffectivenessRequest(), "AnalysisService.GetEffectiveness"
    with ai.served(**options) as (_, address):
        port = address.rpartition(":")[2]
        trusting = UpstreamOptions(NOWHERE, NOWHERE, f"localhost:{port}", tls=True, tls_ca=CERTIFICATES / "ca.pem")
        assert asked(trusting, request, rpc) == pb.GetEffectivenessResponse()
        with pytest.raises(errors.Unavailable):
            asked(UpstreamOptions(NOWHERE, NOWHERE, f"localhost:{port}", tls=True), request, rpc)


def test_process_of_then_who_answers() -> None:
    assert process_of(pb.GetJobRequest()) == "ai"
    assert process_of(bandit_service_pb2.AllocateRequest()) == "bandit"


def test_origin_then_the_token_is_in_no_text_of_it() -> None:
    assert identity.secret("ann").value not in repr(ANN)
