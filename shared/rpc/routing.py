"""Finds the handler of a call, and refuses the call where its pool is full."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor

from shared.rpc import calls
from shared.rpc.pools import BoundedPool
from shared.telemetry import MethodMetrics

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


@dataclass(frozen=True, slots=True)
class Route:
    """Is where the calls of one method go.

    Attributes:
        handler: Runs on the pool.
        refusal: Runs instead while the pool is full, elsewhere.
        pool: Where the handler runs.
    """

    handler: Handler
    refusal: Handler
    pool: BoundedPool


class Router(grpc.GenericRpcHandler):
    """Is asked by gRPC for the handler of each call, on the one thread that takes calls in: it must be quick."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def add(self, path: str, route: Route) -> None:
        """Adds the route of `/package.Service/Method`; not while the server runs.

        Raises:
            ValueError: The path has a route.
        """
        if path in self._routes:
            raise ValueError(f"{path} is served already")
        self._routes[path] = route

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":
        """Returns the method's handler, its refusal when there is no room, or None when nobody serves it."""
        route = self._routes.get(handler_call_details.method)
        if route is None:
            return None
        return route.refusal if route.pool.full else route.handler


def on(pool: ThreadPoolExecutor, behaviour: calls.Behaviour) -> calls.Behaviour:
    """Returns the behaviour, which gRPC will run on the pool."""
    # grpcio reads this attribute in _server._select_thread_pool_for_behavior; a test pins it.
    behaviour.experimental_thread_pool = pool  # type: ignore[attr-defined]  # functions have attributes
    return behaviour


def route(handler: Handler, pool: BoundedPool, *, refusals: ThreadPoolExecutor, metrics: MethodMetrics) -> Route:
    """Returns the route of a handler whose behaviour runs on the pool already."""
    # A handler of streams starts at once, where one of unary calls would first wait for the request.
    refuse: Handler = grpc.stream_stream_rpc_method_handler(on(refusals, calls.refusal(pool.refusal(), metrics)))
    return Route(handler, refuse, pool)


def handler(descriptor: MethodDescriptor, method: calls.Method, pool: BoundedPool) -> Handler:
    """Returns what gRPC needs to serve the method on the pool."""
    # Bytes in, bytes out: the wrapper parses, so that a broken message gets an answer of ours.
    if descriptor.server_streaming:
        return grpc.unary_stream_rpc_method_handler(on(pool, calls.stream(method)))
    return grpc.unary_unary_rpc_method_handler(on(pool, calls.unary(method)))
