"""Who may call the services of a local stack: an identity for each role, with its token in a file."""

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import identity_service_pb2 as pb
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from services.admin.secret_file import write_secret
from shared import errors
from shared.clock import Clock
from shared.config import Secret
from shared.identity import token
from shared.ids import new_id
from shared.rpc import client

FOLDER: Final = Path("secrets", "tokens")
ADMIN_ID: Final = "ada"
AGENT_ID: Final = "agent"

_CALL_SECONDS: Final = 30.0
_TIME_TO_LIVE: Final = timedelta(days=366)
_RENEWED_BEFORE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """Is one of the principals of a local stack."""

    principal_id: str
    kind: "pb.PrincipalKind.ValueType"
    role: str
    purpose: str


IDENTITIES: Final = (
    Identity(ADMIN_ID, pb.PRINCIPAL_KIND_HUMAN, "admin", "may do everything"),
    Identity("ann", pb.PRINCIPAL_KIND_HUMAN, "experimenter", "creates experiments and proposes changes"),
    Identity("rob", pb.PRINCIPAL_KIND_HUMAN, "reviewer", "approves what ann proposes"),
    Identity("service", pb.PRINCIPAL_KIND_SERVICE, "service", "asks for arms and records outcomes"),
    Identity(AGENT_ID, pb.PRINCIPAL_KIND_AGENT, "agent", "an AI: proposes, and never approves"),
)


def admin_token_file(directory: Path) -> Path:
    """Returns the file with the admin's token below the stack's directory; makes it where there is none.

    Raises:
        OSError: It cannot be made.
    """
    path = directory / FOLDER / ADMIN_ID
    if not path.exists():
        (directory / FOLDER.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, token.new_secret(new_id("tok"), secrets.token_bytes) + "\n")
    return path


def token_of(directory: Path, principal_id: str) -> Secret:
    """Returns the token of one of the identities.

    Raises:
        OSError: There is none.
    """
    return Secret((directory / FOLDER / principal_id).read_text(encoding="utf-8").strip())


class LocalTokens:
    """Is the part of a stack that makes its identities, once review is ready; what is good already stays."""

    name = "tokens"
    pid = None
    alive = True

    def __init__(self, directory: Path, *, review_address: Callable[[], str], clock: Clock) -> None:
        """Describes them.

        Args:
            directory: Of the stack.
            review_address: Returns where review answers, once it does.
            clock: Tells which tokens are to be renewed.
        """
        self._directory = directory
        self._review_address = review_address
        self._clock = clock

    def start(self, _cancelled: threading.Event) -> Mapping[str, str]:
        """Makes what is missing; returns no addresses.

        Raises:
            FailedPrecondition: INVALID_STATE, the store does not know our admin, and has admins of its own.
            PlatformError: Review does not answer as it should.
            OSError: A file is out of reach.
        """
        admin = token_of(self._directory, ADMIN_ID)
        with client.open_channel(self._review_address(), token=admin) as channel:
            stub = IdentityServiceStub(channel)
            try:
                client.call(stub.GetCaller, pb.GetCallerRequest(), timeout_seconds=_CALL_SECONDS)
            except errors.Unauthenticated as error:
                raise self._unknown() from error
            for identity in IDENTITIES:
                _make(stub, identity)
                if not self._is_good(identity.principal_id):
                    self._renew(stub, identity.principal_id)
        return {}

    def stop(self) -> None:
        """Leaves them as they are."""

    def _is_good(self, principal_id: str) -> bool:
        """Returns whether the token in the file is good, for a while yet."""
        try:
            held = token_of(self._directory, principal_id)
        except FileNotFoundError:
            return False
        with client.open_channel(self._review_address(), token=held) as channel:
            stub = IdentityServiceStub(channel)
            try:
                caller = client.call(stub.GetCaller, pb.GetCallerRequest(), timeout_seconds=_CALL_SECONDS)
            except errors.Unauthenticated:
                return False
        until = caller.expires_at.ToDatetime(self._clock().tzinfo)
        return caller.principal.principal_id == principal_id and until > self._clock() + _RENEWED_BEFORE

    def _renew(self, stub: IdentityServiceStub, principal_id: str) -> None:
        lifetime = Duration()
        lifetime.FromTimedelta(_TIME_TO_LIVE)
        request = pb.CreateTokenRequest(principal_id=principal_id, description="local stack", time_to_live=lifetime)
        made = client.call(stub.CreateToken, request, timeout_seconds=_CALL_SECONDS)
        write_secret(self._directory / FOLDER / principal_id, f"{made.secret}\n")

    def _unknown(self) -> errors.FailedPrecondition:
        path = self._directory / FOLDER / ADMIN_ID
        return errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"the token in {path} is not good in this store: it has expired or was revoked (then remove the file and "
            f"start again), or the store has admins of its own, and {ADMIN_ID!r} is none of them",
            metadata={"state": "unknown_admin"},
        )


def _make(stub: IdentityServiceStub, identity: Identity) -> None:
    principal = pb.Principal(principal_id=identity.principal_id, kind=identity.kind, roles=[identity.role])
    with suppress(errors.AlreadyExists):
        client.call(stub.CreatePrincipal, pb.CreatePrincipalRequest(principal=principal), timeout_seconds=_CALL_SECONDS)
