"""Thresholds on both sides, and how a family shares them."""

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.health.alarm import status_of, threshold_of
from shared.statistics.health.finding import Status
from shared.statistics.health.sample_ratio import sample_ratio
from shared.statistics.health.sequential_sample_ratio import sequential_sample_ratio
from tests.shared.statistics.simulation import Rate


@pytest.mark.parametrize(
    ("p_value", "status"),
    [(0.0, Status.FAIL), (0.00099, Status.FAIL), (0.00101, Status.WARN), (0.0099, Status.WARN), (0.0101, Status.PASS)],
)
def test_alarm_fails_below_a_thousandth_and_warns_below_a_hundredth(p_value: float, status: Status) -> None:
    with np.errstate(divide="ignore"):
        log_p_value = float(np.log(p_value))

    assert status_of(log_p_value, 0.001, 1) is status
    assert status_of(log_p_value - np.log(20), 0.001, 20) is status


def test_alarm_threshold_is_an_even_share() -> None:
    assert threshold_of(0.001, 20) == 0.001 / 20


@pytest.mark.parametrize("family_size", [0, -5, 1.5, float("nan")])
def test_family_that_is_none_is_refused(family_size: int) -> None:
    with pytest.raises(InvalidArgument):
        sample_ratio([5000, 4000], [1, 1]).finding(family_size=family_size)
    with pytest.raises(InvalidArgument):
        sequential_sample_ratio([[5000, 4000]], [1, 1]).finding(family_size=family_size)


def test_family_of_twenty_segments_has_a_false_alarm_at_most_at_alpha() -> None:
    counts = np.random.default_rng(31).multinomial(4000, [0.5, 0.5], (1000, 20))
    found = sample_ratio(counts, [1, 1])

    def ever(family_size: int) -> Rate:
        failed = [
            any(found.finding(row, k, alpha=0.05, family_size=family_size).status is Status.FAIL for k in range(20))
            for row in range(1000)
        ]
        return Rate(sum(failed), 1000)

    assert ever(20).is_at_most(0.05)
    assert ever(1).agrees_with(1 - 0.95**20)
