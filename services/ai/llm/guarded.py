"""Asks a provider within its limits: the day's budget, and a while of rest after failures; each attempt is recorded."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.ai.domain.asking import (
    CallStatus,
    Provider,
    ProviderFailure,
    ProviderName,
    Question,
    Reply,
    Usage,
)
from services.ai.domain.calls import CallRecord, RecordCall, Spend
from services.ai.llm.attempts import of_failure, of_reply, of_sending
from services.ai.llm.breaker import Breaker
from services.ai.llm.budget import Budget, Hold
from services.ai.llm.metrics import LlmMetrics
from services.ai.llm.pricing import quote
from shared.clock import Clock

_OVERHEAD_TOKENS: Final = 2048
"""What a provider adds to a question: its own rules for JSON, and marks between the parts."""
_UNCLEAR: Final = frozenset({CallStatus.TIMED_OUT, CallStatus.DISCONNECTED})
"""Ends that leave open whether the provider did its work, and charged for it."""


class GuardedProvider:
    """Is an `Asker`: one provider with its limits."""

    def __init__(
        self,
        provider: Provider,
        *,
        max_tokens: int,
        budget: Budget,
        breaker: Breaker,
        metrics: LlmMetrics,
        now: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._max_tokens = max_tokens
        self._budget = budget
        self._breaker = breaker
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
        """Returns the answer to one question; `begin` and `record` are called before and after, if it may be sent.

        Raises:
            ProviderFailure: There is no answer that can be used, or nothing may be sent.
        """
        try:
            with self._budget.held(self._most(question)) as hold:
                trial = self._breaker.enter()
                return self._attempt(question, timeout_seconds, record, begin, hold, trial=trial)
        except ProviderFailure as failure:
            if failure.status is CallStatus.NOT_SENT:
                self._metrics.not_sent(self.name)
            raise

    def _attempt(
        self,
        question: Question,
        timeout_seconds: float,
        record: RecordCall,
        begin: RecordCall | None,
        hold: Hold,
        *,
        trial: bool,
    ) -> Reply:
        at, began, status, most = self._now(), self._monotonic(), CallStatus.NOT_SENT, hold.most
        try:
            if begin is not None:
                begin(of_sending(question, self._provider, at, most=self._usage(question), cost_usd=most.cost_usd))
                hold.most = Spend()  # From here on the ledger counts it.
            reply = self._provider.ask(question, timeout_seconds=timeout_seconds)
            status = CallStatus.OK
        except ProviderFailure as failure:
            status = failure.status
            if status is not CallStatus.NOT_SENT:
                call = of_failure(failure, question, self._provider, at, self._monotonic() - began)
                self._metrics.attempted(call)
                self._keep(self._at_worst(call, question, most), record, hold)
            raise
        finally:
            self._breaker.report(status, trial=trial)
        call = of_reply(reply, question, self._provider.name, at)
        self._metrics.attempted(call)
        self._keep(call, record, hold)
        return reply

    def _keep(self, call: CallRecord, record: RecordCall, hold: Hold) -> None:
        """Records an attempt; what could not be recorded stays held, as the ledger does not know of it."""
        hold.unclear = True
        record(call)
        hold.unclear = False

    def _at_worst(self, call: CallRecord, question: Question, most: Spend) -> CallRecord:
        """Returns the record; where nobody knows what was charged, with the most, for all processes to reckon with."""
        if call.status not in _UNCLEAR or call.usage.total_tokens:
            return call
        return replace(call, usage=self._usage(question), cost_usd=most.cost_usd)

    def _most(self, question: Question) -> Spend:
        """Returns the most that a question can cost."""
        usage = self._usage(question)
        price = quote(self._provider.model, self._now().date()).price
        return Spend(price.cost_usd(usage), usage.total_tokens)

    def _usage(self, question: Question) -> Usage:
        """Returns the most tokens that a question can take: none is shorter than one byte."""
        repair = "" if question.repair is None else question.repair.previous_text + question.repair.feedback_json
        texts = (question.system, question.data, json.dumps(dict(question.schema)), json.dumps(repair))
        input_tokens = sum(len(text.encode()) for text in texts) + _OVERHEAD_TOKENS
        return Usage(cache_write_tokens=input_tokens, output_tokens=self._max_tokens)
