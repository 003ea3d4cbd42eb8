"""Real data: what BernoulliTS earned, as estimated from what Random showed (Open Bandit Dataset)."""

import numpy as np
import pytest
from scipy import stats

from shared.statistics.off_policy.actions import evaluate_actions
from shared.statistics.off_policy.rows import evaluate_rows
from shared.statistics.off_policy.values import Estimator, Evaluation
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.off_policy.open_bandit.shown import CAMPAIGNS, Campaign, campaign, random_log

POSITIONS = 3


def bts_from_random(cells: Campaign) -> Evaluation:
    """Returns the value of BernoulliTS, an item at a position being one action."""
    log, target = random_log(cells), cells.bts_shown / cells.bts_shown.sum()
    propensities = np.full(len(log.cell), cells.random_propensity / POSITIONS)
    return evaluate_actions(log.cell, log.click, propensities, target)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_bts_when_estimated_from_random_then_intervals_hold_what_it_earned(name: str) -> None:
    cells = campaign(name)

    found = bts_from_random(cells)

    assert [values.estimator for values in found.values] == list(Estimator)
    for values in found.values:
        assert values.low <= cells.bts_value <= values.high, values.estimator
        # Nor is it so wide that it says nothing: 1,000 rows of the policy itself would give such an interval.
        assert values.high - values.low < 4 * np.sqrt(cells.bts_value / 1000)
    assert found.effective_sample_size > 2000
    assert not (Caution.WEIGHTS_OFF | Caution.HEAVY_WEIGHTS) & found.caution_at()
    assert Caution.SKEWED & found.caution_at()


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_bts_when_estimated_by_chances_within_positions_then_intervals_hold_what_it_earned(name: str) -> None:
    cells = campaign(name)
    log = random_log(cells)

    found = evaluate_rows(log.click, np.full(len(log.cell), cells.random_propensity), cells.bts_chance[log.cell])

    assert all(values.low <= cells.bts_value <= values.high for values in found.values)
    assert not Caution.WEIGHTS_OFF & found.caution_at()


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_bts_when_its_logged_propensities_are_averaged_over_rows_then_weights_are_off(name: str) -> None:
    cells = campaign(name)
    log = random_log(cells)

    found = evaluate_rows(
        log.click, np.full(len(log.cell), cells.random_propensity), cells.bts_mean_propensity[log.cell]
    )

    # Rows were logged as often as their propensity was high: the mean is too high, and so is the value.
    assert Caution.WEIGHTS_OFF & found.caution_at()
    assert found.of(Estimator.IPS).value > 1.5 * cells.bts_value


@pytest.mark.parametrize(
    ("name", "rows", "random_clicks", "bts_clicks"),
    [("all", 10000, 38, 42), ("men", 10000, 46, 69), ("women", 10000, 46, 46)],
)
def test_counts_when_summed_then_those_of_the_data_set(
    name: str, rows: int, random_clicks: int, bts_clicks: int
) -> None:
    cells = campaign(name)

    assert (cells.random_shown.sum(), cells.bts_shown.sum()) == (rows, rows)
    assert (cells.random_clicks.sum(), cells.bts_clicks.sum()) == (random_clicks, bts_clicks)
    # Random showed all items alike.
    assert stats.chisquare(cells.random_shown).pvalue > 1e-6
