"""Counts what asking providers takes and costs, for Prometheus; all labels are of closed sets."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from services.ai.domain.asking import CallStatus, Operation, ProviderName
from services.ai.domain.calls import CallRecord
from services.ai.llm.heuristic import ENGINE
from services.ai.llm.pricing import PRICES_AS_OF, known_model

# Those of OpenTelemetry's gen_ai.client.operation.duration.
SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_KIND: Final = ("operation", "provider", "model")


class LlmMetrics:
    """Holds the families; safe for use by many threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self._seconds = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "Seconds that one attempt took; error_type is empty where it succeeded.",
            (*_KIND, "error_type"),
            buckets=SECONDS,
            registry=registry,
        )
        usage = "gen_ai_client_inference_usage_"
        self._input = counter(f"{usage}input_tokens", "Tokens read, cached ones among them.", *_KIND)
        self._output = counter(f"{usage}output_tokens", "Tokens written, reasoning among them.", *_KIND)
        self._cache_read = counter(f"{usage}cache_read_input_tokens", "Tokens read from the cache.", *_KIND)
        self._cache_write = counter(f"{usage}cache_write_input_tokens", "Tokens written to the cache.", *_KIND)
        self._reasoning = counter(f"{usage}reasoning_output_tokens", "Tokens of the output that are reasoning.", *_KIND)
        self._cost = counter("llm_cost_usd", "What attempts cost, in USD.", "model", "operation")
        self._requests = counter("llm_requests", "Attempts, and those that were not sent.", "provider", "status")
        self._retries = counter("llm_retries", "Questions that were asked again after a failure.", "operation")
        self._refusals = counter("llm_refusals", "Answers that the provider refused.", "operation")
        self._truncations = counter("llm_truncations", "Answers that ended before they were whole.", "operation")
        self._circuit = Gauge("llm_circuit_open", "Whether the provider is not asked for a while.", registry=registry)
        self._remaining = Gauge("llm_budget_remaining_usd", "What is left of the day's budget.", registry=registry)
        self._remaining_tokens = Gauge(
            "llm_budget_remaining_tokens", "What is left of the day's tokens.", registry=registry
        )
        Info("llm_price_table", "The prices that costs are reckoned with.", registry=registry).info(
            {"as_of": PRICES_AS_OF.isoformat()}
        )

    def watch(
        self, *, circuit_open: Callable[[], float], budget_usd: Callable[[], float], budget_tokens: Callable[[], float]
    ) -> None:
        """Has the state of the limits read whenever the metrics are."""
        self._circuit.set_function(circuit_open)
        self._remaining.set_function(budget_usd)
        self._remaining_tokens.set_function(budget_tokens)

    def attempted(self, call: CallRecord) -> None:
        """Counts one attempt."""
        kind = (call.operation.value, call.provider.lower(), _model(call.model))
        error = "" if call.status is CallStatus.OK else call.status.value
        self._seconds.labels(*kind, error).observe(call.seconds)
        usage = call.usage
        self._input.labels(*kind).inc(usage.total_input_tokens)
        self._output.labels(*kind).inc(usage.output_tokens)
        self._cache_read.labels(*kind).inc(usage.cache_read_tokens)
        self._cache_write.labels(*kind).inc(usage.cache_write_tokens)
        self._reasoning.labels(*kind).inc(usage.reasoning_tokens)
        self._cost.labels(kind[2], kind[0]).inc(call.cost_usd)
        self._requests.labels(call.provider.lower(), call.status.value).inc()
        if call.status is CallStatus.REFUSED:
            self._refusals.labels(call.operation.value).inc()
        if call.status is CallStatus.TRUNCATED:
            self._truncations.labels(call.operation.value).inc()

    def not_sent(self, provider: ProviderName) -> None:
        """Counts a question that nobody was asked: no key, no money, no time, or too many failures before."""
        self._requests.labels(provider.lower(), CallStatus.NOT_SENT.value).inc()

    def retried(self, operation: Operation) -> None:
        """Counts a question that is asked again after a failure."""
        self._retries.labels(operation.value).inc()


def _model(model: str) -> str:
    return model if model == ENGINE else known_model(model)
