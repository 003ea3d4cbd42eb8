import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.sequential.spending import (
    OBRIEN_FLEMING_TYPE,
    POCOCK_TYPE,
    Spending,
    hwang_shih_decani,
    power_family,
)

FAMILIES = st.one_of(
    st.sampled_from([OBRIEN_FLEMING_TYPE, POCOCK_TYPE]),
    st.floats(0.2, 5).map(power_family),
    st.floats(-10, 10).filter(lambda gamma: abs(gamma) > 1e-3).map(hwang_shih_decani),
)
LEVELS = st.floats(1e-4, 0.5)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(spending=FAMILIES, level=LEVELS)
def test_all_is_spent_at_the_end_and_nothing_at_the_start(spending: Spending, level: float) -> None:
    start, end, overrun = spending.spent([0, 1, 1.3], level)

    assert start == 0
    assert end == pytest.approx(level, rel=1e-12)
    assert overrun == end


@settings(max_examples=100, deadline=None, derandomize=True)
@given(spending=FAMILIES, level=LEVELS)
def test_spending_rises_with_information(spending: Spending, level: float) -> None:
    spent = spending.spent(np.linspace(0, 1, 101), level)

    assert (np.diff(spent) >= 0).all()


def test_obrien_fleming_type_is_the_formula_of_lan_and_demets() -> None:
    spent = OBRIEN_FLEMING_TYPE.spent([0.25, 0.5], 0.025)

    assert spent == pytest.approx(2 * stats.norm.sf(stats.norm.isf(0.0125) / np.sqrt([0.25, 0.5])), rel=1e-12)


def test_pocock_type_is_the_formula_of_lan_and_demets() -> None:
    spent = POCOCK_TYPE.spent([0.25, 0.5], 0.025)

    assert spent == pytest.approx(0.025 * np.log(1 + (np.e - 1) * np.array([0.25, 0.5])), rel=1e-12)


def test_power_family_is_a_power_of_information() -> None:
    assert power_family(2).spent([0.5], 0.05) == pytest.approx([0.0125], rel=1e-12)


def test_hwang_shih_decani_is_the_published_formula() -> None:
    spent = hwang_shih_decani(-4).spent([0.5], 0.025)

    assert spent == pytest.approx([0.025 * (1 - np.exp(2)) / (1 - np.exp(4))], rel=1e-12)


@pytest.mark.parametrize("exponent", [0.0, -1.0, np.nan])
def test_power_family_refuses_exponents_that_are_not_above_0(exponent: float) -> None:
    with pytest.raises(InvalidArgument, match="exponent"):
        power_family(exponent)


@pytest.mark.parametrize("gamma", [0.0, 101.0, np.nan])
def test_hwang_shih_decani_refuses_a_gamma_without_meaning(gamma: float) -> None:
    with pytest.raises(InvalidArgument, match="gamma"):
        hwang_shih_decani(gamma)


def test_negative_information_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="information"):
        POCOCK_TYPE.spent([-0.1], 0.05)
