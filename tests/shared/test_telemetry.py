"""Metrics: what is recorded is what is scraped."""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter

from shared import telemetry

METHOD = {"method": "experimentation.v1.BanditService/Allocate"}


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, METHOD | labels)


def test_rpc_metrics_when_recorded_then_counts_by_code() -> None:
    registry = CollectorRegistry()
    method = telemetry.RpcMetrics(registry).method(METHOD["method"])

    method.record("OK", 0.001)
    method.record("OK", 0.002)
    method.record("NOT_FOUND", 0.003)

    assert sample(registry, "grpc_server_handled_total", code="OK") == 2
    assert sample(registry, "grpc_server_handled_total", code="NOT_FOUND") == 1
    assert sample(registry, "grpc_server_handling_seconds_count") == 3
    assert sample(registry, "grpc_server_handling_seconds_sum") == pytest.approx(0.006)


def test_rpc_metrics_when_a_time_is_a_bound_then_its_bucket_holds_it() -> None:
    registry = CollectorRegistry()
    method = telemetry.RpcMetrics(registry).method(METHOD["method"])

    method.record("OK", 0.001)
    method.record("OK", 0.0011)
    method.record("OK", 60)

    assert sample(registry, "grpc_server_handling_seconds_bucket", le="0.0005") == 0
    assert sample(registry, "grpc_server_handling_seconds_bucket", le="0.001") == 1
    assert sample(registry, "grpc_server_handling_seconds_bucket", le="10.0") == 2
    assert sample(registry, "grpc_server_handling_seconds_bucket", le="+Inf") == 3


def test_rpc_metrics_when_many_threads_record_then_none_is_lost() -> None:
    registry = CollectorRegistry()
    metrics = telemetry.RpcMetrics(registry)

    def work() -> None:
        for _ in range(2000):
            metrics.method(METHOD["method"]).record("OK", 0.0)

    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(work)

    assert sample(registry, "grpc_server_handled_total", code="OK") == 8000


def test_serve_metrics_when_scraped_then_answers_until_closed() -> None:
    registry = telemetry.new_registry()
    Counter("llm_result_analyses", "Analyses.", registry=registry).inc()
    server = telemetry.serve_metrics(registry, "127.0.0.1:0")
    url = f"http://{server.address}/metrics"

    with urllib.request.urlopen(url, timeout=5) as response:
        text = response.read().decode()
    server.close()

    assert "llm_result_analyses_total 1.0" in text
    assert "python_info" in text
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)


def test_serve_metrics_when_the_port_is_busy_then_names_it() -> None:
    server = telemetry.serve_metrics(CollectorRegistry(), "127.0.0.1:0")

    with pytest.raises(OSError, match=f"cannot serve metrics on {server.address}"):
        telemetry.serve_metrics(CollectorRegistry(), server.address)
    server.close()
