import numpy as np
import pytest
from scipy import stats

from shared.statistics.planning.familywise import Multiplicity, comparison_alpha


def _critical(shares: tuple[float, ...], alpha: float, *, two_sided: bool) -> float:
    found = comparison_alpha(shares, alpha=alpha, two_sided=two_sided, rule=Multiplicity.DUNNETT)
    return float(stats.norm.isf(found / (2 if two_sided else 1)))


@pytest.mark.parametrize(
    ("treatments", "one_sided", "two_sided"),
    # Dunnett 1955, table 1a, and 1964, table 2: infinite degrees of freedom, joint confidence 95 %.
    [(2, 1.92, 2.21), (3, 2.06, 2.35), (4, 2.16, 2.44), (5, 2.23, 2.51), (9, 2.42, 2.69)],
)
def test_dunnett_bounds_are_those_of_his_tables(treatments: int, one_sided: float, two_sided: float) -> None:
    shares = (1 / (treatments + 1),) * (treatments + 1)

    assert round(_critical(shares, 0.05, two_sided=False), 2) == one_sided
    assert round(_critical(shares, 0.05, two_sided=True), 2) == two_sided


@pytest.mark.parametrize("shares", [(0.4, 0.3, 0.2, 0.1), (0.1, 0.5, 0.4)])
def test_dunnett_spends_alpha_on_correlated_statistics(shares: tuple[float, ...]) -> None:
    load = np.sqrt(np.array(shares[1:]) / (np.array(shares[1:]) + shares[0]))
    correlation = np.outer(load, load) + np.diag(1 - load**2)

    critical = _critical(shares, 0.03, two_sided=False)

    inside = stats.multivariate_normal(cov=correlation, abseps=1e-8, maxpts=10**7, seed=1).cdf(
        np.full(load.size, critical)
    )
    assert 1 - inside == pytest.approx(0.03, abs=1e-6)


@pytest.mark.parametrize("two_sided", [True, False])
def test_shares_of_alpha_are_ordered(*, two_sided: bool) -> None:
    each = [
        comparison_alpha((0.2,) * 5, alpha=0.05, two_sided=two_sided, rule=rule)
        for rule in (Multiplicity.BONFERRONI, Multiplicity.DUNNETT, Multiplicity.NONE)
    ]

    assert each[0] == pytest.approx(0.05 / 4)
    assert each[0] < each[1] < each[2] == 0.05


@pytest.mark.parametrize("rule", list(Multiplicity))
def test_one_treatment_and_one_metric_keep_alpha(rule: Multiplicity) -> None:
    assert comparison_alpha((0.5, 0.5), alpha=0.05, two_sided=True, rule=rule) == 0.05
