"""Asks a provider that costs nothing: the engine, or a replay; each attempt is recorded, and there are no limits."""

from collections.abc import Callable

from services.ai.domain.asking import Provider, ProviderFailure, ProviderName, Question, Reply, Usage
from services.ai.domain.calls import CallRecord, RecordCall
from services.ai.llm.attempts import of_failure, of_reply, of_sending
from services.ai.llm.metrics import LlmMetrics
from shared.clock import Clock


class FreeProvider:
    """Is an `Asker`: one provider without limits."""

    def __init__(self, provider: Provider, *, metrics: LlmMetrics, now: Clock, monotonic: Callable[[], float]) -> None:
        self._provider = provider
        self._metrics = metrics
        self._now = now
        self._monotonic = monotonic

    @property
    def name(self) -> ProviderName:
        """Who is asked."""
        return self._provider.name

    @property
    def model(self) -> str:
        """Which model is asked."""
        return self._provider.model

    def ask(
        self, question: Question, *, timeout_seconds: float, record: RecordCall, begin: RecordCall | None = None
    ) -> Reply:
        """Returns the answer to one question; `begin` and `record` are called before and after.

        Raises:
            ProviderFailure: There is no answer that can be used.
        """
        at, began = self._now(), self._monotonic()
        if begin is not None:
            begin(of_sending(question, self._provider, at, most=Usage(), cost_usd=0.0))
        try:
            reply = self._provider.ask(question, timeout_seconds=timeout_seconds)
        except ProviderFailure as failure:
            self._keep(of_failure(failure, question, self._provider, at, self._monotonic() - began), record)
            raise
        self._keep(of_reply(reply, question, self.name, at), record)
        return reply

    def _keep(self, call: CallRecord, record: RecordCall) -> None:
        self._metrics.attempted(call)
        record(call)
