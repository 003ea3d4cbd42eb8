"""Who may call what, through a real server: before anything else is looked at, and for as long as a stream lasts."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc
from shared import clock, errors
from shared.errors import Reason
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Caller, Principal, PrincipalKind, Role
from shared.rpc import caller, client, status
from shared.rpc.authorization import CallAuthorizer
from shared.rpc.introspection import REFLECTION_SERVICES
from shared.rpc.options import ServerOptions
from tests.fakes import identity
from tests.shared.rpc.conftest import Serve, Served, allocate, handled
from tests.shared.rpc.issued import Authority

WAIT_SECONDS = 10.0
ALLOCATE = "/experimentation.v1.BanditService/Allocate"


def fails(call: Any, request: Any, **arguments: Any) -> tuple[grpc.StatusCode, errors.PlatformError]:
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=WAIT_SECONDS, **arguments)
    return raised.value.code(), status.from_rpc_error(raised.value)


class Desk:
    """Is a real authorizer whose book is replaced by hand, and what it tells of."""

    def __init__(self) -> None:
        self.denied: list[tuple[str, str]] = []
        self.authenticator = Authenticator(clock=clock.now)
        self.authenticator.replace(identity.book())
        self.authorizer = CallAuthorizer(self.authenticator, on_denied=self._note)

    def _note(self, caller: Caller, path: str) -> None:
        self.denied.append((caller.principal_id, path))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def bare(serve: Serve, desk: Desk) -> Served:
    """Serves Allocate and GetBandit, on a channel without a token."""
    return serve({"Allocate": allocate, "GetBandit": allocate}, authorizer=desk.authorizer, validate=True)


def test_call_when_the_caller_may_then_the_handler_knows_who_it_is(serve: Serve, desk: Desk) -> None:
    seen: list[Caller] = []

    def note(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        seen.append(caller.current())
        return pb.AllocateResponse()

    served = serve({"Allocate": note}, authorizer=desk.authorizer)

    for who in ("service", "ada"):
        served.stub.Allocate(pb.AllocateRequest(), metadata=identity.metadata(who), timeout=WAIT_SECONDS)

    assert [each.principal_id for each in seen] == ["service", "ada"]
    assert desk.denied == []


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ((), "missing"),
        ((("authorization", "Bearer"),), "malformed"),
        ((("authorization", "Basic YTpi"),), "malformed"),
        ((*identity.metadata("ada"), *identity.metadata("ada")), "malformed"),
        (identity.metadata("nobody"), "unknown"),
    ],
)
def test_call_when_nobody_is_known_then_is_refused_before_the_request_is_looked_at(
    bare: Served, metadata: Any, problem: str
) -> None:
    # The request breaks the rules of its proto, and would not even parse.
    for call, request in (
        (bare.stub.Allocate, pb.AllocateRequest()),
        (bare.channel.unary_unary(ALLOCATE), b"\xff\xff"),
    ):
        code, error = fails(call, request, metadata=metadata)

        assert (code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, Reason.UNAUTHENTICATED)
        assert error.metadata == {"problem": problem}
    assert handled(bare, ALLOCATE[1:], "UNAUTHENTICATED") == 2


def test_call_when_the_caller_may_not_then_is_refused_and_told_of(bare: Served, desk: Desk) -> None:
    code, error = fails(bare.stub.Allocate, pb.AllocateRequest(), metadata=identity.metadata("rob"))

    assert (code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED)
    assert error.metadata == {"permission": "allocations.serve"}
    assert desk.denied == [("rob", ALLOCATE)]
    assert handled(bare, ALLOCATE[1:], "PERMISSION_DENIED") == 1


def test_call_when_the_refusal_cannot_be_told_then_is_refused_all_the_same(
    serve: Serve, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(caller: Caller, path: str) -> None:
        raise ValueError("the log is full")

    authorizer = CallAuthorizer(desk.authenticator, on_denied=fail)
    served = serve({"Allocate": allocate}, authorizer=authorizer)

    code, _ = fails(served.stub.Allocate, pb.AllocateRequest(), metadata=identity.metadata("vic"))

    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "a refusal could not be told" in caplog.text


def test_guard_when_the_method_is_not_mapped_then_even_an_admin_is_refused(serve: Serve, desk: Desk) -> None:
    guard = desk.authorizer.guard("/experimentation.v1.NewService/DoSomething")
    asked: list[errors.PlatformError] = []

    def ask(request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        with pytest.raises(errors.PermissionDenied) as raised:
            guard(context)
        asked.append(raised.value)
        return pb.AllocateResponse()

    served = serve({"Allocate": ask})
    served.stub.Allocate(pb.AllocateRequest(), metadata=identity.metadata("ada"), timeout=WAIT_SECONDS)

    assert asked[0].reason is Reason.PERMISSION_DENIED
    assert desk.denied == [("ada", "/experimentation.v1.NewService/DoSomething")]


class Feed:
    """Is a stream that says something whenever it is told to, and looks after its caller while it waits."""

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)
        self.asks_itself = False

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Iterator[pb.WatchPoliciesResponse]:
        yield pb.WatchPoliciesResponse()
        while self.turns.acquire(timeout=WAIT_SECONDS):
            if self.asks_itself:
                caller.confirm()
            else:
                yield pb.WatchPoliciesResponse()


@pytest.mark.parametrize("asks_itself", [False, True])
def test_stream_when_the_token_is_revoked_then_ends_with_the_next_message_or_when_it_asks(
    serve: Serve, desk: Desk, *, asks_itself: bool
) -> None:
    feed = Feed()
    served = serve({"WatchPolicies": feed}, authorizer=desk.authorizer)
    responses = served.stub.WatchPolicies(pb.WatchPoliciesRequest(), metadata=identity.metadata("service"))
    next(responses)
    feed.turns.release()
    next(responses)

    desk.authenticator.replace(CredentialBook(identity.PRINCIPALS, []))
    feed.asks_itself = asks_itself
    feed.turns.release()

    with pytest.raises(grpc.RpcError) as raised:
        next(responses)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert status.from_rpc_error(raised.value).metadata == {"problem": "unknown"}


def test_stream_when_the_caller_loses_the_permission_then_ends(serve: Serve, desk: Desk) -> None:
    feed = Feed()
    served = serve({"WatchPolicies": feed}, authorizer=desk.authorizer)
    responses = served.stub.WatchPolicies(pb.WatchPoliciesRequest(), metadata=identity.metadata("service"))
    next(responses)
    lesser = [Principal(one.principal_id, one.kind, one.person_id, frozenset()) for one in identity.PRINCIPALS]

    desk.authenticator.replace(CredentialBook(lesser, identity.book().tokens))
    feed.turns.release()

    with pytest.raises(grpc.RpcError) as raised:
        next(responses)
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_stream_when_nobody_is_known_then_is_refused(serve: Serve, desk: Desk) -> None:
    served = serve({"WatchPolicies": Feed()}, authorizer=desk.authorizer)

    with pytest.raises(grpc.RpcError) as raised:
        next(served.stub.WatchPolicies(pb.WatchPoliciesRequest(), timeout=WAIT_SECONDS))

    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_health_and_reflection_when_nobody_is_known_then_answer(bare: Served) -> None:
    bare.server.set_serving(serving=True)

    health = health_pb2_grpc.HealthStub(bare.channel).Check(health_pb2.HealthCheckRequest(), timeout=WAIT_SECONDS)
    (answer,) = list_services(bare)

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert answer.list_services_response.service


def list_services(served: Served) -> list[Any]:
    method: Any = served.channel.stream_stream(
        f"/{REFLECTION_SERVICES[0]}/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    return list(method(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=WAIT_SECONDS))


def test_reflection_when_it_is_configured_off_then_is_not_there(serve: Serve) -> None:
    served = serve({}, options=ServerOptions(reflection=False))

    with pytest.raises(grpc.RpcError) as raised:
        list_services(served)

    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_current_when_no_call_is_under_way_then_says_so() -> None:
    found: list[BaseException] = []

    def ask() -> None:
        for question in (caller.current, caller.confirm):
            try:
                question()
            except LookupError as error:
                found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert len(found) == 2


# What certificates say, by what is mapped: the first of their URIs that is, or their common name where they have none.
SHOP = Principal(
    "shop", PrincipalKind.SERVICE, "", frozenset({Role.SERVICE}), external_ids=frozenset({"mtls:spiffe://corp/shop"})
)
CART = Principal("cart", PrincipalKind.SERVICE, "", frozenset({Role.SERVICE}), external_ids=frozenset({"mtls:cart"}))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def mutual(serve: Serve, desk: Desk, authority: Authority) -> Served:
    """Serves Allocate, over mutual TLS."""
    own = authority.issue("localhost", [x509.DNSName("localhost")])
    options = ServerOptions(
        address="localhost:0", tls_certificate=own.certificate, tls_key=own.key, tls_client_ca=authority.path
    )
    assert options.shows_certificates
    book = identity.book()
    desk.authenticator.replace(CredentialBook([*book.principals, SHOP, CART], book.tokens))
    return serve(
        {"Allocate": lambda request, context: allocated_to(caller.current())},
        options=options,
        authorizer=CallAuthorizer(desk.authenticator, certificates=True),
    )


def allocated_to(who: Caller) -> pb.AllocateResponse:
    return pb.AllocateResponse(allocation=pb.Allocation(arm_id=f"{who.principal_id} by {who.authentication}"))


def call_over(served: Served, tls: client.ClientTls, **arguments: Any) -> str:
    with client.open_channel(served.address, tls=tls) as channel:
        stub = bandit_service_pb2_grpc.BanditServiceStub(channel)
        return stub.Allocate(pb.AllocateRequest(), timeout=WAIT_SECONDS, **arguments).allocation.arm_id


@pytest.mark.parametrize(
    ("common_name", "alternatives", "who"),
    [
        ("anything", [x509.UniformResourceIdentifier("spiffe://corp/shop")], "shop by mtls"),
        (
            "anything",
            [x509.UniformResourceIdentifier(f"spiffe://corp/{name}") for name in ("x", "shop")],
            "shop by mtls",
        ),
        ("cart", [], "cart by mtls"),
        ("cart", [x509.DNSName("cart.corp.example")], "cart by mtls"),
    ],
)
def test_certificate_when_it_is_mapped_then_says_who_calls(
    mutual: Served, authority: Authority, common_name: str, alternatives: list[x509.GeneralName], who: str
) -> None:
    assert call_over(mutual, authority.issue(common_name, alternatives)) == who


@pytest.mark.parametrize(
    ("common_name", "alternatives"),
    [
        ("nobody", []),
        # One that names itself by a URI is not known by its common name, nor is a name that looks like a URI a URI.
        ("cart", [x509.UniformResourceIdentifier("spiffe://corp/other")]),
        ("spiffe://corp/shop", []),
        ("nobody", [x509.DNSName("spiffe://corp/shop")]),
    ],
)
def test_certificate_when_it_is_not_mapped_then_is_refused(
    mutual: Served, authority: Authority, common_name: str, alternatives: list[x509.GeneralName]
) -> None:
    tls = authority.issue(common_name, alternatives)

    with pytest.raises(grpc.RpcError) as raised:
        call_over(mutual, tls)

    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_certificate_when_there_is_a_token_too_then_the_token_says_who_calls(
    mutual: Served, authority: Authority
) -> None:
    assert call_over(mutual, authority.issue("cart"), metadata=identity.metadata("service")) == "service by token"


def test_certificate_when_somebody_else_signed_it_then_no_connection_is_made(
    mutual: Served, authority: Authority, tmp_path: Path
) -> None:
    theirs = Authority(tmp_path, "stranger").issue("cart")

    with pytest.raises(grpc.RpcError) as raised:
        call_over(mutual, client.ClientTls(authority.path, theirs.certificate, theirs.key))

    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
