"""Channels and calls: retries, metadata, TLS, and errors of the platform."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc
from shared import errors
from shared.config import Secret
from shared.errors import Reason
from shared.rpc import client
from shared.rpc.options import ServerOptions
from tests.shared.rpc.conftest import Serve, Served

WAIT_SECONDS = 5.0
CERTIFICATES = Path(__file__).parent / "certificates"
CA = CERTIFICATES / "ca.pem"
SERVER_TLS = ServerOptions(tls_certificate=CERTIFICATES / "server.pem", tls_key=CERTIFICATES / "server.key")
MUTUAL_TLS = ServerOptions(
    tls_certificate=CERTIFICATES / "server.pem", tls_key=CERTIFICATES / "server.key", tls_client_ca=CA
)


class Flaky:
    """Fails so many times and then answers with the count of calls."""

    def __init__(self, failures: int, error: errors.PlatformError) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self, request: Any, context: grpc.ServicerContext) -> pb.AllocateResponse:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return pb.AllocateResponse()


class Seen:
    """Keeps the metadata of the last call."""

    def __init__(self) -> None:
        self.metadata: dict[str, str | bytes] = {}
        self._pairs: tuple[tuple[str, str | bytes], ...] = ()

    def pair_count(self, key: str) -> int:
        return sum(name == key for name, _ in self._pairs)

    def __call__(self, request: Any, context: grpc.ServicerContext) -> pb.AllocateResponse:
        self._pairs = tuple(context.invocation_metadata())
        self.metadata = dict(self._pairs)
        return pb.AllocateResponse()

    def stream(self, request: Any, context: grpc.ServicerContext) -> list[pb.WatchPoliciesResponse]:
        self(request, context)
        return []


def allocate(served: Served, **settings: Any) -> pb.AllocateResponse:
    with client.open_channel(served.address, **settings) as channel:
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        return client.call(stub.Allocate, pb.AllocateRequest(), timeout_seconds=WAIT_SECONDS)


def test_call_when_the_server_is_overloaded_then_comes_back_after_the_pushback(serve: Serve) -> None:
    flaky = Flaky(2, errors.Unavailable(Reason.OVERLOADED, "busy", retry_after_seconds=0.01))

    allocate(serve({"Allocate": flaky}))

    assert flaky.calls == 3


def test_call_when_unavailable_stays_then_gives_up_with_its_reason(serve: Serve) -> None:
    flaky = Flaky(9, errors.Unavailable(Reason.STORE_UNAVAILABLE, "no store", retry_after_seconds=0.01))

    with pytest.raises(errors.Unavailable) as raised:
        allocate(serve({"Allocate": flaky}))

    assert raised.value.reason is Reason.STORE_UNAVAILABLE
    assert flaky.calls == 4


def test_call_when_the_error_is_final_then_is_not_repeated(serve: Serve) -> None:
    flaky = Flaky(1, errors.Aborted(Reason.ETAG_MISMATCH, "too late"))

    with pytest.raises(errors.Aborted) as raised:
        allocate(serve({"Allocate": flaky}))

    assert raised.value.reason is Reason.ETAG_MISMATCH
    assert flaky.calls == 1


def test_call_when_nobody_listens_then_is_unavailable(tmp_path: Path) -> None:
    with client.open_channel(f"unix:{tmp_path}/nobody.sock") as channel:
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        with pytest.raises(errors.Unavailable) as raised:
            client.call(stub.Allocate, pb.AllocateRequest(), timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.DRAINING
    assert raised.value.message.startswith("UNAVAILABLE: ")


def test_call_when_the_method_is_not_served_then_is_internal(serve: Serve) -> None:
    unknown: grpc.UnaryUnaryMultiCallable[bytes, bytes] = serve({}).channel.unary_unary("/no.such.Service/Method")

    with pytest.raises(errors.Internal) as raised:
        client.call(unknown, b"", timeout_seconds=WAIT_SECONDS)

    assert raised.value.reason is Reason.INTERNAL
    assert raised.value.message.startswith("UNIMPLEMENTED: ")


def test_channel_when_given_token_and_request_id_then_sends_them_with_every_call(serve: Serve) -> None:
    seen = Seen()
    served = serve({"Allocate": seen, "WatchPolicies": seen.stream})
    ids = iter(["req_1", "req_2"])

    with client.open_channel(served.address, token=Secret("hush"), request_id=lambda: next(ids)) as channel:
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        client.call(stub.Allocate, pb.AllocateRequest(), timeout_seconds=WAIT_SECONDS)
        unary = seen.metadata
        list(client.stream(stub.WatchPolicies, pb.WatchPoliciesRequest(), timeout_seconds=WAIT_SECONDS))

    assert (unary["authorization"], unary["x-request-id"]) == ("Bearer hush", "req_1")
    assert (seen.metadata["authorization"], seen.metadata["x-request-id"]) == ("Bearer hush", "req_2")


def test_channel_when_the_call_carries_a_token_of_its_own_then_that_one_is_sent_alone(serve: Serve) -> None:
    seen = Seen()
    served = serve({"Allocate": seen})

    with client.open_channel(served.address, token=Secret("hush")) as channel:
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        stub.Allocate(pb.AllocateRequest(), metadata=(("authorization", "Bearer mine"),), timeout=WAIT_SECONDS)

    assert seen.metadata["authorization"] == "Bearer mine"
    assert seen.pair_count("authorization") == 1


def test_channel_when_intercepted_then_errors_are_still_the_platforms(serve: Serve) -> None:
    flaky = Flaky(1, errors.experiment_not_found("x"))

    with pytest.raises(errors.NotFound) as raised:
        allocate(serve({"Allocate": flaky}), token=Secret("hush"))

    assert raised.value.metadata == {"experiment_id": "x"}


def test_channel_when_outside_of_a_request_then_sends_no_request_id(serve: Serve) -> None:
    seen = Seen()

    allocate(serve({"Allocate": seen}), request_id=lambda: None)

    assert "x-request-id" not in seen.metadata


def test_tls_when_the_server_is_trusted_then_answers(serve: Serve) -> None:
    served = serve({"Allocate": Seen()}, options=SERVER_TLS)

    assert allocate(served, tls=client.ClientTls(ca=CA)) == pb.AllocateResponse()


def test_tls_when_the_client_speaks_plaintext_then_is_refused(serve: Serve) -> None:
    seen = Seen()

    with pytest.raises(errors.Unavailable):
        allocate(serve({"Allocate": seen}, options=SERVER_TLS))

    assert seen.metadata == {}


def test_mutual_tls_when_the_client_shows_its_certificate_then_answers(serve: Serve) -> None:
    served = serve({"Allocate": Seen()}, options=MUTUAL_TLS)
    tls = client.ClientTls(ca=CA, certificate=CERTIFICATES / "client.pem", key=CERTIFICATES / "client.key")

    assert allocate(served, tls=tls) == pb.AllocateResponse()


def test_mutual_tls_when_the_client_shows_none_then_is_refused(serve: Serve) -> None:
    seen = Seen()

    with pytest.raises(errors.Unavailable):
        allocate(serve({"Allocate": seen}, options=MUTUAL_TLS), tls=client.ClientTls(ca=CA))

    assert seen.metadata == {}
