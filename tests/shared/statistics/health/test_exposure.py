"""Exposure checks on both sides of each threshold, and how often they alarm, summed over all counts."""

import numpy as np
import pytest
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.exposure import multiple_exposure, outcome_without_exposure
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.obstacles import Obstacle


@pytest.mark.parametrize(
    ("multiple", "status"),
    [(0, Status.PASS), (100, Status.PASS), (101, Status.WARN), (999, Status.WARN), (1000, Status.FAIL)],
)
def test_multiple_exposure_warns_above_a_thousandth_and_fails_from_a_hundredth(multiple: int, status: Status) -> None:
    finding = multiple_exposure(100_000, multiple)

    assert finding.status is status
    assert finding.check is Check.MULTIPLE_EXPOSURE
    assert finding.numbers["share"] == multiple / 100_000
    assert f"{multiple} of 100000" in finding.message


@pytest.mark.parametrize(("multiple", "status"), [(9, Status.PASS), (10, Status.FAIL)])
def test_multiple_exposure_of_a_handful_of_units_is_no_alarm(multiple: int, status: Status) -> None:
    assert multiple_exposure(100, multiple).status is status


@pytest.mark.parametrize(("multiple", "status"), [(5050, Status.PASS), (5500, Status.WARN), (6000, Status.FAIL)])
def test_multiple_exposure_that_changed_weights_explain_does_not_count(multiple: int, status: Status) -> None:
    assert multiple_exposure(100_000, multiple, expected_share=0.05).status is status


@pytest.mark.parametrize(
    ("unexposed", "status"),
    [(0, Status.PASS), (10, Status.PASS), (11, Status.WARN), (99, Status.WARN), (100, Status.FAIL)],
)
def test_outcome_without_exposure_warns_above_a_hundredth_and_fails_from_a_tenth(
    unexposed: int, status: Status
) -> None:
    finding = outcome_without_exposure(1000, unexposed)

    assert finding.status is status
    assert finding.check is Check.OUTCOME_WITHOUT_EXPOSURE
    assert f"{unexposed} of 1000" in finding.message


def test_no_units_are_not_estimable() -> None:
    for finding in (multiple_exposure(0, 0), outcome_without_exposure(0, 0)):
        assert finding.status is Status.NOT_ESTIMABLE
        assert finding.obstacle is Obstacle.NO_UNITS


@pytest.mark.parametrize(("units", "part"), [(10, 11), (-1, 0), (10, -1)])
def test_impossible_counts_are_refused(units: int, part: int) -> None:
    with pytest.raises(InvalidArgument):
        multiple_exposure(units, part)
    with pytest.raises(InvalidArgument):
        outcome_without_exposure(units, part)


@pytest.mark.parametrize("expected", [-0.1, 1.1, float("nan")])
def test_expected_share_out_of_range_is_refused(expected: float) -> None:
    with pytest.raises(InvalidArgument):
        multiple_exposure(10, 1, expected_share=expected)


def multiple_exposure_rate(unit_count: int, real: float, expected: float, status: Status) -> float:
    """Returns how likely a status is where each unit sees several arms with a real probability."""
    counts = np.arange(*stats.binom.interval(1 - 1e-9, unit_count, real) + np.array([0, 1]), dtype=np.int64)
    found = [multiple_exposure(unit_count, int(k), expected_share=expected).status is status for k in counts]
    return float(stats.binom.pmf(counts, unit_count, real)[found].sum())


@pytest.mark.parametrize("expected", [0.001, 0.02, 0.05, 0.2])
@pytest.mark.parametrize("unit_count", [200, 1000, 10_000])
def test_multiple_exposure_that_weights_explain_alarms_at_most_once_in_a_thousand(
    unit_count: int, expected: float
) -> None:
    assert 1 - multiple_exposure_rate(unit_count, expected, expected, Status.PASS) <= 0.001 + 1e-9


@pytest.mark.parametrize(
    ("unit_count", "real", "expected", "at_least"),
    [(1000, 0.03, 0.0, 0.999), (10_000, 0.015, 0.0, 0.999), (10_000, 0.07, 0.05, 0.999), (1000, 0.1, 0.05, 0.99)],
)
def test_multiple_exposure_of_changing_identities_fails(
    unit_count: int, real: float, expected: float, at_least: float
) -> None:
    assert multiple_exposure_rate(unit_count, real, expected, Status.FAIL) >= at_least


@pytest.mark.parametrize("unit_count", [1, 5, 10, 20, 50, 100, 1000])
def test_loss_of_one_exposure_in_a_hundred_fails_at_most_once_in_a_thousand(unit_count: int) -> None:
    counts = np.arange(unit_count + 1)
    failed = [outcome_without_exposure(unit_count, int(k)).status is Status.FAIL for k in counts]

    assert stats.binom.pmf(counts, unit_count, 0.01)[failed].sum() <= 0.001


@pytest.mark.parametrize(("unit_count", "real", "at_least"), [(50, 0.3, 0.999), (1000, 0.14, 0.999), (10, 1.0, 1.0)])
def test_loss_of_many_exposures_fails(unit_count: int, real: float, at_least: float) -> None:
    counts = np.arange(unit_count + 1)
    failed = [outcome_without_exposure(unit_count, int(k)).status is Status.FAIL for k in counts]

    assert stats.binom.pmf(counts, unit_count, real)[failed].sum() >= at_least
