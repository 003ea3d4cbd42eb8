"""Rules on how long the experiment runs, and how it starts."""

import math
from typing import Final

from shared.statistics.design.case import Case
from shared.statistics.design.rule import Judgement, Rule, error, warning
from shared.statistics.design.words import percent

_WEEK: Final = 7


def _least(case: Case) -> Judgement:
    days, limits = case.design.days, case.thresholds
    if days < limits.least_days:
        return error(
            f"{days} days are fewer than {limits.least_days}: not every weekday is seen",
            f"run {limits.least_days} days",
        )
    if days < limits.wanted_days:
        return warning(
            f"{days} days are fewer than {limits.wanted_days}: nothing tells an odd week from a usual one",
            f"run {limits.wanted_days} days",
        )
    return None


def _whole_weeks(case: Case) -> Judgement:
    days = case.design.days
    if days % _WEEK == 0:
        return None
    weeks = math.ceil(days / _WEEK)
    return warning(
        f"{days} days are {days // _WEEK} weeks and {days % _WEEK} days: some weekdays count more than others",
        f"run {weeks * _WEEK} days",
    )


def _most(case: Case) -> Judgement:
    days, limits = case.design.days, case.thresholds
    if days <= limits.unusual_days:
        return None
    message = f"{days} days are more than {{}}: identifiers get lost, and who stays is not who came"
    if days > limits.most_days:
        return error(message.format(limits.most_days), f"run {limits.most_days} days at most; reduce variance instead")
    return warning(message.format(limits.unusual_days), f"run {limits.unusual_days} days, or say why longer is safe")


def _novelty(case: Case) -> Judgement:
    design, days = case.design, case.thresholds.novelty_days
    if not design.changes_returning_units:
        return None
    if design.days < days:
        return warning(
            f"returning units notice the change, and {design.days} days are too few to see the surprise fade",
            f"run {days} days and read the effect by time since first exposure",
        )
    if not design.effect_over_time_planned:
        return warning(
            f"returning units notice the change, and nobody plans to look how the effect moves over {design.days} days",
            "plan to read the effect by time since first exposure",
        )
    return None


def _ramp(case: Case) -> Judgement:
    ramp, first = case.design.ramp, case.thresholds.first_ramp_share
    if case.design.high_risk and (ramp is None or not ramp.gated or ramp.shares[0] > first):
        start = "everything at once" if ramp is None else f"{percent(ramp.shares[0])}"
        gates = "without gates" if ramp is None or not ramp.gated else "with gates"
        return warning(
            f"a failure would hurt at once, and the experiment starts with {start}, {gates}",
            f"start with {percent(first)} or less, and let guardrails decide about each next step",
        )
    if ramp is not None and len(set(ramp.shares)) > 1 and not ramp.stratified:
        return warning(
            f"traffic grows in {len(ramp.shares)} steps that are analysed together: where the arms' weights change too,"
            " a mix of days looks like an effect (Simpson's paradox)",
            "analyse the phase of constant weights, or stratify by step",
        )
    return None


RULES: Final = (
    Rule("D03", "long enough", "Kohavi, Tang and Xu 2020, chapter 17", _least),
    Rule("D04", "whole weeks", "Kohavi, Tang and Xu 2020, chapter 17", _whole_weeks),
    Rule("D05", "not too long", "Dmitriev, Frasca, Gupta, Kohavi and Vaz 2016", _most),
    Rule("D22", "time for novelty to fade", "Sadeghi et al. 2021 (arXiv 2102.12893)", _novelty),
    Rule("D23", "a careful start", "Xu, Duan and Huang 2018, SQR; Crook et al. 2009", _ramp),
)
