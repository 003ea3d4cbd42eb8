"""Rules on what is claimed and measured."""

from typing import Final

from shared.definition.model import MetricRole
from shared.statistics.design.case import Case
from shared.statistics.design.model import DesignMetric
from shared.statistics.design.rule import Judgement, Rule, Unchecked, error, info, warning
from shared.statistics.design.words import percent, units
from shared.statistics.planning.baseline import MetricKind

_NO_PRIMARY = Unchecked("there is no primary metric")


def _baseline(case: Case) -> Judgement:
    primaries = case.design.metrics_of(MetricRole.PRIMARY)
    missing = [metric.metric_id for metric in primaries if metric.baseline is None or metric.baseline_days is None]
    if missing or not primaries:
        return error(
            f"no baseline and its window are known for {', '.join(missing) or 'a primary metric'}",
            f"measure value and variance over {case.thresholds.least_baseline_days} to"
            f" {case.thresholds.most_baseline_days} days before the start",
        )
    return _window(case, primaries)


def _window(case: Case, primaries: tuple[DesignMetric, ...]) -> Judgement:
    least, most = case.thresholds.least_baseline_days, case.thresholds.most_baseline_days
    for metric in primaries:
        days = metric.baseline_days or 0
        if not least <= days <= most:
            return warning(
                f"the baseline of {metric.metric_id} comes from {days} days, not from {least} to {most}",
                f"measure it over {least} to {most} days that end shortly before the start",
            )
    return None


def _primary_count(case: Case) -> Judgement:
    names = [metric.metric_id for metric in case.design.metrics_of(MetricRole.PRIMARY)]
    if len(names) == 1:
        return None
    if not names:
        return error("there is no primary metric: nothing decides", "declare the one metric that decides")
    say = error if len(names) > case.thresholds.most_primary else warning
    return say(
        f"{len(names)} primary metrics decide: {', '.join(names)}",
        "keep one that decides and make the others secondary, or combine them into one",
    )


def _guardrails(case: Case) -> Judgement:
    guardrails = case.design.metrics_of(MetricRole.GUARDRAIL)
    if not guardrails:
        return warning(
            "no guardrail watches for harm", "add at least one metric that must not get worse, with a margin"
        )
    unbounded = [metric.metric_id for metric in guardrails if metric.margin is None or not metric.margin > 0]
    if unbounded:
        return warning(
            f"{len(unbounded)} of {len(guardrails)} guardrails have no margin above 0: {', '.join(unbounded)}",
            "say how much worse each may get at most, relative to control",
        )
    return None


def _least_data(case: Case) -> Judgement:
    metric = case.primary
    if metric is None:
        return _NO_PRIMARY
    if metric.baseline is not None and metric.baseline.kind == MetricKind.PROPORTION:
        return _least_conversions(case, metric, float(metric.baseline.value))
    if metric.skewness is None:
        return Unchecked(f"the skewness of {metric.metric_id} is not known")
    needed, expected = case.thresholds.skewness_factor * metric.skewness**2, case.smallest_arm_units
    if expected >= needed:
        return None
    return warning(
        f"{metric.metric_id} has skewness {metric.skewness:.3g}: its mean is nearly normal from {units(needed)}"
        f" units an arm, and the smallest arm gets {units(expected)}",
        f"take {units(needed)} units an arm, or cap the values",
    )


def _least_conversions(case: Case, metric: DesignMetric, rate: float) -> Judgement:
    rarer, least = min(rate, 1 - rate), case.thresholds.least_conversions
    expected = case.smallest_arm_units * rarer
    if expected >= least:
        return None
    return warning(
        f"the smallest arm expects {expected:.3g} of the rarer outcome of {metric.metric_id}, fewer than {least}",
        f"take {units(least / rarer)} units an arm",
    )


def _heavy_tail(case: Case) -> Judgement:
    for metric in case.design.metrics_of(MetricRole.PRIMARY):
        found = _tail_of(case, metric)
        if found is not None:
            return found
    return None


def _tail_of(case: Case, metric: DesignMetric) -> Judgement:
    least, most = case.thresholds.least_cap, case.thresholds.most_cap
    if metric.winsorized_at is None:
        if metric.skewness is None or abs(metric.skewness) <= case.thresholds.plain_skewness:
            return None
        return info(
            f"{metric.metric_id} has skewness {metric.skewness:.3g}, and a few units may decide",
            f"cap values at a quantile of all arms together, from {percent(least)} to {percent(most)}",
        )
    if not least <= metric.winsorized_at <= most:
        return info(
            f"{metric.metric_id} is capped at the quantile {percent(metric.winsorized_at)}, outside {percent(least)} to"
            f" {percent(most)}",
            f"cap at {percent(least)} to {percent(most)}: a lower cap changes what is measured, a higher one"
            " does nothing",
        )
    is_ratio = metric.baseline is not None and metric.baseline.kind == MetricKind.RATIO
    if is_ratio and not metric.caps_both_sides:
        return info(
            f"only one side of the ratio {metric.metric_id} is capped: numerator and denominator no longer"
            " belong together",
            "cap both sides by the same rule",
        )
    return None


def _hypothesis(case: Case) -> Judgement:
    stated = case.design.hypothesis
    parts = ("change", "metric", "direction", "magnitude", "population")
    missing = [part for part in parts if not getattr(stated, part).strip()]
    if not missing:
        return None
    return error(
        f"the hypothesis leaves out {len(missing)} of {len(parts)} parts: {', '.join(missing)}",
        "say what is changed, which metric moves, which way, by how much at least, and for whom",
    )


def _decision_rule(case: Case) -> Judgement:
    if case.design.decision_rule.strip():
        return None
    return error("it is not said what is done for which result", "write down when to ship, roll back and go on")


RULES: Final = (
    Rule("D08", "a known baseline", "Kohavi, Tang and Xu 2020, chapter 17", _baseline),
    Rule("D09", "one primary metric", "Kohavi, Tang and Xu 2020, chapter 7", _primary_count),
    Rule("D10", "guardrails with margins", "Schultzberg, Ankargren and Frånberg 2024", _guardrails),
    Rule("D16", "enough data in every arm", "Kohavi, Deng, Longbotham and Xu 2014, rule 7", _least_data),
    Rule("D27", "heavy tails capped", "Kohavi, Deng, Longbotham and Xu 2014, rule 7; Tukey 1962", _heavy_tail),
    Rule("D28", "a hypothesis that can be refuted", "Popper 1959; Kohavi, Tang and Xu 2020, chapter 2", _hypothesis),
    Rule("D29", "a decision rule", "Schultzberg, Ankargren and Frånberg 2024", _decision_rule),
)
