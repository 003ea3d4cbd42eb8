"""What every posterior can do: curves, picking, stacking."""

import numpy as np
import pytest
from hypothesis import given, settings

from shared.errors import InvalidArgument
from shared.statistics.bayesian.posterior import Posterior, stacked
from tests.shared.statistics.bayesian import posteriors

often = settings(max_examples=60, deadline=None, derandomize=True)


@often
@given(posteriors.two_arms)
def test_curve_when_summed_then_holds_what_its_ends_say(posterior: Posterior) -> None:
    curve = posterior.curve(point_count=4001)

    assert curve.place.shape == curve.density.shape == (2, 4001)
    np.testing.assert_allclose(np.trapezoid(curve.density, curve.place, axis=-1), 0.999, atol=1e-4)


@often
@given(posteriors.two_arms)
def test_line_when_gone_there_and_back_then_nothing_has_changed(posterior: Posterior) -> None:
    value = posterior.quantile(0.2)
    step = 1e-5

    place = posterior.to_line(value)
    back, derivative = posterior.from_line(place)
    secant = (posterior.from_line(place + step)[0] - posterior.from_line(place - step)[0]) / (2 * step)

    np.testing.assert_allclose(back, value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(derivative, secant, rtol=1e-5)


def test_interval_when_alpha_is_not_one_then_refuses() -> None:
    with pytest.raises(InvalidArgument):
        posteriors.beta([1.0], [1.0]).interval(alpha=0.5)


def test_stacked_when_shapes_broadcast_then_has_a_last_axis_of_arms() -> None:
    control = posteriors.gamma([1.0], [2.0])
    treatments = posteriors.gamma([3.0, 4.0], [5.0, 6.0])

    both = stacked(treatments, control)

    assert both.parameters[0].tolist() == [[3, 1], [4, 1]]
    assert both[..., 0].parameters[1].tolist() == [5, 6]
