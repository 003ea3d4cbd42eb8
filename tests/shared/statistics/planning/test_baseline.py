import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline, MetricKind, stacked
from tests.shared.statistics.planning.examples import ALL, BASELINES


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("mean", 400.0),
        ("proportion", 0.09),
        ("count", 3.0),
        ("rate", 0.075),
        ("ratio", (2.0 - 2 * 0.3 * 2.5 + 0.09 * 9.0) / 16),
        ("quantile", 0.09 / 0.002**2),
        ("covariates", 200.0),
        ("clusters", 0.09 * (1 + (12 * 1.36 - 1) * 0.05)),
    ],
)
def test_variance_of_a_unit_is_that_of_its_kind(name: str, variance: float) -> None:
    assert float(BASELINES[name].variance) == pytest.approx(variance, rel=1e-12)


def test_variance_of_ratios_agrees_with_tea_tasting() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        numerator, denominator, first, second = rng.uniform(0.5, 5, 4)
        covariance = rng.uniform(-0.9, 0.9) * math.sqrt(first * second)

        found = Baseline.ratio(
            numerator_mean=numerator,
            denominator_mean=denominator,
            numerator_variance=first,
            denominator_variance=second,
            covariance=covariance,
        )

        data = Aggregates(9, {"n": numerator, "d": denominator}, {"n": first, "d": second}, {("d", "n"): covariance})
        assert float(found.variance) == pytest.approx(data.ratio_var("n", "d"), rel=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(share=st.floats(0.01, 0.99), place=st.floats(0, 1))
def test_variance_under_treatment_is_that_of_a_baseline_there(share: float, place: float) -> None:
    there = 0.005 + 0.99 * place
    baseline = Baseline.proportion(share).with_covariates(0.3)

    found = baseline.treatment_variance(there - share)

    np.testing.assert_allclose(found, Baseline.proportion(there).with_covariates(0.3).variance, rtol=1e-9)


@pytest.mark.parametrize("name", ["count", "rate"])
def test_variance_of_events_grows_with_their_value(name: str) -> None:
    baseline = BASELINES[name]

    found = baseline.treatment_variance(float(baseline.value) * np.array([-1.0, 0.0, 2.0]))

    np.testing.assert_allclose(found, np.array([0, 1, 3]) * baseline.variance, rtol=1e-12)


@pytest.mark.parametrize("name", ["mean", "ratio", "quantile"])
def test_variance_of_other_kinds_stays(name: str) -> None:
    found = BASELINES[name].treatment_variance([-50.0, 0.0, 50.0])

    assert (found == BASELINES[name].variance).all()


def test_values_that_cannot_be_have_no_variance() -> None:
    found = ALL.treatment_variance(-1e4)

    limited = np.isin(ALL.kind, (MetricKind.PROPORTION, MetricKind.COUNT, MetricKind.RATE))
    assert np.isnan(found).tolist() == limited.tolist()


def test_design_effect_agrees_with_the_variance_of_cluster_means() -> None:
    # Units share a part of variance ICC = 0.2 with their cluster; the variance of the mean of n units in clusters of 8.
    clusters, size, correlation = 40, 8, 0.2
    shared = np.kron(np.eye(clusters), np.full((size, size), correlation))
    covariance = shared + (1 - correlation) * np.eye(clusters * size)
    weight = np.full(clusters * size, 1 / (clusters * size))

    found = Baseline.mean(0.0, 1.0).in_clusters(8.0, correlation=correlation)

    assert float(found.variance) / (clusters * size) == pytest.approx(weight @ covariance @ weight, rel=1e-12)


def test_unequal_clusters_inflate_as_their_squared_sizes_do() -> None:
    # Sum over clusters of size^2 ICC + size (1 - ICC), per unit.
    sizes, correlation = np.array([2.0, 5.0, 5.0, 20.0]), 0.1
    expected = (sizes**2 * correlation + sizes * (1 - correlation)).sum() / sizes.sum()

    found = Baseline.mean(0.0, 1.0).in_clusters(
        sizes.mean(), correlation=correlation, size_variation=sizes.std() / sizes.mean()
    )

    assert float(found.variance) == pytest.approx(expected, rel=1e-12)


def test_baselines_of_any_kinds_stack() -> None:
    assert ALL.shape == (len(BASELINES),)
    assert float(ALL[1].variance) == 400.0
    assert ALL[:, None].shape == (len(BASELINES), 1)


def test_baselines_of_different_shapes_do_not_stack() -> None:
    with pytest.raises(InvalidArgument, match="of one shape"):
        stacked([Baseline.proportion(0.1), Baseline.proportion([0.1, 0.2])])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Baseline.mean(math.nan, 1.0),
        lambda: Baseline.mean(1.0, 0.0),
        lambda: Baseline.mean(1.0, 1.0, skewness=math.inf),
        lambda: Baseline.mean(1.0, -1.0),
        lambda: Baseline.mean([1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: Baseline.proportion(0.0),
        lambda: Baseline.proportion(1.0),
        lambda: Baseline.proportion(1.2),
        lambda: Baseline.count(0.0),
        lambda: Baseline.count(1.0, dispersion=0.0),
        lambda: Baseline.rate(1.0, exposure=0.0),
        lambda: Baseline.quantile(1.0, level=1.0, density=1.0),
        lambda: Baseline.quantile(1.0, level=0.5, density=0.0),
        lambda: BASELINES["mean"].with_covariates(1.0),
        lambda: BASELINES["mean"].with_covariates(-0.1),
        lambda: BASELINES["mean"].in_clusters(0.5, correlation=0.1),
        lambda: BASELINES["mean"].in_clusters(5.0, correlation=1.5),
        lambda: Baseline.ratio(
            numerator_mean=1.0, denominator_mean=0.0, numerator_variance=1.0, denominator_variance=1.0, covariance=0.0
        ),
        lambda: Baseline.ratio(
            numerator_mean=2.0, denominator_mean=1.0, numerator_variance=4.0, denominator_variance=1.0, covariance=2.0
        ),
    ],
)
def test_baselines_that_cannot_be_are_refused(make: Callable[[], Baseline]) -> None:
    with pytest.raises(InvalidArgument):
        make()
