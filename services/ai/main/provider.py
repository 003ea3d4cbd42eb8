"""Builds who is asked for words, within its limits."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.ai.config import LlmOptions
from services.ai.domain.asking import FallbackReason, Provider, ProviderName
from services.ai.domain.calls import Asker, Spend
from services.ai.domain.ports import Calls
from services.ai.llm.breaker import Breaker
from services.ai.llm.budget import Budget
from services.ai.llm.exchanges import Exchanges
from services.ai.llm.free import FreeProvider
from services.ai.llm.guarded import GuardedProvider
from services.ai.llm.heuristic import HeuristicProvider
from services.ai.llm.keyless import KeylessProvider
from services.ai.llm.metrics import LlmMetrics
from services.ai.llm.replay import ReplayProvider
from shared import clock
from shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class ProviderPart:
    """Is the configured provider.

    Attributes:
        missing: Why nobody but the engine is asked, where that was not asked for.
        budget_left_usd: Returns what is left of the day's budget; None: there is none.
        close: Closes its connections, once nobody asks any more.
    """

    asker: Asker
    metrics: LlmMetrics
    missing: FallbackReason | None
    budget_left_usd: Callable[[], float | None]
    close: Callable[[], None]


def build_provider(options: LlmOptions, calls: Calls, metrics: LlmMetrics) -> ProviderPart:
    """Returns the provider that is configured."""
    if options.provider == ProviderName.ANTHROPIC.lower():
        return _anthropic(options, calls, metrics)
    asker = FreeProvider(_free(options), metrics=metrics, now=clock.now, monotonic=time.monotonic)
    return ProviderPart(asker, metrics, None, lambda: None, lambda: None)


def _free(options: LlmOptions) -> Provider:
    if options.provider == ProviderName.REPLAY.lower() and options.replay_directory is not None:
        return ReplayProvider(Exchanges(options.replay_directory))
    return HeuristicProvider()


def _anthropic(options: LlmOptions, calls: Calls, metrics: LlmMetrics) -> ProviderPart:
    budget = Budget(calls, Spend(options.daily_budget_usd, options.daily_budget_tokens), now=clock.now)
    breaker = Breaker(
        failure_count=options.circuit_failure_count,
        open_seconds=options.circuit_open.total_seconds(),
        monotonic=time.monotonic,
    )
    metrics.watch(
        circuit_open=lambda: float(breaker.is_open),
        budget_usd=_known(lambda: budget.remaining().cost_usd),
        budget_tokens=_known(lambda: float(budget.remaining().tokens)),
    )
    provider, close = _claude(options)
    asker = GuardedProvider(
        provider,
        max_tokens=options.max_tokens,
        budget=budget,
        breaker=breaker,
        metrics=metrics,
        now=clock.now,
        monotonic=time.monotonic,
    )
    missing = None if options.anthropic_api_key.value else FallbackReason.NO_KEY
    return ProviderPart(asker, metrics, missing, lambda: budget.remaining().cost_usd, close)


def _claude(options: LlmOptions) -> tuple[Provider, Callable[[], None]]:
    """Returns who asks, and what closes its connections."""
    if not options.anthropic_api_key.value:
        return KeylessProvider(options.model), lambda: None
    # Loading it takes a second or more.
    from services.ai.llm.anthropic_provider import AnthropicProvider  # noqa: PLC0415

    provider = AnthropicProvider(options, now=clock.now)
    return provider, provider.close


def _known(read: Callable[[], float]) -> Callable[[], float]:
    """Returns a reading that is not a number while the store is away: metrics are read all the same."""

    def reading() -> float:
        try:
            return read()
        except Unavailable:
            return math.nan

    return reading
