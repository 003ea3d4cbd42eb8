"""An outage of the provider, from the first failure to the first answer: what is asked, recorded and spent."""

import pytest
from prometheus_client import CollectorRegistry

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure
from services.ai.domain.calls import Spend
from services.ai.llm.anthropic_provider import AnthropicProvider
from services.ai.llm.breaker import Breaker
from services.ai.llm.budget import Budget
from services.ai.llm.guarded import GuardedProvider
from services.ai.llm.metrics import LlmMetrics
from tests.ai.llm.questions import QUESTION, Clocks, options
from tests.ai.stand_in.behaviours import answers, fails, page, refuses
from tests.ai.stand_in.messages_api import MessagesApi
from tests.fakes.spend_ledger import InMemorySpendLedger

LIMIT = Spend(5.0, 1_000_000)


def test_outage_when_it_lasts_then_the_provider_is_left_alone_until_it_answers() -> None:
    clocks, ledger = Clocks(), InMemorySpendLedger()
    budget = Budget(ledger, LIMIT, now=clocks.now)
    with MessagesApi() as api:
        provider = AnthropicProvider(options(api), now=clocks.now)
        guarded = GuardedProvider(
            provider,
            max_tokens=8192,
            budget=budget,
            breaker=Breaker(failure_count=2, open_seconds=60, monotonic=clocks.monotonic),
            metrics=LlmMetrics(CollectorRegistry()),
            now=clocks.now,
            monotonic=clocks.monotonic,
        )

        def reason() -> FallbackReason | None:
            try:
                guarded.ask(QUESTION, timeout_seconds=30, record=ledger.record)
            except ProviderFailure as failure:
                return failure.reason
            return None

        api.script(refuses(), fails(529, "overloaded_error"), page(500), fails(503, "api_error"), answers())
        reasons = [reason() for _ in range(5)]
        clocks.seconds = 61
        reasons += [reason() for _ in range(2)]
        clocks.seconds += 121
        reasons += [reason() for _ in range(2)]
        provider.close()

    unavailable, opened = FallbackReason.PROVIDER_UNAVAILABLE, FallbackReason.CIRCUIT_OPEN
    assert reasons == [
        *(FallbackReason.REFUSED, unavailable, unavailable, opened, opened),
        *(unavailable, opened),
        *(None, None),
    ]
    assert len(api.requests) == len(ledger.calls) == 6
    assert [one.status for one in ledger.calls][-2:] == [CallStatus.OK, CallStatus.OK]
    assert {one.status for one in ledger.calls if one.cost_usd} == {CallStatus.REFUSED, CallStatus.OK}
    assert budget.remaining().cost_usd == pytest.approx(LIMIT.cost_usd - sum(one.cost_usd for one in ledger.calls))
