"""Serves gRPC, with quick and waiting calls kept apart, health and reflection.

It is grpcio's synchronous server: where handlers never wait, it answers 1.6 times as many calls as the other one.
"""

import logging
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from shared import ids, log
from shared.rpc import calls, introspection, routing
from shared.rpc.authorization import Authorizer
from shared.rpc.options import ServerOptions
from shared.rpc.pools import BoundedPool, Pool
from shared.rpc.validation import RequestRules
from shared.telemetry import RpcMetrics

_logger = logging.getLogger(__name__)

_ALL_DEFAULT: Mapping[str, Pool] = MappingProxyType({})


class RpcServer:
    """Is one gRPC server: add services, start, tell when it serves, stop. Each of these once, from one thread."""

    def __init__(
        self,
        options: ServerOptions,
        metrics: RpcMetrics,
        *,
        authorizer: Authorizer,
        new_id: ids.NewId = ids.new_id,
    ) -> None:
        """Makes a server.

        Args:
            options: Where it listens and how much it takes.
            metrics: Where its calls are counted, the refused ones by code, too.
            authorizer: Decides who may call what. Health and reflection are open to everybody.
            new_id: Makes request ids.
        """
        self._options = options
        self._authorizer = authorizer
        self._metrics = metrics
        self._new_id = new_id
        self._pools = _pools(options)
        self._refusals = ThreadPoolExecutor(1, thread_name_prefix="rpc-refusal")
        self._rules = RequestRules()
        self._router = routing.Router()
        self._draining = threading.Event()
        self._stopped = threading.Event()
        self._drain_callbacks: list[Callable[[], None]] = []
        self._service_names: list[str] = []
        self._health = introspection.Health()
        self._server = grpc.server(self._pools[Pool.FAST], options=options.channel_arguments())
        self._server.add_generic_rpc_handlers((self._router,))
        self._health.register(self._server)

    def add_service(
        self,
        service: ServiceDescriptor,
        servicer: object,
        *,
        pools: Mapping[str, Pool] = _ALL_DEFAULT,
        default_pool: Pool = Pool.WAITING,
        validate: bool | Collection[str] = True,
    ) -> None:
        """Serves the methods of the servicer that the descriptor names, before the server starts.

        A method takes `(request, grpc.ServicerContext)` and returns the response, or an iterator of responses. It
        raises PlatformErrors. `context.time_remaining()` is how many seconds the caller will still wait.

        Args:
            service: `..._pb2.DESCRIPTOR.services_by_name[...]`.
            servicer: Has a method for each of the service.
            pools: By method, where it runs. Streams always run on `Pool.STREAM`.
            default_pool: Where the other unary methods run.
            validate: Whether requests are checked against the rules of their protos, or for which methods they are.

        Raises:
            ValueError: A method is named that the service does not have, or cannot be served like this.
            AttributeError: The servicer lacks a method.
        """
        checked = validate if not isinstance(validate, bool) else tuple(service.methods_by_name) if validate else ()
        unknown = {*pools, *checked} - set(service.methods_by_name)
        if unknown:
            raise ValueError(f"{service.full_name} has no {', '.join(sorted(unknown))}")
        for method in service.methods:
            pool = Pool.STREAM if method.server_streaming else pools.get(method.name, default_pool)
            self._add_method(method, getattr(servicer, method.name), pool=pool, checked=method.name in checked)
        self._service_names.append(service.full_name)
        self._health.add(service.full_name)

    def add_generic_handler(self, handler: grpc.GenericRpcHandler) -> None:
        """Serves what the handler serves to everybody, unwrapped, on the FAST pool unless it says otherwise."""
        self._server.add_generic_rpc_handlers((handler,))

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Calls back once when the server begins to stop: streams that wait must wake up and return."""
        self._drain_callbacks.append(callback)

    def start(self) -> str:
        """Starts to answer, health with NOT_SERVING, and returns the address: `host:port`, or `unix:path`.

        Raises:
            OSError: The address cannot be listened on, or a TLS file cannot be read; the message names it.
        """
        if self._options.reflection:
            self._reflect()
        address = self._bind()
        self._server.start()
        return address

    def set_serving(self, *, serving: bool) -> None:
        """Says through health whether callers should come; calls are answered in any case. Safe from any thread."""
        self._health.tell(serving=serving)

    def stop(self, grace_seconds: float) -> None:
        """Drains and stops; returns when that is done.

        Health says NOT_SERVING, new calls are refused, streams end with UNAVAILABLE / DRAINING, calls under way
        finish. What is left after the grace period is cancelled.
        """
        self._health.drain()
        self._draining.set()
        for callback in self._drain_callbacks:
            _call(callback)
        self._server.stop(grace_seconds).wait()
        for pool in (*self._pools.values(), self._refusals):
            pool.shutdown(wait=False, cancel_futures=True)
        self._stopped.set()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Returns once the server has stopped: True; or False when the timeout comes first."""
        return self._stopped.wait(timeout_seconds)

    def _add_method(
        self, descriptor: MethodDescriptor, behaviour: calls.Behaviour, *, pool: Pool, checked: bool
    ) -> None:
        if descriptor.client_streaming or (pool is Pool.STREAM) != descriptor.server_streaming:
            raise ValueError(f"{descriptor.full_name} cannot be served on the pool {pool.value}")
        request_class = message_factory.GetMessageClass(descriptor.input_type)
        if checked:
            self._rules.prepare(request_class)
        path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        method = calls.Method(
            behaviour,
            self._authorizer.guard(path),
            request_class,
            self._rules.check if checked else None,
            self._metrics.method(path[1:]),
            self._new_id,
            self._draining,
        )
        self._route(path, routing.handler(descriptor, method, self._pools[pool]), self._pools[pool])

    def _route(self, path: str, handler: routing.Handler, pool: BoundedPool) -> None:
        metrics = self._metrics.method(path[1:])
        self._router.add(path, routing.route(handler, pool, refusals=self._refusals, metrics=metrics))

    def _reflect(self) -> None:
        reflection = introspection.Reflection(self._service_names)
        self.on_drain(reflection.drain)
        pool = self._pools[Pool.STREAM]
        for name in introspection.REFLECTION_SERVICES:
            handler = reflection.handler(lambda behaviour: routing.on(pool, behaviour))
            self._route(f"/{name}/ServerReflectionInfo", handler, pool)

    def _bind(self) -> str:
        address, credentials = self._options.address, self._options.credentials()
        if self._options.is_unix:
            _refuse_live_socket(address)
        try:
            if credentials is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: is it in use, or not this machine's?") from error
        return address if self._options.is_unix else f"{address.rpartition(':')[0]}:{port}"


def _pools(options: ServerOptions) -> dict[Pool, BoundedPool]:
    return {
        Pool.FAST: BoundedPool(Pool.FAST, thread_count=options.fast_thread_count, limit=options.fast_limit),
        Pool.WAITING: BoundedPool(Pool.WAITING, thread_count=options.waiting_thread_count, limit=options.waiting_limit),
        Pool.STREAM: BoundedPool(Pool.STREAM, thread_count=options.stream_limit, limit=options.stream_limit),
    }


def _refuse_live_socket(address: str) -> None:
    """Raises OSError when somebody listens on the unix socket: gRPC would take it over without a word."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(address.removeprefix("unix:"))
        except OSError:
            return
    raise OSError(f"cannot listen on {address}: it is in use")


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception as error:  # one bad callback must not keep the server from stopping
        log.failure(_logger, "drain callback failed", error)
