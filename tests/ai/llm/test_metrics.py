"""What is counted of attempts, with labels of closed sets alone."""

import pytest
from prometheus_client import CollectorRegistry

from services.ai.domain.asking import CallStatus, Operation, ProviderName, Usage
from services.ai.llm.metrics import LlmMetrics
from tests.ai.call_records import call

KIND = {"operation": "ANALYZE_EXPERIMENT", "provider": "anthropic", "model": "claude-sonnet-5-5"}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_attempt_when_it_is_counted_then_tokens_money_and_time_are_there(registry: CollectorRegistry) -> None:
    metrics = LlmMetrics(registry)

    metrics.attempted(call(usage=Usage(1000, 500, 200, 100, 50), cost_usd=0.25, seconds=1.5))

    usage = "gen_ai_client_inference_usage_"
    counted = {
        name: registry.get_sample_value(f"{usage}{name}_tokens_total", KIND)
        for name in ("input", "output", "cache_read_input", "cache_write_input", "reasoning_output")
    }
    assert list(counted.values()) == [1300, 500, 200, 100, 50]
    seconds = "gen_ai_client_operation_duration_seconds"
    assert registry.get_sample_value(f"{seconds}_sum", KIND | {"error_type": ""}) == 1.5
    assert registry.get_sample_value(f"{seconds}_bucket", KIND | {"error_type": "", "le": "1.28"}) == 0
    assert registry.get_sample_value(f"{seconds}_bucket", KIND | {"error_type": "", "le": "2.56"}) == 1
    cost = {"model": KIND["model"], "operation": KIND["operation"]}
    assert registry.get_sample_value("llm_cost_usd_total", cost) == 0.25
    assert registry.get_sample_value("llm_requests_total", {"provider": "anthropic", "status": "OK"}) == 1


@pytest.mark.parametrize(
    ("status", "family"),
    [(CallStatus.REFUSED, "llm_refusals_total"), (CallStatus.TRUNCATED, "llm_truncations_total")],
)
def test_attempt_when_it_gave_no_answer_then_its_family_counts(
    registry: CollectorRegistry, status: CallStatus, family: str
) -> None:
    LlmMetrics(registry).attempted(call(status=status))

    assert registry.get_sample_value(family, {"operation": "ANALYZE_EXPERIMENT"}) == 1


def test_attempt_when_the_model_is_anybodys_then_its_label_is_other(registry: CollectorRegistry) -> None:
    LlmMetrics(registry).attempted(call(model="claude-" + "x" * 500))

    labels = {value for family in registry.collect() for sample in family.samples for value in sample.labels.values()}
    assert "other" in labels
    assert all(len(label) < 40 for label in labels)


def test_limits_when_they_are_watched_then_are_read_with_the_metrics(registry: CollectorRegistry) -> None:
    left = [3.5]
    LlmMetrics(registry).watch(circuit_open=lambda: 1.0, budget_usd=lambda: left[0], budget_tokens=lambda: 7.0)

    left[0] = 2.5

    assert registry.get_sample_value("llm_budget_remaining_usd") == 2.5
    assert registry.get_sample_value("llm_budget_remaining_tokens") == 7
    assert registry.get_sample_value("llm_circuit_open") == 1


def test_events_when_they_happen_then_are_counted(registry: CollectorRegistry) -> None:
    metrics = LlmMetrics(registry)

    metrics.retried(Operation.CHECK)
    metrics.not_sent(ProviderName.ANTHROPIC)

    assert registry.get_sample_value("llm_retries_total", {"operation": "CHECK"}) == 1
    assert registry.get_sample_value("llm_requests_total", {"provider": "anthropic", "status": "NOT_SENT"}) == 1
    assert registry.get_sample_value("llm_price_table_info", {"as_of": "2026-11-27"}) == 1
