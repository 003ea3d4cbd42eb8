"""Wraps the methods of servicers, once each, into what gRPC calls: authorize, parse, check, run, answer, count.

This is the hot path, and takes the place of interceptors: about 3 us around a unary method that does not fail.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NoReturn, TypeAlias

import grpc
from google.protobuf import message

from shared import errors, log
from shared.errors import Reason
from shared.ids import NewId
from shared.rpc import caller, status
from shared.rpc.authorization import Guard
from shared.telemetry import MethodMetrics

# Messages differ from method to method; generated code is typed where servicers are.
Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]
Check: TypeAlias = Callable[[Any], None]

REQUEST_ID_KEY = "x-request-id"
MAX_REQUEST_ID_CHARACTERS = 128

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Method:
    """Is one method of a servicer, and what is done around it.

    Attributes:
        behaviour: Takes the request and the context, and returns the response, or an iterator of responses.
        guard: Says who calls, or raises; it is asked before the request is looked at, and again by streams.
        request_class: What the request is parsed as.
        check: Raises a PlatformError for a bad request. None: no check.
        metrics: Where its calls are counted.
        new_id: Makes the request ids of callers that send none.
        draining: Is set when the server stops, so that streams end.
    """

    behaviour: Behaviour
    guard: Guard
    request_class: type[message.Message]
    check: Check | None
    metrics: MethodMetrics
    new_id: NewId
    draining: threading.Event


class RequestId:
    """Returns the request id of one call: the caller's, or one that is made when first asked for."""

    __slots__ = ("_context", "_new_id", "_value")

    def __init__(self, context: grpc.ServicerContext, new_id: NewId) -> None:
        self._context = context
        self._new_id = new_id
        self._value = ""

    def __call__(self) -> str:
        """Returns the same id every time."""
        if not self._value:
            self._value = self._sent() or self._new_id("req")
        return self._value

    def _sent(self) -> str:
        sent = dict(self._context.invocation_metadata()).get(REQUEST_ID_KEY, "")
        # It goes into logs and answers: nothing long, nothing that breaks lines.
        usable = isinstance(sent, str) and sent.isprintable() and len(sent) <= MAX_REQUEST_ID_CHARACTERS
        return sent if usable and isinstance(sent, str) else ""


def unary(method: Method) -> Behaviour:
    """Returns what gRPC calls with the request's bytes, and what returns the response's."""
    behaviour, guard, check, new_id = method.behaviour, method.guard, method.check, method.new_id
    parse, record = _parser(method.request_class), method.metrics.record

    def answer(request_bytes: bytes, context: grpc.ServicerContext) -> bytes:
        started = perf_counter()
        request_id = RequestId(context, new_id)
        log.bind_request_id(request_id)
        try:
            caller.bind(guard(context))
            request = parse(request_bytes)
            if check is not None:
                check(request)
            response: bytes = behaviour(request, context).SerializeToString()
        except BaseException as error:  # whatever it is, the caller must not wait until the deadline
            _fail(error, context, request_id, lambda code: record(code, perf_counter() - started))
        record("OK", perf_counter() - started)
        return response

    return answer


def stream(method: Method) -> Behaviour:
    """Returns what gRPC calls with the request's bytes, and what yields the responses' until the server drains.

    Before each response it asks whether the caller may go on: credentials may be revoked meanwhile.
    """
    parse, record = _parser(method.request_class), method.metrics.record

    def answer(request_bytes: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        started = perf_counter()
        request_id = RequestId(context, method.new_id)
        log.bind_request_id(request_id)
        try:
            caller.bind(method.guard(context))
            caller.bind_confirmation(lambda: method.guard(context))
            request = parse(request_bytes)
            if method.check is not None:
                method.check(request)
            yield from _until_drained(method.behaviour(request, context), method.draining)
        except GeneratorExit:
            record("CANCELLED", perf_counter() - started)
            raise
        except BaseException as error:  # as above
            _fail(error, context, request_id, lambda code: record(code, perf_counter() - started))
        record("OK", perf_counter() - started)

    return answer


def refusal(error: errors.PlatformError, metrics: MethodMetrics) -> Behaviour:
    """Returns what gRPC calls instead of a method that has no room; it does not wait for the request."""
    prepared = status.to_status(error)

    def answer(_requests: Any, context: grpc.ServicerContext) -> NoReturn:
        metrics.record(prepared.code.name, 0.0)
        context.abort_with_status(prepared)

    return answer


def _parser(request_class: type[message.Message]) -> Callable[[bytes], message.Message]:
    from_string, name = request_class.FromString, request_class.DESCRIPTOR.full_name

    def parse(request_bytes: bytes) -> message.Message:
        try:
            return from_string(request_bytes)
        except message.DecodeError as error:
            raise errors.InvalidArgument(Reason.INVALID_FIELD, f"the request is not a valid {name}") from error

    return parse


def _until_drained(responses: Iterator[Any], draining: threading.Event) -> Iterator[bytes]:
    for response in responses:
        caller.confirm()
        yield response.SerializeToString()
        if draining.is_set():
            break
    if draining.is_set():
        raise errors.Unavailable(Reason.DRAINING, "the server is stopping, connect to another")


def _fail(
    error: BaseException, context: grpc.ServicerContext, request_id: RequestId, record: Callable[[str], None]
) -> NoReturn:
    if isinstance(error, grpc.RpcError) and not context.is_active():
        # gRPC's own words for "the caller is gone".
        record("CANCELLED")
        raise error
    shown = error if isinstance(error, errors.PlatformError) else _defect(error, request_id())
    record(status.CODES[shown.kind].name)
    context.abort_with_status(status.to_status(shown))


def _defect(error: BaseException, request_id: str) -> errors.Internal:
    log.failure(_logger, "rpc failed", error)
    message_ = f"a defect of the server; its log has the request id {request_id}"
    return errors.Internal(Reason.INTERNAL, message_, metadata={"request_id": request_id})
