"""Rules on arms and their shares."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.design.case import Case, good_difference, planned_baseline
from shared.statistics.design.rule import Judgement, Rule, info, warning
from shared.statistics.design.words import percent
from shared.statistics.planning.splits import optimal_split


def _arm_count(case: Case) -> Judgement:
    arms, limits = case.design.arm_count, case.thresholds
    if case.design.bandit is None and arms > limits.most_fixed_arms:
        return warning(
            f"{arms} arms share the traffic of a fixed split, more than {limits.most_fixed_arms}",
            f"keep {limits.most_fixed_arms} arms, or let a bandit drop the weak ones",
        )
    if case.design.bandit is not None and arms < limits.least_bandit_arms:
        return warning(
            f"a bandit of {arms} arms has little to gain over a fixed split, and estimates the effect less well",
            "use a fixed split with anytime-valid monitoring, or say what the bandit saves",
        )
    return None


def _split(case: Case) -> Judgement:
    if case.design.bandit is not None:
        return None
    shares, variances = np.array(case.design.plan.shares), _unit_variances(case)
    best = optimal_split(np.sqrt(variances)).shares
    gain = 1 - _mean_variance(variances, best) / _mean_variance(variances, shares)
    if gain <= case.thresholds.split_gain:
        return None
    return info(
        f"the shares {_listed(shares)} estimate the effects with {percent(gain)} more variance than need be",
        f"take the shares {_listed(best)}, the control first",
    )


def _unit_variances(case: Case) -> NDArray[np.float64]:
    metric = case.primary
    baseline = None if metric is None else planned_baseline(metric)
    if metric is None or baseline is None:
        return np.ones(case.design.arm_count)
    treated = float(baseline.treatment_variance(good_difference(metric, baseline)))
    treated = treated if treated > 0 else float(baseline.variance)
    return np.array([float(baseline.variance), *[treated] * (case.design.arm_count - 1)])


def _mean_variance(variances: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """Returns the mean over treatments of the variance of their difference from control, for one unit."""
    parts = variances / shares
    return float(parts[1:].mean() + parts[0])


def _listed(shares: NDArray[np.float64]) -> str:
    return " : ".join(percent(share) for share in shares)


def _least_share(case: Case) -> Judgement:
    smallest, bandit = min(case.design.plan.shares), case.design.bandit
    least = case.thresholds.least_share if bandit is None else bandit.exploration_floor
    if smallest >= least:
        return None
    return warning(
        f"the smallest arm gets {percent(smallest)} of the units, less than {percent(least)}",
        f"give every arm {percent(least)} or more",
    )


RULES: Final = (
    Rule("D13", "a number of arms that suits the method", "arithmetic; see docs/statistics.md, planning", _arm_count),
    Rule("D14", "shares that suit the comparison", "Dunnett 1955, section 4; Neyman 1934", _split),
    Rule("D15", "no starving arm", "arithmetic: the variance of a share s is 1 / s", _least_share),
)
