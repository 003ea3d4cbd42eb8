"""Rules on what the experiment can find: error rates, power, effects, sizes."""

import math
from typing import Final

import numpy as np

from shared.definition.model import MetricRole
from shared.statistics.design.case import Case, guardrail_plan, planned_baseline
from shared.statistics.design.model import DesignMetric
from shared.statistics.design.rule import Judgement, Rule, Unchecked, error, info, warning
from shared.statistics.design.words import percent, units
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.minimum_effect import minimum_effect

_NEEDED = "it takes a primary metric with a baseline, a smallest lift above 0, and units"


def _power(case: Case) -> Judgement:
    power, metric = case.primary_power, case.primary
    if power is None or metric is None or metric.minimum_lift is None:
        return Unchecked(_NEEDED)
    guardrails = case.design.plan.guardrail_count
    wanted, least = (_shared(each, guardrails) for each in (case.thresholds.wanted_power, case.thresholds.least_power))
    if power >= wanted:
        return None
    message = (
        f"the power to find a lift of {percent(metric.minimum_lift)} on {metric.metric_id} with"
        f" {units(case.design.unit_count)} units is {percent(power)}, below {percent(wanted)}"
    )
    if guardrails:
        message += f" ({percent(case.thresholds.wanted_power)} for it and {guardrails} guardrails together)"
    say = error if power < least else warning
    return say(message, _more_units(case, metric))


def _more_units(case: Case, metric: DesignMetric) -> str:
    baseline = planned_baseline(metric)
    parts = []
    if case.required_units is not None:
        parts.append(f"take {units(case.required_units)} units in all arms together")
    if baseline is not None:
        effect = minimum_effect(baseline, case.design.plan, unit_count=case.design.unit_count)
        if not effect.lift_obstacle:
            parts.append(f"settle for a lift of {percent(abs(float(effect.lift)))}")
    return ", or ".join(parts) or "take more units or a less noisy metric"


def _alpha(case: Case) -> Judgement:
    alpha, most = case.design.plan.alpha, case.thresholds.most_alpha
    if alpha <= most:
        return None
    return error(
        f"alpha is {alpha:g}, above {most:g}: {percent(alpha)} of changes without an effect would look like one",
        f"set alpha to {most:g}",
    )


def _realism(case: Case) -> Judgement:
    metric = case.primary
    if metric is None:
        return Unchecked("there is no primary metric")
    lift = metric.minimum_lift
    if lift is None or not lift > 0:
        return error(
            f"{metric.metric_id} has no smallest lift above 0 that is worth finding",
            "declare one: the smallest relative effect that would change the decision",
        )
    return _against_the_past(case, metric, lift)


def _against_the_past(case: Case, metric: DesignMetric, lift: float) -> Judgement:
    share = case.thresholds.past_lift_quantile
    usual = past_lift(metric, share)
    if usual is None:
        if lift <= case.thresholds.plain_lift:
            return None
        return warning(
            f"a lift of {percent(lift)} is more than {percent(case.thresholds.plain_lift)}, and there are too"
            f" few earlier experiments on {metric.metric_id} to say that it happens",
            f"plan for {percent(case.thresholds.plain_lift)} or less, or say why to expect more",
        )
    if lift <= usual:
        return None
    return warning(
        f"a lift of {percent(lift)} is more than {percent(share)} of the {len(metric.past_lifts)} earlier"
        f" experiments on {metric.metric_id} had ({percent(usual)})",
        f"plan for {percent(usual)} or less",
    )


def past_lift(metric: DesignMetric, share: float) -> float | None:
    """Returns a quantile of earlier absolute lifts, or None where fewer than 1 / (1 - share) are known."""
    if len(metric.past_lifts) < math.ceil(round(1 / (1 - share), 9)):
        return None
    return float(np.quantile(np.abs(metric.past_lifts), share))


def _feasible(case: Case) -> Judgement:
    needed = case.required_units
    if needed is None:
        return Unchecked(_NEEDED)
    available = case.design.unit_count
    if needed <= available:
        return None
    return error(
        f"{units(needed)} units are needed and {units(available)} come in {case.design.days} days",
        f"run about {needed / max(available, 1):.2g} times as long at the same traffic (returning units make it"
        " longer), look for a larger effect, or reduce variance",
    )


def _guardrail_power(case: Case) -> Judgement:
    guardrails = case.design.metrics_of(MetricRole.GUARDRAIL)
    if not guardrails:
        return None
    plan = case.design.plan
    if plan.guardrail_count < len(guardrails):
        return warning(
            f"the plan allows for {plan.guardrail_count} of {len(guardrails)} guardrails: all must pass together with"
            f" power {percent(plan.power)}, so each comparison needs {percent(_shared(plan.power, len(guardrails)))}",
            f"set guardrail_count to {len(guardrails)}: beta becomes beta / {len(guardrails) + 1}; alpha stays"
            " as it is",
        )
    return _weakest_guardrail(case, guardrails)


def _shared(power: float, guardrail_count: int) -> float:
    """Returns the power that each comparison needs for all of them together to have the given one."""
    return 1 - (1 - power) / (guardrail_count + 1)


def _weakest_guardrail(case: Case, guardrails: tuple[DesignMetric, ...]) -> Judgement:
    powers = {metric.metric_id: case.guardrail_power(metric) for metric in guardrails}
    known = {metric_id: power for metric_id, power in powers.items() if power is not None}
    if not known:
        return Unchecked("no guardrail has a baseline and a margin")
    wanted = guardrail_plan(case.design.plan, guardrails[0]).comparison_power
    metric_id = min(known, key=lambda name: known[name])
    if known[metric_id] >= wanted:
        return None
    return warning(
        f"the power to show {metric_id} not inferior, where the change does nothing to it, is"
        f" {percent(known[metric_id])}, below {percent(wanted)}",
        "take more units or a wider margin",
    )


def _multiplicity(case: Case) -> Judgement:
    plan, primaries = case.design.plan, len(case.design.metrics_of(MetricRole.PRIMARY))
    comparisons = (case.design.arm_count - 1) * primaries
    if comparisons <= 1 or case.design.bandit is not None:
        return None
    if plan.multiplicity is Multiplicity.NONE:
        return error(
            f"{comparisons} comparisons decide, each at alpha {plan.alpha:g}: one of them looks like an effect"
            f" by chance in up to {percent(min(1.0, comparisons * plan.alpha))} of experiments without any",
            "declare a correction: Dunnett for several treatments, Holm or Bonferroni for several metrics",
        )
    if plan.primary_count != primaries:
        return error(
            f"the plan shares alpha between {plan.primary_count} primary metrics, and there are {primaries}",
            f"set primary_count to {primaries}",
        )
    return None


def _variance_reduction(case: Case) -> Judgement:
    metric = case.primary
    if metric is None or metric.covariate_correlation is None or metric.covariate_used:
        return None
    correlation = abs(metric.covariate_correlation)
    if correlation < case.thresholds.worthy_correlation:
        return None
    return info(
        f"a covariate correlates with {metric.metric_id} by {correlation:.2g} and is not used",
        f"adjust for it (CUPED): {percent(correlation**2)} fewer units find the same effect",
    )


RULES: Final = (
    Rule("D01", "enough power", "Cohen 1988; Kohavi, Tang and Xu 2020, chapter 17", _power),
    Rule("D02", "a small enough alpha", "Fisher 1925; Kohavi, Tang and Xu 2020, chapter 17", _alpha),
    Rule("D06", "a realistic smallest effect", "Kohavi, Deng and Vermeer 2022, Intuition Busters", _realism),
    Rule("D07", "enough traffic", "arithmetic of D01", _feasible),
    Rule("D11", "power shared with guardrails", "Schultzberg, Ankargren and Frånberg 2024", _guardrail_power),
    Rule("D12", "a correction for several comparisons", "Dunnett 1955; Holm 1979", _multiplicity),
    Rule("D24", "known covariates used", "Deng, Xu, Kohavi and Walker 2013", _variance_reduction),
)
