"""Baselines and plans that many tests share."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.planning.baseline import Baseline, stacked
from shared.statistics.planning.monitoring import AnyTime, Classical, FixedLook, GroupSequential, Monitoring
from shared.statistics.planning.plan import Claim, Equivalence, NonInferiority, Plan, Scale, Superiority
from shared.statistics.result.method import Alternative
from shared.statistics.sequential.spending import POCOCK_TYPE

Floats = NDArray[np.float64]

BASELINES: Final = {
    "mean": Baseline.mean(20.0, 400.0),
    "mean below 0": Baseline.mean(-20.0, 400.0),
    "proportion": Baseline.proportion(0.1),
    "count": Baseline.count(2.0, dispersion=1.5),
    "rate": Baseline.rate(0.3, exposure=4.0),
    "ratio": Baseline.ratio(
        numerator_mean=1.2, denominator_mean=4.0, numerator_variance=2.0, denominator_variance=9.0, covariance=2.5
    ),
    "quantile": Baseline.quantile(350.0, level=0.9, density=0.002),
    "covariates": Baseline.mean(20.0, 400.0).with_covariates(0.5),
    "clusters": Baseline.proportion(0.1).in_clusters(12.0, correlation=0.05, size_variation=0.6),
}
"""One of every kind."""

ALL: Final = stacked(list(BASELINES.values()))

MONITORINGS: Final[dict[str, Monitoring]] = {
    "fixed": FixedLook(),
    "any time": AnyTime(look_count=14),
    "any time, tuned early": AnyTime(look_count=5, tuned_at=0.3),
    "O'Brien-Fleming type": GroupSequential((0.3, 0.6, 1.0)),
    "Pocock type": GroupSequential((0.25, 0.5, 0.75, 1.0), POCOCK_TYPE),
    "Pocock": GroupSequential((0.5, 1.0), Classical.POCOCK),
}

MARGINS: Final = 0.08 * np.abs(ALL.value)

CLAIMS: Final[dict[str, tuple[Claim, Alternative]]] = {
    "different": (Superiority(), Alternative.TWO_SIDED),
    "greater": (Superiority(), Alternative.GREATER),
    "less": (Superiority(), Alternative.LESS),
    "not less by an absolute margin": (NonInferiority(MARGINS), Alternative.GREATER),
    "not more by an absolute margin": (NonInferiority(MARGINS), Alternative.LESS),
    "not less by a relative margin": (NonInferiority(0.1, Scale.RELATIVE), Alternative.GREATER),
    "not more by a relative margin": (NonInferiority(0.1, Scale.RELATIVE), Alternative.LESS),
    "alike within an absolute margin": (Equivalence(MARGINS), Alternative.TWO_SIDED),
    "alike within a relative margin": (Equivalence(0.1, Scale.RELATIVE), Alternative.TWO_SIDED),
}


def plan_of(claim: str, monitoring: str = "fixed", power: float = 0.8, alpha: float = 0.05) -> Plan:
    """Returns the plan with the claim and the monitoring of these names, split 40 to 60."""
    what, alternative = CLAIMS[claim]
    return Plan(
        shares=(0.4, 0.6),
        alpha=alpha,
        power=power,
        alternative=alternative,
        claim=what,
        monitoring=MONITORINGS[monitoring],
    )


def effects_of(claim: str) -> Floats:
    """Returns effects of a tenth for superiority, of a fiftieth the wrong way where there is a margin."""
    what, alternative = CLAIMS[claim]
    side = -1 if alternative is Alternative.LESS else 1
    return np.asarray(side * (0.1 if isinstance(what, Superiority) else -0.02) * np.abs(ALL.value))
