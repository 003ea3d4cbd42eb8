"""Calls the services: one channel each, every call with its caller's token and a deadline."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import grpc
from google.protobuf import message

from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.gateway.config import UpstreamOptions
from services.gateway.upstream.origin import Origin
from shared import errors
from shared.rpc import client, status

if TYPE_CHECKING:
    from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceAsyncStub
    from experimentation.v1.audit_service_pb2_grpc import AuditServiceAsyncStub
    from experimentation.v1.bandit_service_pb2_grpc import BanditServiceAsyncStub
    from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceAsyncStub
    from experimentation.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from experimentation.v1.review_service_pb2_grpc import ReviewServiceAsyncStub

_Request = TypeVar("_Request", bound=message.Message)
_Response = TypeVar("_Response", bound=message.Message)

_PROCESSES: Final = {"BanditService": "bandit", "AnalysisService": "ai"}
_STUBS: Final = {
    "ExperimentService": "experiments",
    "ReviewService": "reviews",
    "AuditService": "audit",
    "IdentityService": "identities",
    "BanditService": "bandit",
    "AnalysisService": "analysis",
}
_RETRY_AFTER_SECONDS: Final = 1.0


class Upstream:
    """Holds stubs of all services; use it in an `async with` statement, on the loop that calls."""

    experiments: "ExperimentServiceAsyncStub"
    reviews: "ReviewServiceAsyncStub"
    audit: "AuditServiceAsyncStub"
    identities: "IdentityServiceAsyncStub"
    bandit: "BanditServiceAsyncStub"
    analysis: "AnalysisServiceAsyncStub"

    def __init__(self, options: UpstreamOptions) -> None:
        self._options = options
        self._channels = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Opens the channels; they connect when they are first used."""
        review = await self._opened(self._options.review_address)
        self.experiments = ExperimentServiceStub(review)
        self.reviews = ReviewServiceStub(review)
        self.audit = AuditServiceStub(review)
        self.identities = IdentityServiceStub(review)
        self.bandit = BanditServiceStub(await self._opened(self._options.bandit_address))
        self.analysis = AnalysisServiceStub(await self._opened(self._options.ai_address))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the channels, and with them every call under way."""
        await self._channels.aclose()

    def method(self, rpc: str) -> Any:
        """Returns the method of a stub that is named as in `BanditService.GetBandit`."""
        service, _, name = rpc.partition(".")
        return getattr(getattr(self, _STUBS[service]), name)

    async def call(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[_Request, _Response]",
        request: _Request,
        origin: Origin,
        *,
        timeout_seconds: float | None = None,
    ) -> _Response:
        """Returns the response; what is UNAVAILABLE has been tried again within the timeout.

        Args:
            method: The method of a stub, such as `upstream.bandit.GetBandit`.
            request: The request.
            origin: For whom.
            timeout_seconds: The deadline. None: the configured one.

        Raises:
            errors.PlatformError: The call failed; UNAVAILABLE / DRAINING where the service cannot be reached.
        """
        timeout = self._options.timeout.total_seconds() if timeout_seconds is None else timeout_seconds
        try:
            return await method(request, timeout=timeout, metadata=origin.metadata())
        except grpc.aio.AioRpcError as error:
            raise _told(error, request) from error

    async def stream(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[_Request, _Response]",
        request: _Request,
        origin: Origin,
    ) -> AsyncGenerator[_Response, None]:
        """Yields the responses as they come; closing the iterator cancels the call.

        Raises:
            errors.PlatformError: The call failed, as `call` says.
        """
        call = method(request, metadata=origin.metadata())
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise _told(error, request) from error
        finally:
            call.cancel()

    async def _opened(self, address: str) -> grpc.aio.Channel:
        channel = client.open_async_channel(address, tls=self._options.client_tls())
        return await self._channels.enter_async_context(channel)


def process_of(request: message.Message) -> str:
    """Returns the name of the process that answers the request: `review`, `bandit` or `ai`."""
    service = next(iter(request.DESCRIPTOR.file.services_by_name))
    return _PROCESSES.get(service, "review")


def _told(error: grpc.aio.AioRpcError, request: message.Message) -> errors.PlatformError:
    """Returns the error; one of the transport names the service, and says nothing of the inside."""
    found, code = status.from_rpc_error(error), error.code()
    if not found.message.startswith(f"{code.name}: "):
        return found
    process = process_of(request)
    about = {"service": process}
    if isinstance(found, errors.Unavailable):
        text = f"the {process} service cannot be reached"
        return errors.Unavailable(found.reason, text, metadata=about, retry_after_seconds=_RETRY_AFTER_SECONDS)
    if isinstance(found, errors.DeadlineExceeded):
        return errors.DeadlineExceeded(found.reason, f"the {process} service did not answer in time", metadata=about)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        text = f"the {process} service does not know this call: it is older than the gateway"
        return errors.FailedPrecondition(errors.Reason.INVALID_STATE, text, metadata={**about, "state": "OLDER"})
    if isinstance(found, errors.ResourceExhausted):
        text = f"a message from or to the {process} service is too large"
        return errors.ResourceExhausted(found.reason, text, metadata=about)
    return errors.Internal(errors.Reason.INTERNAL, f"the {process} service failed", metadata=about)
