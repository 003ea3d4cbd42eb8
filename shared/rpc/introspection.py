"""Serves what every server has: the standard health service, and reflection for tools."""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

REFLECTION_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


class Health(health.HealthServicer):  # type: ignore[misc]  # grpc_health is untyped
    """Says whether the server serves: NOT_SERVING until told otherwise, and again, for good, from the drain on."""

    def __init__(self) -> None:
        super().__init__()
        self._names = [health.OVERALL_HEALTH]
        self._watchers: set[Callable[[Any], None]] = set()
        self._watchers_lock = threading.Lock()
        self.tell(serving=False)

    def add(self, service_name: str) -> None:
        """Answers for this service too."""
        self._names.append(service_name)
        self.set(service_name, health_pb2.HealthCheckResponse.NOT_SERVING)

    def tell(self, *, serving: bool) -> None:
        """Says from now on that the server and all its services do, or do not, serve."""
        response = health_pb2.HealthCheckResponse
        for name in self._names:
            self.set(name, response.SERVING if serving else response.NOT_SERVING)

    def drain(self) -> None:
        """Says NOT_SERVING for good, and ends the streams of those who watch: they would hold up the stop."""
        self.enter_graceful_shutdown()
        with self._watchers_lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher(None)

    def Watch(self, request: Any, context: Any, send_response_callback: Any = None) -> Any:
        """Streams the health of one service."""
        with self._watchers_lock:
            self._watchers.add(send_response_callback)
        context.add_callback(lambda: self._forget(send_response_callback))
        return super().Watch(request, context, send_response_callback)

    def _forget(self, watcher: Callable[[Any], None]) -> None:
        with self._watchers_lock:
            self._watchers.discard(watcher)

    def register(self, server: grpc.Server) -> None:
        """Adds the health service to the server."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)


class Reflection:
    """Tells tools which services there are and what their messages look like."""

    def __init__(self, service_names: Sequence[str]) -> None:
        self._servicer = reflection.ReflectionServicer((*service_names, *REFLECTION_SERVICES, health.SERVICE_NAME))
        self._open: set[grpc.ServicerContext] = set()
        self._open_lock = threading.Lock()

    def handler(self, on_pool: Callable[[Any], Any]) -> "grpc.RpcMethodHandler[Any, Any]":
        """Returns the handler of `ServerReflectionInfo`, which `on_pool` binds to its threads."""
        return grpc.stream_stream_rpc_method_handler(
            # Methods take no attributes, partial calls do.
            on_pool(functools.partial(self._answer_all)),
            reflection_pb2.ServerReflectionRequest.FromString,
            reflection_pb2.ServerReflectionResponse.SerializeToString,
        )

    def drain(self) -> None:
        """Cancels the open streams: their clients may never end them."""
        with self._open_lock:
            contexts = tuple(self._open)
        for context in contexts:
            context.cancel()

    def _answer_all(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        with self._open_lock:
            self._open.add(context)
        try:
            yield from self._servicer.ServerReflectionInfo(requests, context)
        finally:
            with self._open_lock:
                self._open.discard(context)
