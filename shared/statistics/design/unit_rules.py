"""Rules on what is randomised, what is analysed, and what reaches from one to the other."""

from typing import Final

from shared.statistics.design.case import Case
from shared.statistics.design.model import Interference, Isolation, UnitVariance
from shared.statistics.design.rule import Judgement, Rule, error, info, warning
from shared.statistics.design.words import percent


def _unit(case: Case) -> Judgement:
    design = case.design
    if design.randomization_unit == design.analysis_unit or design.unit_variance is not UnitVariance.INDEPENDENT:
        return None
    return error(
        f"{design.randomization_unit}s are randomised and {design.analysis_unit}s are analysed as if each had been",
        "analyse the unit that is randomised, or compute the variance by the delta method or cluster-robustly",
    )


def _clusters(case: Case) -> Judgement:
    clusters, least = case.design.clusters_per_arm, case.thresholds.least_clusters
    if clusters is None or clusters >= least:
        return None
    return warning(
        f"the smallest arm has {clusters} clusters, fewer than {least}: their variance is not known well",
        f"randomise {least} clusters an arm, or use a small-sample correction and fewer claims",
    )


def _trigger(case: Case) -> Judgement:
    rate = case.design.trigger_rate
    if rate >= case.thresholds.plain_trigger_rate or case.design.triggered_analysis:
        return None
    return warning(
        f"{percent(rate)} of the units meet the change, and all are analysed: that takes {1 / rate**2:.3g}"
        f" times the units of an experiment on those who meet it, where analysing only them takes {1 / rate:.3g} times",
        "record exposure where the arms diverge and analyse the exposed",
    )


def _interference(case: Case) -> Judgement:
    declared = case.design.interference
    if declared is None:
        return error(
            "it is not said whether units of one arm can reach those of another",
            "declare it: none, a marketplace, social ties or a shared budget",
        )
    if declared is Interference.NONE or case.design.isolation is not Isolation.NONE:
        return None
    return error(
        f"units of one arm reach those of another ({declared.value.lower().replace('_', ' ')}), and nothing"
        " keeps them apart",
        "randomise clusters, switch all units back and forth, or split the budget",
    )


def _overlap(case: Case) -> Judgement:
    count = case.design.overlapping_experiment_count
    if count == 0 or case.design.independent_assignment:
        return None
    return info(
        f"{count} experiments share the surface, and their assignments are not independent of this one's",
        "give each a salt of its own; exclude only what would break together",
    )


RULES: Final = (
    Rule("D19", "the unit that is randomised is analysed", "Deng, Knoblich and Lu 2018", _unit),
    Rule("D20", "enough clusters", "Angrist and Pischke 2009, 8.2.3; Cameron and Miller 2015, VI", _clusters),
    Rule("D21", "only those who meet the change", "Kohavi, Tang and Xu 2020, chapter 20", _trigger),
    Rule("D25", "no interference, or arms kept apart", "Kohavi, Tang and Xu 2020, chapter 22", _interference),
    Rule("D26", "independent of other experiments", "Kohavi, Tang and Xu 2020, chapter 4", _overlap),
)
