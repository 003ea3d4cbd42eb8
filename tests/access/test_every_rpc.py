"""Each RPC of each service, through real servers whose store is away, with credentials that are not good for it.

That the refusal comes all the same proves that nothing was looked up before.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor

from experimentation.v1 import (
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    review_service_pb2,
)
from services.ai.config import Config as AiConfig
from services.ai.main import build_parts, build_server
from services.bandit.config import Config as BanditConfig
from services.bandit.main import Replica
from services.bandit.store.credential_file import LocalCredentialFile
from services.review import main as review_main
from services.review.config import Config as ReviewConfig
from services.review.store.postgres import PostgresReviewStore
from shared import clock, telemetry
from shared.bell import Bell
from shared.config import Secret
from shared.errors import Reason
from shared.identity import token
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.permission import PERMISSION_OF
from shared.identity.roles import permissions_of
from shared.identity.token import ApiToken
from shared.rpc import status
from shared.rpc.authorization import CallAuthorizer
from shared.store.engine import create_engine
from tests.fakes import identity
from tests.fakes.proposer import FakeProposer

NOWHERE: Final = "postgresql://postgres@127.0.0.1:1/none"
CALL_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0
METHODS: Final = [
    f"/{service.full_name}/{method.name}"
    for module in (
        bandit_service_pb2,
        experiment_service_pb2,
        review_service_pb2,
        audit_service_pb2,
        identity_service_pb2,
        analysis_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
FROM_MEMORY: Final = ("/GetCaller", "/AllocateAll", "/WatchPolicies")
"""Those that answer an empty request though there is no store."""
NOW: Final = datetime.now(UTC)


def _secret(token_id: str) -> str:
    return token.new_secret(token_id, lambda size: token_id.encode().ljust(size, b"."))


def _token(token_id: str, principal_id: str, **changes: Any) -> ApiToken:
    made = ApiToken(token_id, principal_id, token.hash_of(_secret(token_id)), frozenset(), NOW, NOW + timedelta(days=1))
    return replace(made, **changes)


def book() -> CredentialBook:
    """Returns the people of all tests, one without a role, and a token for each way in which one can be bad."""
    ada = next(one for one in identity.PRINCIPALS if one.principal_id == "ada")
    return CredentialBook(
        [
            *identity.PRINCIPALS,
            replace(ada, principal_id="disabled", disabled=True),
            replace(ada, principal_id="idle", roles=frozenset()),
        ],
        [
            *identity.book().tokens,
            _token("expired", "ada", expires_at=NOW - timedelta(seconds=1)),
            _token("revoked", "ada", revoked_at=NOW - timedelta(seconds=1)),
            _token("disabled", "disabled"),
            _token("narrow", "ada", scopes=frozenset({"caller.read"})),
            _token("idle", "idle"),
        ],
    )


BAD: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "missing": (),
    "malformed": (("authorization", f"Bearer {_secret('expired')[:-1]}"),),
    "unknown": (("authorization", f"Bearer {_secret('nobody')}"),),
    "expired": (("authorization", f"Bearer {_secret('expired')}"),),
    "revoked": (("authorization", f"Bearer {_secret('revoked')}"),),
    "disabled": (("authorization", f"Bearer {_secret('disabled')}"),),
}


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, grpc.Channel]]:
    """Channels to a review and a replica that know their callers and have no store; by service."""
    with ExitStack() as stack:
        # Without retries: the store stays away.
        review, bandit, ai = (
            stack.enter_context(grpc.insecure_channel(address, options=[("grpc.enable_retries", 0)]))
            for address in (_review(stack), _bandit(stack, tmp_path_factory.mktemp("bandit")), _ai(stack))
        )
        others = {"experimentation.v1.BanditService": bandit, "experimentation.v1.AnalysisService": ai}
        yield {name: others.get(name, review) for name in (path.split("/")[1] for path in METHODS)}


def _review(stack: ExitStack) -> str:
    engine = create_engine(NOWHERE, application_name="test")
    stack.callback(engine.dispose)
    authenticator = Authenticator(clock=clock.now)
    authenticator.replace(book())
    store = PostgresReviewStore(engine)
    server = review_main.build_server(
        ReviewConfig(address="127.0.0.1:0"),
        store,
        telemetry.RpcMetrics(telemetry.new_registry()),
        CallAuthorizer(authenticator),
        Bell(),
    )
    review_main.add_identity_service(server, store, refresh=lambda: None, on_denied=lambda _caller, _action: None)
    address = server.start()
    stack.callback(server.stop, STOP_SECONDS)
    return address


def _bandit(stack: ExitStack, directory: Path) -> str:
    LocalCredentialFile(directory / "credentials.json").write(book())
    replica = Replica(
        BanditConfig(
            address="127.0.0.1:0",
            database_url=Secret(NOWHERE),
            token_keys=Secret("1:" + "ab" * 32),
            state_directory=directory,
            spool_bytes=1 << 20,
            record_timeout=timedelta(seconds=1),
            drain_grace=timedelta(seconds=1),
        )
    )
    address = replica.start()["grpc"]
    stack.callback(replica.stop)
    return address


def _ai(stack: ExitStack) -> str:
    engine = create_engine(NOWHERE, application_name="test")
    stack.callback(engine.dispose)
    authenticator = Authenticator(clock=clock.now)
    authenticator.replace(book())
    options, registry = AiConfig(address="127.0.0.1:0"), telemetry.new_registry()
    parts = build_parts(options, engine, registry)
    stack.callback(parts.provider.close)
    server = build_server(
        options,
        parts,
        FakeProposer(),
        metrics=telemetry.RpcMetrics(registry),
        authorizer=CallAuthorizer(authenticator),
        bell=Bell(),
    )
    address = server.start()
    stack.callback(server.stop, STOP_SECONDS)
    return address


def described(path: str) -> MethodDescriptor:
    _, service, method = path.split("/")
    found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
    assert isinstance(found, MethodDescriptor)
    return found


def refused(channels: Mapping[str, grpc.Channel], path: str, metadata: Any) -> tuple[Any, Reason, Mapping[str, str]]:
    """Returns how a call with an empty request is refused."""
    method, channel = described(path), channels[path.split("/")[1]]
    request = message_factory.GetMessageClass(method.input_type)()
    opened: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = opened(path, type(request).SerializeToString)
    with pytest.raises(grpc.RpcError) as raised:
        # A stream is refused when its first message is asked for.
        list(call(request, timeout=CALL_SECONDS, metadata=metadata))
    error = status.from_rpc_error(raised.value)
    return raised.value.code(), error.reason, error.metadata


@pytest.mark.parametrize("problem", BAD)
@pytest.mark.parametrize("path", METHODS)
def test_rpc_when_the_credentials_are_not_good_then_nobody_is_known(
    channels: Mapping[str, grpc.Channel], path: str, problem: str
) -> None:
    assert refused(channels, path, BAD[problem]) == (
        grpc.StatusCode.UNAUTHENTICATED,
        Reason.UNAUTHENTICATED,
        {"problem": problem},
    )


@pytest.mark.parametrize("path", [path for path in METHODS if not path.endswith("/GetCaller")])
def test_rpc_when_the_role_or_the_token_does_not_allow_it_then_is_denied(
    channels: Mapping[str, grpc.Channel], path: str
) -> None:
    needed = PERMISSION_OF[path]
    lacking = [one.principal_id for one in identity.PRINCIPALS if needed not in permissions_of(one)]
    of_nobody = [(("authorization", f"Bearer {_secret(token_id)}"),) for token_id in ("narrow", "idle")]

    answers = [refused(channels, path, metadata) for metadata in (*of_nobody, *map(identity.metadata, lacking))]

    assert answers == [
        (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED, {"permission": needed.value})
    ] * len(answers)


@pytest.mark.parametrize("path", [path for path in METHODS if not path.endswith(FROM_MEMORY)])
def test_rpc_when_the_caller_may_then_is_not_refused_for_who_it_is(
    channels: Mapping[str, grpc.Channel], path: str
) -> None:
    code, _, _ = refused(channels, path, identity.metadata("ada"))

    assert code not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
