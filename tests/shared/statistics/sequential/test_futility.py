"""Giving up: bounds with their rates, conditional and predictive power against integrals and simulated walks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from shared.errors import InvalidArgument
from shared.statistics.result.method import Alternative
from shared.statistics.sequential.futility import conditional_power, futility_plan, predictive_power
from shared.statistics.sequential.group_sequential import Bounds, crossing_probabilities, drift_for_power, z_bounds
from shared.statistics.sequential.spending import (
    OBRIEN_FLEMING_TYPE,
    POCOCK_TYPE,
    Spending,
    hwang_shih_decani,
    power_family,
)
from tests.shared.statistics.simulation import Rate

GREATER = Alternative.GREATER
SPENDINGS = st.sampled_from([OBRIEN_FLEMING_TYPE, POCOCK_TYPE, power_family(2.0), hwang_shih_decani(-2.0)])
INFORMATION = st.lists(st.floats(0.1, 1), min_size=2, max_size=5).map(
    lambda steps: [float(t) for t in np.cumsum(steps) / np.sum(steps)]
)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    information=INFORMATION,
    spending=SPENDINGS,
    giving_up=SPENDINGS,
    power=st.floats(0.6, 0.95),
    alpha=st.floats(0.01, 0.1),
)
def test_plan_spends_the_rate_of_missed_effects_and_has_the_power(
    information: list[float], spending: Spending, giving_up: Spending, power: float, alpha: float
) -> None:
    plan = futility_plan(information, alpha=alpha, power=power, spending=spending, futility_spending=giving_up)

    found = crossing_probabilities(plan.bounds, information, plan.drift)

    assert np.cumsum(found.lower) == pytest.approx(giving_up.spent(information, 1 - power), abs=1e-9)
    assert found.upper.sum() == pytest.approx(power, abs=1e-9)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(information=INFORMATION, spending=SPENDINGS, giving_up=SPENDINGS)
def test_going_on_regardless_keeps_the_error_rate(
    information: list[float], spending: Spending, giving_up: Spending
) -> None:
    plan = futility_plan(information, alpha=0.025, power=0.9, spending=spending, futility_spending=giving_up)

    regardless = Bounds(np.full(len(information), -np.inf), plan.bounds.upper)
    assert crossing_probabilities(regardless, information, 0.0).upper.sum() == pytest.approx(0.025, abs=1e-11)
    assert crossing_probabilities(plan.bounds, information, 0.0).upper.sum() <= 0.025


def test_bounds_meet_at_the_last_look_and_rise_to_it() -> None:
    plan = futility_plan(
        [0.25, 0.5, 0.75, 1],
        alpha=0.025,
        power=0.8,
        spending=OBRIEN_FLEMING_TYPE,
        futility_spending=OBRIEN_FLEMING_TYPE,
    )

    assert plan.bounds.lower[-1] == plan.bounds.upper[-1]
    assert (np.diff(plan.bounds.lower) > 0).all()


def test_giving_up_costs_power_so_that_the_drift_is_larger() -> None:
    information = [0.5, 1.0]
    upper = z_bounds(information, alpha=0.025, alternative=GREATER, spending=OBRIEN_FLEMING_TYPE)

    plan = futility_plan(
        information, alpha=0.025, power=0.9, spending=OBRIEN_FLEMING_TYPE, futility_spending=POCOCK_TYPE
    )

    assert plan.drift > drift_for_power(upper, information, 0.9)


def test_one_look_is_the_test_of_one_look() -> None:
    plan = futility_plan([1.0], alpha=0.025, power=0.8, spending=POCOCK_TYPE, futility_spending=POCOCK_TYPE)

    assert plan.drift == pytest.approx(stats.norm.isf(0.025) + stats.norm.ppf(0.8), abs=1e-9)
    assert float(plan.bounds.upper[0]) == pytest.approx(stats.norm.isf(0.025), abs=1e-9)


def test_simulated_walks_stop_as_often_as_planned() -> None:
    rng = np.random.default_rng(31)
    information = np.array([0.3, 0.6, 1.0])
    plan = futility_plan(
        information.tolist(), alpha=0.025, power=0.85, spending=OBRIEN_FLEMING_TYPE, futility_spending=POCOCK_TYPE
    )
    steps = np.diff(information, prepend=0)
    noise = np.cumsum(rng.standard_normal((200_000, 3)) * np.sqrt(steps), axis=1)

    def wins(drift: float) -> Rate:
        z = (noise + drift * information) / np.sqrt(information)
        up, down = z >= plan.bounds.upper, z <= plan.bounds.lower
        first = (up | down).argmax(axis=1)
        return Rate(int(up[np.arange(len(z)), first].sum()), len(z))

    assert wins(plan.drift).agrees_with(0.85), wins(plan.drift)
    assert wins(0.0).is_at_most(0.025), wins(0.0)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(z=st.floats(-3, 4), time=st.floats(0.05, 0.95), bound=st.floats(1, 3), drift=st.floats(-2, 5))
def test_conditional_power_is_the_tail_of_what_is_left(z: float, time: float, bound: float, drift: float) -> None:
    rest = stats.norm(drift * (1 - time), math.sqrt(1 - time))

    found = conditional_power(z, time, bound=bound, drift=drift)

    assert float(found) == pytest.approx(rest.sf(bound - z * math.sqrt(time)), rel=1e-9, abs=1e-300)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(z=st.floats(-3, 4), time=st.floats(0.05, 0.95), bound=st.floats(1, 3))
def test_predictive_power_is_conditional_power_averaged_over_drifts(z: float, time: float, bound: float) -> None:
    # With a flat prior, Z at the time t says of the drift: normal around Z / sqrt(t) with variance 1 / t.
    drifts = stats.norm(z / math.sqrt(time), 1 / math.sqrt(time))

    expected, _ = integrate.quad(
        lambda d: float(conditional_power(z, time, bound=bound, drift=d)) * float(drifts.pdf(d)),
        drifts.mean() - 12 * drifts.std(),
        drifts.mean() + 12 * drifts.std(),
        epsabs=1e-13,
        epsrel=1e-11,
        limit=200,
    )

    assert float(predictive_power(z, time, bound=bound)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_conditional_power_by_the_trend_is_that_of_lan_and_wittes() -> None:
    # B-value of Lan and Wittes 1988: B(t) = Z sqrt(t), the trend is B / t, expected end B / t.
    z, time = 1.2, 0.4
    value = z * math.sqrt(time)

    found = conditional_power(z, time, bound=1.96, drift=value / time)

    assert float(found) == pytest.approx(stats.norm.sf((1.96 - value / time) / math.sqrt(1 - time)), rel=1e-12)


def test_powers_broadcast() -> None:
    found = conditional_power([[0.0], [1.0]], 0.5, bound=1.96, drift=[0.0, 1.0, 2.0])

    assert found.shape == (2, 3)
    assert (np.diff(found, axis=0) > 0).all()
    assert (np.diff(found, axis=1) > 0).all()


@pytest.mark.parametrize("information", [0.0, 1.0, -0.1, math.nan])
def test_power_needs_a_look_between_start_and_end(information: float) -> None:
    with pytest.raises(InvalidArgument, match="information"):
        conditional_power(1.0, information, bound=1.96, drift=1.0)
    with pytest.raises(InvalidArgument, match="information"):
        predictive_power(1.0, information, bound=1.96)


@pytest.mark.parametrize("power", [0.5, 1.0, 0.0, math.nan])
def test_plan_refuses_a_power_out_of_range(power: float) -> None:
    with pytest.raises(InvalidArgument, match="power"):
        futility_plan([0.5, 1], alpha=0.05, power=power, spending=POCOCK_TYPE, futility_spending=POCOCK_TYPE)


def test_plan_refuses_looks_that_do_not_end_with_all_information() -> None:
    with pytest.raises(InvalidArgument, match="information"):
        futility_plan([0.5, 0.9], alpha=0.05, power=0.8, spending=POCOCK_TYPE, futility_spending=POCOCK_TYPE)


@pytest.mark.parametrize("statistic", [math.nan, math.inf])
def test_statistic_that_is_no_number_is_refused(statistic: float) -> None:
    with pytest.raises(InvalidArgument, match="statistic"):
        predictive_power(statistic, 0.5, bound=1.96)
