"""Coverage and errors by enumeration of all outcomes."""

import numpy as np
import pytest

from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.fixed.proportions.enumeration import SETTINGS, coverage, enumerated, least_coverage


@pytest.mark.parametrize(("n_t", "n_c", "share", "ratio"), SETTINGS)
def test_score_interval_when_all_outcomes_are_enumerated_then_covers_as_it_says(
    n_t: int, n_c: int, share: float, ratio: float
) -> None:
    found, weights = enumerated(n_t, share * ratio, n_c, share)

    assert least_coverage(n_t, n_c) <= coverage(found, weights, share * (ratio - 1)) <= 0.97


@pytest.mark.parametrize(("n_t", "n_c", "share", "ratio"), SETTINGS)
def test_score_lift_when_all_outcomes_are_enumerated_then_covers_as_it_says(
    n_t: int, n_c: int, share: float, ratio: float
) -> None:
    found, weights = enumerated(n_t, share * ratio, n_c, share)
    known = found.lift_obstacle == 0

    holds = (found.lift_low <= ratio - 1) & (ratio - 1 <= found.lift_high) & known
    assert least_coverage(n_t, n_c) <= weights[holds].sum() / weights[known].sum() <= 0.98


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_score_test_when_there_is_no_effect_then_errs_as_often_as_it_says(share: float) -> None:
    found, weights = enumerated(10_000, share, 10_000, share)

    assert 0.045 <= weights[found.p_value < 0.05].sum() <= 0.053


@pytest.mark.parametrize("alternative", [Alternative.GREATER, Alternative.LESS])
def test_one_sided_test_when_arms_are_of_one_size_then_errs_as_often_as_it_says(alternative: Alternative) -> None:
    found, weights = enumerated(2_000, 0.01, 2_000, 0.01, alternative=alternative)

    assert 0.045 <= weights[found.p_value < 0.05].sum() <= 0.055


def test_wald_interval_when_events_are_few_then_fails_and_says_so() -> None:
    found, weights = enumerated(2_000, 0.001, 20_000, 0.001, wald=True)
    score, score_weights = enumerated(2_000, 0.001, 20_000, 0.001)

    assert coverage(found, weights, 0.0) < 0.87
    assert coverage(score, score_weights, 0.0) > 0.95
    assert weights[(found.caution & Caution.FEW_EVENTS) != 0].sum() > 0.999


def test_wald_interval_when_it_does_not_warn_then_covers_nearly_as_it_says() -> None:
    found, weights = enumerated(2_000, 0.06, 20_000, 0.06, wald=True)
    unwarned = (found.caution & Caution.FEW_EVENTS) == 0

    assert weights[unwarned].sum() > 0.95
    assert 0.945 <= coverage(found, weights, 0.0) <= 0.955


def test_score_interval_when_one_event_is_expected_in_two_thousand_units_then_covers_less_and_says_so() -> None:
    found, weights = enumerated(20_000, 0.00025, 2_000, 0.00025)

    assert 0.94 <= coverage(found, weights, 0.0) < 0.945
    assert weights[(found.caution & Caution.FEW_EVENTS) != 0].sum() > 0.9


def test_score_interval_when_events_are_fewer_than_ten_then_says_so() -> None:
    successes = np.arange(12)

    few = compare_proportions(
        treatment_successes=successes, treatment_count=1_000, control_successes=0, control_count=1_000
    )
    none_failed = compare_proportions(
        treatment_successes=1_000 - successes, treatment_count=1_000, control_successes=1_000, control_count=1_000
    )

    for found in (few, none_failed):
        assert ((found.caution & Caution.FEW_EVENTS) != 0).tolist() == (successes < 10).tolist()
