"""Rules on what a bandit needs to learn, and for its data to be usable."""

from typing import Final

from shared.statistics.design.case import Case
from shared.statistics.design.rule import Judgement, Rule, error, warning
from shared.statistics.design.words import percent


def _lag(case: Case) -> Judgement:
    bandit = case.design.bandit
    if bandit is None or bandit.reward_lag_hours <= bandit.update_interval_hours:
        return None
    return warning(
        f"a reward is known after {bandit.reward_lag_hours:g} hours, and weights follow every"
        f" {bandit.update_interval_hours:g}: newer units look worse than they are",
        f"update every {bandit.reward_lag_hours:g} hours or less often, or choose a metric that is known sooner",
    )


def _floor(case: Case) -> Judgement:
    bandit, arms, limits = case.design.bandit, case.design.arm_count, case.thresholds
    if bandit is None:
        return None
    floor = bandit.exploration_floor
    if floor * arms >= 1:
        return error(
            f"a floor of {percent(floor)} for {arms} arms leaves nothing to learn with",
            f"take a floor below {percent(1 / arms)}",
        )
    least = limits.least_floor_for_effects if bandit.effects_wanted else limits.least_floor
    if floor >= least:
        return None
    purpose = "effects are to be estimated" if bandit.effects_wanted else "an arm must be able to come back"
    return warning(
        f"the floor is {percent(floor)}, and {purpose}: propensities that small make wide intervals",
        f"take a floor of {percent(min(least, 0.5 / arms))} or more",
    )


def _batches(case: Case) -> Judgement:
    bandit, arms, least = case.design.bandit, case.design.arm_count, case.thresholds.least_first_batch
    if bandit is None:
        return None
    if not bandit.propensities_logged:
        return error(
            "propensities are not stored: no valid effect can be computed from such data",
            "store every allocation's propensity",
        )
    if bandit.first_batch_units_per_arm < least:
        return error(
            f"weights leave the equal split after {bandit.first_batch_units_per_arm} units an arm, fewer than {least}",
            f"wait for {least} units of every arm",
        )
    if bandit.batch_count < arms:
        return error(
            f"{bandit.batch_count} policy versions for {arms} arms are too few to drop any with reason",
            f"plan {arms} versions or more: update more often or run longer",
        )
    return None


RULES: Final = (
    Rule("D31", "rewards known before weights follow", "Joulani, György and Szepesvári 2013", _lag),
    Rule("D32", "a floor that fits", "Hadad, Hirshberg, Zhan, Wager and Athey 2021", _floor),
    Rule("D33", "batches that can be analysed", "Zhang, Janson and Murphy 2020", _batches),
)
