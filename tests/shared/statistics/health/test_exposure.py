"""Exposure checks on both sides of each threshold."""

import pytest

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
