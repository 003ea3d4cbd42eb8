"""Costs by model and day, as the price list has them; a model that is not listed costs the most."""

from datetime import date

import pytest

from services.ai.domain.asking import Usage
from services.ai.llm.pricing import PRICES, known_model, quote

DAY = date(2026, 11, 27)
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "cost_usd"),
    [
        ("claude-sonnet-5-5", Usage(input_tokens=MILLION), 2.0),
        ("claude-sonnet-5-5", Usage(output_tokens=MILLION), 10.0),
        ("claude-sonnet-5-5", Usage(cache_write_tokens=MILLION), 2.5),
        ("claude-sonnet-5-5", Usage(cache_read_tokens=MILLION), 0.1),
        ("claude-sonnet-5-5-20261001", Usage(input_tokens=MILLION), 2.0),
        ("claude-opus-5-5", Usage(MILLION, MILLION), 24.0),
        ("claude-haiku-5-5", Usage(100_000, 100_000), 0.06),
        ("claude-haiku-5-5", Usage(100_001, 100_000), 0.3000005),
        ("claude-sonnet-5-5", Usage(), 0.0),
        ("claude-sonnet-5-5", Usage(output_tokens=MILLION, reasoning_tokens=MILLION), 10.0),
    ],
)
def test_cost_when_a_model_is_listed_then_is_its_price(model: str, usage: Usage, cost_usd: float) -> None:
    priced = quote(model, DAY)

    assert priced.known
    assert priced.price.cost_usd(usage) == pytest.approx(cost_usd)


def test_cost_when_a_price_changed_then_is_that_of_the_day() -> None:
    usage = Usage(cache_read_tokens=MILLION)

    costs = [quote("claude-sonnet-5-5", date(2026, 10, day)).price.cost_usd(usage) for day in (6, 7)]

    assert costs == [pytest.approx(0.2), pytest.approx(0.1)]


@pytest.mark.parametrize("model", ["claude-next-9", "", "claude-sonnet-5-5-preview"])
def test_cost_when_a_model_is_not_listed_then_is_the_dearest_one(model: str) -> None:
    priced = quote(model, DAY)

    assert not priced.known
    assert priced.price.output_usd == max(price.output_usd for price in PRICES)


def test_price_when_the_day_is_before_all_then_is_the_first_one() -> None:
    assert quote("claude-opus-5", date(2020, 1, 1)).price.input_usd == 5.0


@pytest.mark.parametrize(
    ("model", "label"),
    [("claude-opus-5-5", "claude-opus-5-5"), ("claude-opus-5-5-20260901", "claude-opus-5-5"), ("mine", "other")],
)
def test_label_when_a_model_is_named_then_is_of_a_closed_set(model: str, label: str) -> None:
    assert known_model(model) == label
