"""Rules on looking at the experiment while it runs, and on what has been seen already."""

from typing import Final

import numpy as np
from scipy import special

from shared.statistics.design.case import Case
from shared.statistics.design.power_rules import past_lift
from shared.statistics.design.rule import Judgement, Rule, Unchecked, error, warning
from shared.statistics.design.words import percent
from shared.statistics.planning.monitoring import FixedLook, GroupSequential
from shared.statistics.planning.plan import Plan
from shared.statistics.sequential.group_sequential import Bounds, crossing_probabilities

_MOST_LOOKS: Final = 100
"""More looks are counted as so many: their error is larger still."""


def _sample_ratio(case: Case) -> Judgement:
    check, limits = case.design.sample_ratio, case.thresholds
    if check is None:
        return error(
            "nobody checks whether the arms get the shares that they should",
            f"plan the sample-ratio check at alpha {limits.most_sample_ratio_alpha:g}",
        )
    if check.alpha > limits.most_sample_ratio_alpha:
        return error(
            f"the sample-ratio check runs at alpha {check.alpha:g}: one in {1 / check.alpha:.3g} sound"
            " experiments would be stopped",
            f"set its alpha to {limits.most_sample_ratio_alpha:g}",
        )
    if case.smallest_arm_units < limits.least_expected_units:
        return error(
            f"the smallest arm expects {case.smallest_arm_units:.3g} units, too few for the sample-ratio check",
            f"plan {limits.least_expected_units} or more",
        )
    if case.design.look_count > 1 and not check.any_time:
        return warning(
            f"the sample ratio is looked at {case.design.look_count} times with a test for one look",
            "use the sequential sample-ratio test",
        )
    return None


def _peeking(case: Case) -> Judgement:
    design, monitoring = case.design, case.design.plan.monitoring
    if design.look_count <= 1:
        return None
    if isinstance(monitoring, FixedLook):
        rate = _peeking_error(design.look_count, design.plan)
        return error(
            f"{design.look_count} looks with a test for one look at alpha {design.plan.alpha:g} find an effect where"
            f" there is none in {percent(rate)} of experiments",
            "plan group-sequential looks, or use an anytime-valid method, or look once",
        )
    if isinstance(monitoring, GroupSequential) and len(monitoring.fractions) != design.look_count:
        return error(
            f"{len(monitoring.fractions)} looks are planned, and {design.look_count} are going to be taken",
            f"plan {design.look_count} looks, or use an anytime-valid method",
        )
    return None


def _peeking_error(look_count: int, plan: Plan) -> float:
    """Returns how often equally spaced looks at the z-score for one look find an effect where there is none."""
    looks = np.arange(1, min(look_count, _MOST_LOOKS) + 1)
    upper = np.full(looks.size, -special.ndtri(plan.alpha / 2 if plan.is_two_sided else plan.alpha))
    lower = -upper if plan.is_two_sided else np.full(looks.size, -np.inf)
    crossing = crossing_probabilities(Bounds(lower, upper), (looks / looks.size).tolist(), drift=0.0)
    return float((crossing.lower + crossing.upper).sum())


def _pre_period(case: Case) -> Judgement:
    p_value, least = case.design.observations.pre_period_p_value, case.thresholds.least_pre_period_p_value
    if p_value is None:
        return Unchecked("the arms were not compared before the start")
    if p_value >= least:
        return None
    return warning(
        f"the arms differed before the start (p = {p_value:.2g}, below {least:g})",
        "draw a new salt and compare again; if it stays, look for a defect in the assignment",
    )


def _multiple_exposure(case: Case) -> Judgement:
    share, most = case.design.observations.multiple_exposure_share, case.thresholds.most_multiple_exposure
    if share is None:
        return Unchecked("it is not known how many units were seen in several arms")
    if share < most:
        return None
    return error(
        f"{percent(share)} of the units were seen in more than one arm, {percent(most)} or more",
        "find out why: unstable unit ids, or weights that moved units that should have been pinned",
    )


def _surprise(case: Case) -> Judgement:
    lift, metric, limits = case.design.observations.lift, case.primary, case.thresholds
    if lift is None or metric is None or metric.minimum_lift is None or not metric.minimum_lift > 0:
        return Unchecked("there is no result yet, or no smallest lift to hold it against")
    fix = "look for a defect first: logging, sample ratio, outliers; then repeat the experiment"
    if abs(lift) > limits.surprising_ratio * metric.minimum_lift:
        return warning(
            f"a lift of {percent(lift)} is more than {limits.surprising_ratio:g} times the"
            f" {percent(metric.minimum_lift)} that the experiment was made for",
            fix,
        )
    usual = past_lift(metric, limits.past_surprise_quantile)
    if usual is not None and abs(lift) > usual:
        return warning(
            f"a lift of {percent(lift)} is beyond {percent(limits.past_surprise_quantile)} of the"
            f" {len(metric.past_lifts)} earlier ones ({percent(usual)})",
            fix,
        )
    return None


RULES: Final = (
    Rule("D17", "the sample ratio checked", "Fabijan et al. 2019; Lindon and Malek 2022", _sample_ratio),
    Rule("D18", "a method that suits the looks", "Armitage, McPherson and Rowe 1969; Johari et al. 2022", _peeking),
    Rule("D30", "arms alike before the start", "Kohavi, Tang and Xu 2020, chapter 19", _pre_period),
    Rule("D34", "one arm for each unit", "Fabijan et al. 2019", _multiple_exposure),
    Rule("D35", "surprises doubted", "Kohavi, Deng and Vermeer 2022, Intuition Busters (Twyman's law)", _surprise),
)
