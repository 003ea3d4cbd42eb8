"""What tokens cost, by model and day; a model that is not listed costs as much as the dearest one that is."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.ai.domain.asking import Usage

PRICES_AS_OF: Final = date(2026, 11, 27)
"""When the table was last held against the provider's price list."""
_TOKENS: Final = 1_000_000
_SNAPSHOT: Final = re.compile(r"-20[0-9]{6}$")
CACHE_WRITE_FACTOR: Final = 1.25
"""Price of a token that is written to the cache for five minutes, in prices of one that is read in full."""


@dataclass(frozen=True, slots=True)
class Price:
    """Is what a model costs, in USD for a million tokens.

    Attributes:
        since: The first day of the price.
        long_input_tokens: From more input than this on, everything of the call costs `long_factor` as much.
            0: length does not matter.
    """

    model: str
    since: date
    input_usd: float
    output_usd: float
    cache_read_usd: float
    long_input_tokens: int = 0
    long_factor: float = 1.0

    def cost_usd(self, usage: Usage) -> float:
        """Returns what a call costs."""
        factor = self.long_factor if 0 < self.long_input_tokens < usage.total_input_tokens else 1.0
        total = (
            usage.input_tokens * self.input_usd
            + usage.cache_write_tokens * self.input_usd * CACHE_WRITE_FACTOR
            + usage.cache_read_tokens * self.cache_read_usd
            + usage.output_tokens * self.output_usd
        )
        return factor * total / _TOKENS


@dataclass(frozen=True, slots=True)
class Quote:
    """Is the price that is reckoned with; `known`: whether it is the model's own."""

    price: Price
    known: bool


PRICES: Final = (
    Price("claude-sonnet-5-5", date(2026, 1, 1), 2.0, 10.0, 0.20),
    Price("claude-sonnet-5-5", date(2026, 10, 7), 2.0, 10.0, 0.10),
    Price("claude-sonnet-5", date(2026, 1, 1), 2.0, 10.0, 0.20),
    Price("claude-opus-5-5", date(2026, 1, 1), 4.0, 20.0, 0.20),
    Price("claude-opus-5", date(2026, 7, 24), 5.0, 25.0, 0.50),
    Price("claude-haiku-5-5", date(2026, 10, 7), 0.10, 0.50, 0.01, long_input_tokens=100_000, long_factor=5.0),
    Price("claude-haiku-4-5", date(2025, 10, 1), 1.0, 5.0, 0.10),
    Price("claude-fable-5-1", date(2026, 1, 1), 10.0, 50.0, 1.0),
)
KNOWN_MODELS: Final = tuple(sorted({price.model for price in PRICES}))


def quote(model: str, day: date) -> Quote:
    """Returns the price of a model on a day, before its first price that one; snapshots cost what their model costs."""
    name = _SNAPSHOT.sub("", model)
    own = sorted((price for price in PRICES if price.model == name), key=lambda price: price.since)
    if not own:
        return Quote(max(PRICES, key=lambda price: (price.output_usd, price.input_usd)), known=False)
    begun = [price for price in own if price.since <= day]
    return Quote(begun[-1] if begun else own[0], known=True)


def known_model(model: str) -> str:
    """Returns the name of a listed model, or `other`: of a closed set, for metrics."""
    name = _SNAPSHOT.sub("", model)
    return name if name in KNOWN_MODELS else "other"
