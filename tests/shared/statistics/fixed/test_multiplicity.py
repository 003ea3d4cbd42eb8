"""Tests adjusted p-values against statsmodels, a published table, their order among each other, and error rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from shared.errors import InvalidArgument
from shared.statistics.fixed.multiplicity import Procedure, adjusted
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
ORACLES = {
    Procedure.BONFERRONI: "bonferroni",
    Procedure.HOLM: "holm",
    Procedure.HOCHBERG: "simes-hochberg",
    Procedure.BENJAMINI_HOCHBERG: "fdr_bh",
}
P_VALUES = hnp.arrays(
    np.float64, st.integers(1, 12), elements=st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0]))
)
# Benjamini and Hochberg 1995, section 4.1: thrombolysis in myocardial infarction, 15 hypotheses.
THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


@pytest.mark.parametrize("procedure", ORACLES)
def test_adjusted_when_any_p_values_then_equal_statsmodels(procedure: Procedure) -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 3, 5, 12, 40, 40, 40):
        p_values = np.round(rng.beta(0.5, 2, size), 3)  # with ties

        found = adjusted(p_values, procedure)

        np.testing.assert_allclose(found, multipletests(p_values, method=ORACLES[procedure])[1], rtol=1e-12)


@pytest.mark.parametrize(
    ("procedure", "rejected_count"),
    [(Procedure.NONE, 9), (Procedure.BONFERRONI, 3), (Procedure.HOCHBERG, 3), (Procedure.BENJAMINI_HOCHBERG, 4)],
)
def test_adjusted_when_published_table_then_as_many_are_rejected_as_printed(
    procedure: Procedure, rejected_count: int
) -> None:
    found = adjusted(THROMBOLYSIS, procedure) <= 0.05

    assert found.tolist() == [True] * rejected_count + [False] * (15 - rejected_count)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(p_values=P_VALUES)
def test_adjusted_when_procedures_are_compared_then_each_is_at_least_as_strict_as_it_should(p_values: Floats) -> None:
    none, bonferroni, holm, hochberg, fdr = (
        adjusted(p_values, procedure)
        for procedure in (
            Procedure.NONE,
            Procedure.BONFERRONI,
            Procedure.HOLM,
            Procedure.HOCHBERG,
            Procedure.BENJAMINI_HOCHBERG,
        )
    )

    rounding = 1e-15
    assert (none <= fdr + rounding).all()
    assert (fdr <= hochberg + rounding).all()
    assert (hochberg <= holm + rounding).all()
    assert (holm <= bonferroni + rounding).all()
    assert (bonferroni <= 1).all()


@pytest.mark.parametrize("procedure", Procedure)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(p_values=P_VALUES, seed=st.integers(0, 99))
def test_adjusted_when_order_changes_then_order_of_answers_changes(
    procedure: Procedure, p_values: Floats, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(p_values.size)

    np.testing.assert_array_equal(adjusted(p_values[order], procedure), adjusted(p_values, procedure)[order])


@pytest.mark.parametrize("procedure", Procedure)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(p_values=P_VALUES, lower=st.floats(0, 1))
def test_adjusted_when_a_p_value_falls_then_no_answer_rises(
    procedure: Procedure, p_values: Floats, lower: float
) -> None:
    fallen = p_values.copy()
    fallen[0] = min(fallen[0], lower)

    assert (adjusted(fallen, procedure) <= adjusted(p_values, procedure) + 1e-15).all()


@pytest.mark.parametrize("procedure", Procedure)
def test_adjusted_when_some_cannot_be_tested_then_they_stay_and_do_not_count(procedure: Procedure) -> None:
    found = adjusted([0.01, np.nan, 0.04, 0.03, np.nan], procedure)

    np.testing.assert_array_equal(np.isnan(found), [False, True, False, False, True])
    np.testing.assert_array_equal(found[[0, 2, 3]], adjusted([0.01, 0.04, 0.03], procedure))


@pytest.mark.parametrize("procedure", Procedure)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_adjusted_when_families_are_along_an_axis_then_each_is_as_alone(procedure: Procedure, axis: int) -> None:
    p_values = np.random.default_rng(1).random((4, 5))

    found = adjusted(p_values, procedure, axis=axis)

    alone = np.apply_along_axis(lambda family: adjusted(family, procedure), axis, p_values)
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize(("p_values", "axis"), [([-0.1], -1), ([1.1], -1), ([0.5], 1), (0.5, 0)])
def test_adjusted_when_arguments_do_not_fit_then_invalid(p_values: list[float], axis: int) -> None:
    with pytest.raises(InvalidArgument):
        adjusted(p_values, Procedure.HOLM, axis=axis)


def many_to_one_p_values(seed: int, effects: list[float], repetitions: int = 40_000) -> Floats:
    """Returns one-sided p-values of treatments that share a control, so that statistics correlate by 1/2."""
    rng = np.random.default_rng(seed)
    arms = rng.normal(size=(repetitions, len(effects) + 1))
    statistic = (arms[:, 1:] - arms[:, :1]) / np.sqrt(2) + effects
    return np.asarray(stats.norm.sf(statistic))


@pytest.mark.parametrize("procedure", [Procedure.BONFERRONI, Procedure.HOLM, Procedure.HOCHBERG])
@pytest.mark.parametrize("effects", [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 4.0]])
def test_adjusted_when_treatments_share_a_control_then_any_false_rejection_is_as_rare_as_alpha(
    procedure: Procedure, effects: list[float]
) -> None:
    null = np.array(effects) == 0

    found = adjusted(many_to_one_p_values(3, effects), procedure) < 0.05

    assert Rate(int(found[:, null].any(1).sum()), found.shape[0]).is_at_most(0.05)
    unadjusted = many_to_one_p_values(3, effects) < 0.05
    assert not Rate(int(unadjusted[:, null].any(1).sum()), found.shape[0]).is_at_most(0.05)


@pytest.mark.parametrize("procedure", [Procedure.BONFERRONI, Procedure.HOLM, Procedure.HOCHBERG])
def test_adjusted_when_tests_are_independent_then_any_false_rejection_is_nearly_as_frequent_as_alpha(
    procedure: Procedure,
) -> None:
    p_values = np.random.default_rng(4).random((40_000, 5))

    found = (adjusted(p_values, procedure) < 0.05).any(1)

    assert Rate(int(found.sum()), 40_000).agrees_with(1 - 0.99**5)


def test_benjamini_hochberg_when_half_are_null_then_false_share_is_half_of_alpha() -> None:
    """Independent tests: FDR is alpha times the share of true nulls (Benjamini and Hochberg 1995, theorem 1)."""
    effects = np.array([0.0] * 6 + [1.0, 2.0, 3.0, 3.0, 4.0, 4.0])
    p_values = stats.norm.sf(np.random.default_rng(5).normal(size=(40_000, 12)) + effects)

    rejected = adjusted(p_values, Procedure.BENJAMINI_HOCHBERG) <= 0.1

    share = rejected[:, :6].sum(1) / np.maximum(rejected.sum(1), 1)
    error = share.std() / np.sqrt(share.size)
    assert abs(share.mean() - 0.05) < 3.29 * error  # 99.9 %
