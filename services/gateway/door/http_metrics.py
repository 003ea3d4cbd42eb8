"""Counts and times requests, and counts open event streams, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.telemetry import BUCKET_BOUNDS_SECONDS


class HttpMetrics:
    """Counts what is answered, by method, path template and status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["method", "route"]
        self._answered = Counter(
            "http_server_requests", "Requests that were answered.", [*labels, "status"], registry=registry
        )
        self._seconds = Histogram(
            "http_server_request_seconds",
            "Seconds from the start of a request to the start of its answer.",
            labels,
            buckets=BUCKET_BOUNDS_SECONDS,
            registry=registry,
        )
        self.streams = Gauge("http_server_streams", "Event streams that are open.", registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request whose answer begins."""
        self._answered.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
