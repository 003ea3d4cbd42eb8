"""Keeps the numbers that Prometheus scrapes, in a registry that is given to whoever counts; never the global one."""

import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

# From 50 us, a quick answer from memory, to 10 s, the longest deadline that is usual.
BUCKET_BOUNDS_SECONDS = (
    *(0.00005, 0.0001, 0.00025, 0.0005),
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0),
)


def new_registry() -> CollectorRegistry:
    """Returns a registry that knows the process: CPU, memory, open files, garbage collection, Python's version."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class MethodMetrics:
    """Counts and times the calls of one RPC method. Safe to use from many threads; one recording takes about 0.5 us."""

    __slots__ = ("_buckets", "_codes", "_lock", "_sum", "method")

    def __init__(self, method: str) -> None:
        self.method = method
        self._lock = threading.Lock()
        self._codes: dict[str, int] = {}
        self._buckets = [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
        self._sum = 0.0

    def record(self, code: str, seconds: float) -> None:
        """Records one finished call: the name of its gRPC code, and how long it took."""
        # A bucket holds what is at most its bound.
        bucket = bisect_left(BUCKET_BOUNDS_SECONDS, seconds)
        with self._lock:
            self._buckets[bucket] += 1
            self._sum += seconds
            self._codes[code] = self._codes.get(code, 0) + 1

    def snapshot(self) -> tuple[dict[str, int], list[int], float]:
        """Returns calls by code, calls by bucket (not cumulative), and the sum of their seconds, all of one instant."""
        with self._lock:
            return dict(self._codes), list(self._buckets), self._sum


class RpcMetrics(Collector):
    """Exposes `grpc_server_handled_total{method,code}` and `grpc_server_handling_seconds{method}`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._methods: dict[str, MethodMetrics] = {}
        registry.register(self)

    def method(self, name: str) -> MethodMetrics:
        """Returns where the calls of this method are recorded: the same for the same name."""
        return self._methods.setdefault(name, MethodMetrics(name))

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Yields both families as of now."""
        handled = CounterMetricFamily("grpc_server_handled", "RPCs that were answered.", labels=["method", "code"])
        handling = HistogramMetricFamily(
            "grpc_server_handling_seconds", "Seconds from the start of an RPC to its end.", labels=["method"]
        )
        for metrics in list(self._methods.values()):
            codes, buckets, total_seconds = metrics.snapshot()
            for code, count in codes.items():
                handled.add_metric([metrics.method, code], count)
            handling.add_metric([metrics.method], _cumulative(buckets), total_seconds)
        yield handled
        yield handling


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    bounds = [*map(repr, BUCKET_BOUNDS_SECONDS), "+Inf"]
    return list(zip(bounds, accumulate(buckets), strict=True))


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """Is the HTTP endpoint that Prometheus scrapes.

    Attributes:
        address: Where it listens, `host:port`.
    """

    address: str
    _server: WSGIServer
    _thread: threading.Thread

    def close(self) -> None:
        """Stops to listen; returns when that is done."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(registry: CollectorRegistry, address: str) -> MetricsServer:
    """Returns a running endpoint on `host:port`; port 0 takes a free one.

    Raises:
        OSError: The address cannot be listened on; the message names it.
    """
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise OSError(error.errno, f"cannot serve metrics on {address}: {error.strerror}") from error
    return MetricsServer(f"{host}:{server.server_port}", server, thread)
