import numpy as np
import pytest

from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.history import Counts, History
from services.ai.domain.hypotheses.model import HypothesisState
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, PastExperiment
from tests.ai.domain.hypotheses.examples import (
    CHECKOUT,
    NOW,
    RETURNS,
    REVENUE,
    inconclusive,
    lost,
    segmented,
    stored,
    won,
)

ROWS = (won("e1", "One", 0.06), won("e2", "Two", 0.04), lost("e3", "Three", -0.05), inconclusive("e4", "Four", 0.0))


def _history(*rows: PastExperiment, **rest: object) -> History:
    return History(Brief((CHECKOUT, REVENUE, RETURNS), NOW, past=rows, **rest))  # type: ignore[arg-type]


def test_band_is_of_shrunken_sizes() -> None:
    band = _history(*ROWS)["checkout_rate"].band

    assert band is not None
    assert 0 <= band.low < band.high < np.quantile([0.06, 0.04, 0.05, 0.0], 0.9)


def test_no_band_of_fewer_than_three_measured_effects() -> None:
    assert _history(*ROWS[:2])["checkout_rate"].band is None
    assert _history(*ROWS[:2], won("e9", "Nine", 0.05, error=None))["checkout_rate"].band is None
    assert _history(*ROWS)["revenue_per_visitor"].band is None


def test_a_metric_without_experiments_takes_the_belief_of_all() -> None:
    history = _history(*ROWS)

    assert history["revenue_per_visitor"].belief == history["checkout_rate"].belief
    assert history["revenue_per_visitor"].fitted


def test_without_any_experiment_either_way_is_as_likely() -> None:
    found = _history()["checkout_rate"]

    assert not found.fitted
    assert found.belief.probability_good == 0.5
    assert found.belief.deviation == DEFAULT_RELATIVE_MDE
    assert found.base_rate == 0.5
    assert found.win_rate == pytest.approx(1 / 3)


def test_lifts_are_turned_so_that_above_nothing_is_good() -> None:
    rows = [won(f"e{place}", f"Thing {place}", -0.05, metric_id="return_rate") for place in range(4)]

    assert _history(*rows)["return_rate"].belief.mean > 0


def test_rates_are_shrunken_towards_those_of_all_metrics() -> None:
    history = _history(*ROWS)
    overall = (4 * 0.5 + 2) / (4 + 3)

    assert history["checkout_rate"].base_rate == pytest.approx((4 * overall + 2) / (4 + 3))
    assert history["revenue_per_visitor"].base_rate == pytest.approx(overall)
    assert history["checkout_rate"].win_rate == pytest.approx((4 * (4 / 3 + 2) / 8 + 2) / 8)


def test_results_of_hypotheses_do_not_count_beside_their_experiments() -> None:
    found = _history(*ROWS, stored=(stored("Show a bar", HypothesisState.WON),))

    assert found["checkout_rate"] == _history(*ROWS)["checkout_rate"]


def test_an_experiment_counts_once_and_not_by_segment() -> None:
    metric = segmented(CHECKOUT, mobile=0.1, desktop=0.2)
    rows = (won("e1", "One"), won("e1", "One", tags=("mobile",)), won("e2", "Two", tags=("mobile",)))

    assert History(Brief((metric,), NOW, past=rows))["checkout_rate"].counts == Counts(won=2)
