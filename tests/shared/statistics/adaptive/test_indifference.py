"""What may still be lost: against simulation-free integrals and draws."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from shared.statistics.adaptive.indifference import stakes
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.result.obstacles import Obstacle


def _arms(value: list[float], error: list[float], freedom: float = 1e6, obstacle: int = 0) -> ArmEstimates:
    values = np.array(value)
    return ArmEstimates(
        value=values,
        variance=np.array(error) ** 2,
        common_variance=np.zeros(values.shape),
        degrees_of_freedom=np.full(values.shape, freedom),
        unit_count=np.full(values.shape, 100.0),
        obstacle=np.full(values.shape, obstacle, dtype=np.int8),
        caution=np.zeros(values.shape, dtype=np.int32),
    )


def test_stakes_of_two_normal_arms_have_the_closed_form() -> None:
    found = stakes(_arms([0.10, 0.11], [0.004, 0.003]))

    error, lead = 0.005, 0.01
    loss = error * stats.norm.pdf(lead / error) - lead * special.ndtr(-lead / error)
    assert found.leader == 1
    np.testing.assert_allclose(found.expected_loss, [loss + lead, loss], rtol=1e-4)
    np.testing.assert_allclose(found.value_remaining, 0.0, atol=1e-12)


def test_value_remaining_of_two_normal_arms_is_a_quantile() -> None:
    found = stakes(_arms([0.10, 0.101], [0.004, 0.003]))

    np.testing.assert_allclose(found.value_remaining, 0.005 * stats.norm.ppf(0.95) - 0.001, rtol=1e-5)


def test_value_remaining_of_three_student_arms_agrees_with_integration() -> None:
    value, error, freedom = np.array([1.0, 1.2, 1.1]), np.array([0.3, 0.2, 0.5]), 6.0

    gain = float(stakes(_arms(list(value), list(error), freedom)).value_remaining)

    def density(x: float) -> float:
        others = [special.stdtr(freedom, (x + gain - value[arm]) / error[arm]) for arm in (0, 2)]
        return float(stats.t.pdf((x - value[1]) / error[1], freedom) / error[1] * others[0] * others[1])

    chance = integrate.quad(density, -20, 20, points=[value[1]], limit=500)[0]
    np.testing.assert_allclose(chance, 0.95, rtol=1e-6)


def test_stakes_of_several_metrics_scale_with_their_units() -> None:
    one, other = _arms([1.0, 1.2, 1.1], [0.3, 0.2, 0.5], 9.0), _arms([100.0, 120.0, 110.0], [30.0, 20.0, 50.0], 9.0)

    small, large = stakes(one), stakes(other)

    np.testing.assert_allclose(large.value_remaining, 100 * small.value_remaining, rtol=1e-6)
    np.testing.assert_allclose(large.expected_loss, 100 * small.expected_loss, rtol=1e-6)


@pytest.mark.parametrize("obstacle", [Obstacle.NO_UNITS, Obstacle.MISSING_PROPENSITY])
def test_stakes_when_an_arm_has_an_obstacle_are_not_told(obstacle: Obstacle) -> None:
    found = stakes(_arms([1.0, 1.2], [0.3, 0.2], obstacle=int(obstacle)))

    assert np.isnan(found.expected_loss).all()
    assert np.isnan(found.value_remaining)
