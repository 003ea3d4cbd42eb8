"""Power of margins and of means against integration and by hand."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Equivalence, NonInferiority, Plan, Scale
from shared.statistics.planning.power import power
from shared.statistics.result.method import Alternative
from tests.shared.statistics.planning.examples import plan_of


def test_power_of_a_relative_margin_takes_in_the_controls_error() -> None:
    # T - 0.98 C is tested, so that the control counts 0.98^2 (Fieller's interval at the margin).
    margin, count = 0.02, 50_000
    plan = Plan(alternative=Alternative.GREATER, claim=NonInferiority(margin, Scale.RELATIVE))

    found = power(Baseline.proportion(0.3), plan, difference=0.0, unit_count=count)

    error = math.sqrt(0.21 / 25_000 * (1 + 0.98**2))
    assert float(found.value) == pytest.approx(stats.norm.cdf(0.3 * margin / error - stats.norm.isf(0.05)), rel=1e-12)


@pytest.mark.parametrize("effect", [0.0, 0.3, -0.45])
def test_power_of_equivalence_agrees_with_integration_over_the_standard_error(effect: float) -> None:
    # Both tests succeed where |D| + c S < margin; S is sigma times a chi variable.
    count, margin, alpha = 40, 0.9, 0.05
    freedom, error = 2 * count - 2, math.sqrt(2 / count)
    critical = stats.t.isf(alpha, freedom)

    def both(scale: float) -> float:
        half = max(margin - critical * scale * error, 0.0)
        inside = stats.norm.cdf((half - effect) / error) - stats.norm.cdf((-half - effect) / error)
        return float(inside * stats.chi.pdf(scale * math.sqrt(freedom), freedom) * math.sqrt(freedom))

    expected = integrate.quad(both, 0, 3, epsabs=1e-13, epsrel=1e-12)[0]

    found = power(Baseline.mean(0.0, 1.0), Plan(claim=Equivalence(margin)), difference=effect, unit_count=2 * count)

    assert float(found.value) == pytest.approx(expected, abs=1e-9)


def test_power_is_a_number_where_scipys_noncentral_t_is_none() -> None:
    difference = np.linspace(-30, 30, 4001)

    found = power(Baseline.mean(0.0, 1.0), plan_of("greater"), difference=difference, unit_count=[[10], [60], [5000]])

    assert not np.isnan(found.value).any()
    assert (np.diff(found.value, axis=-1) >= -1e-12).all()


def test_noncentral_t_agrees_with_integration_over_its_scale() -> None:
    # SciPy's noncentral t carries the power of all means: checked against E[Phi(drift - c s)], s^2 chi-square over df.
    for freedom, drift in ((3, 0.5), (11, -1.0), (60, 2.8), (400, 5.0)):
        critical = -special.stdtrit(freedom, 0.025)

        def above(scale: float, f: int = freedom, d: float = drift, c: float = critical) -> float:
            return float(special.ndtr(d - c * scale) * stats.chi.pdf(scale * math.sqrt(f), f) * math.sqrt(f))

        width = 12 / math.sqrt(2 * freedom)
        expected = integrate.quad(above, max(0.0, 1 - width), 1 + width, epsabs=1e-13, epsrel=1e-11, limit=200)[0]

        # With variances of 2 / n and n = freedom / 2 + 1 units an arm, the drift is difference / sqrt(2 / n).
        count = freedom / 2 + 1
        plan = Plan(alpha=0.025, alternative=Alternative.GREATER)
        found = power(Baseline.mean(0.0, 1.0), plan, difference=drift * math.sqrt(2 / count), unit_count=2 * count)
        assert float(found.value) == pytest.approx(expected, abs=1e-10)
