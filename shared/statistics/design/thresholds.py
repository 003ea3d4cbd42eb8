"""The numbers that rules compare with, and the profiles that choose them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from shared.errors import invalid_field
from shared.statistics.design.rule_ids import RULE_IDS
from shared.statistics.design.severity import Severity


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Holds every number that a rule compares with; each has the rule that it belongs to.

    Attributes:
        least_power, wanted_power: D01. Below the first a design is refused, below the second it needs a reason. 80 % is
            the custom since Cohen 1988; an experiment with less than 70 % misses its effect in three cases of ten.
        most_alpha: D02.
        least_days, wanted_days: D03. One week shows every weekday once, two show whether it repeats.
        unusual_days, most_days: D05. Identifiers are lost with time, and those who stay differ from those who left
            (Dmitriev, Frasca, Gupta, Kohavi and Vaz 2016); six and eight weeks are our reading of it.
        plain_lift: D06. Largest effect that is believed without evidence from earlier experiments.
        past_lift_quantile: D06. Of the absolute lifts of earlier experiments.
        least_baseline_days, most_baseline_days: D08.
        most_primary: D09. More primaries than this block; more than one needs a reason.
        most_fixed_arms, least_bandit_arms: D13.
        split_gain: D14. Share of variance that a better split must save to be worth a word.
        least_share: D15. An arm of 5 % has 10 times the variance of an even arm of two, and decides how long it takes.
        least_conversions: D16. Of the smallest arm. With c conversions the relative standard error of a rate is about
            1 / sqrt(c): 10 % at 100.
        skewness_factor: D16. Units of an arm over squared skewness, 355 (Kohavi, Deng, Longbotham and Xu 2014, rule
            7): the mean's own skewness is then 1 / sqrt(355) = 0.05.
        most_sample_ratio_alpha: D17. The check runs on every experiment, so that a false alarm must be rare.
        least_expected_units: D17. Per cell, for the chi-square distribution to hold (Cochran 1954).
        least_clusters: D20. Of each arm (Angrist and Pischke 2009, 8.2.3, say 42; Cameron and Miller 2015, VI, 20 to
            50).
        plain_trigger_rate: D21. Below it untriggered units drown the effect: n grows by 1 / rate, which is 2 at 0.5.
        novelty_days: D22.
        first_ramp_share: D23 (Xu, Duan and Huang 2018: start at 5 % or less where risk is high).
        worthy_correlation: D24. At 0.3 CUPED saves 9 % of the units (Deng, Xu, Kohavi and Walker 2013: rho^2).
        plain_skewness: D27. An exponential distribution has 2.
        least_cap, most_cap: D27. Quantiles between which a cap keeps the metric and loses its tail.
        least_pre_period_p_value: D30.
        least_floor, least_floor_for_effects: D32. At 1 % an arm's interval is 10 times as wide as with all the units;
            effects that are to be estimated need more.
        least_first_batch: D33. Of every arm.
        most_multiple_exposure: D34.
        surprising_ratio: D35. Of the observed lift to the smallest that the experiment was made for (Twyman's law).
        past_surprise_quantile: D35. Of the absolute lifts of earlier experiments.
    """

    least_power: float = 0.7
    wanted_power: float = 0.8
    most_alpha: float = 0.05
    least_days: int = 7
    wanted_days: int = 14
    unusual_days: int = 42
    most_days: int = 56
    plain_lift: float = 0.10
    past_lift_quantile: float = 0.90
    least_baseline_days: int = 14
    most_baseline_days: int = 56
    most_primary: int = 3
    most_fixed_arms: int = 4
    least_bandit_arms: int = 3
    split_gain: float = 0.05
    least_share: float = 0.05
    least_conversions: int = 100
    skewness_factor: float = 355.0
    most_sample_ratio_alpha: float = 0.001
    least_expected_units: int = 5
    least_clusters: int = 40
    plain_trigger_rate: float = 0.5
    novelty_days: int = 14
    first_ramp_share: float = 0.05
    worthy_correlation: float = 0.3
    plain_skewness: float = 2.0
    least_cap: float = 0.99
    most_cap: float = 0.999
    least_pre_period_p_value: float = 0.001
    least_floor: float = 0.01
    least_floor_for_effects: float = 0.05
    least_first_batch: int = 100
    most_multiple_exposure: float = 0.01
    surprising_ratio: float = 2.0
    past_surprise_quantile: float = 0.99


@dataclass(frozen=True, slots=True)
class Profile:
    """Chooses thresholds, and what becomes of rules where a team knows better.

    Attributes:
        name: For people.
        severities: What a broken rule means instead of what the rule itself says.
        disabled: Rules that are not judged.
    """

    name: str
    thresholds: Thresholds = Thresholds()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = sorted((set(self.severities) | self.disabled) - set(RULE_IDS))
        if unknown:
            raise invalid_field("profile", f"there is no rule {', '.join(unknown)}")

    def with_severity(self, rule_id: str, severity: Severity) -> "Profile":
        """Returns the profile with another severity for one rule.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such rule.
        """
        return replace(self, severities={**self.severities, rule_id: severity})

    def without(self, *rule_ids: str) -> "Profile":
        """Returns the profile that leaves rules out.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such rule.
        """
        return replace(self, disabled=self.disabled | set(rule_ids))


DEFAULT: Final = Profile("default")
STRICT: Final = Profile(
    "strict",
    Thresholds(least_power=0.8, wanted_power=0.9, least_days=14, plain_lift=0.05, least_conversions=400),
    dict.fromkeys(("D04", "D09", "D10", "D11", "D15", "D16", "D20", "D31", "D32"), Severity.ERROR),
)
RELAXED: Final = Profile(
    "relaxed",
    Thresholds(least_power=0.5, wanted_power=0.7, most_alpha=0.1, wanted_days=7, plain_lift=0.2),
    dict.fromkeys(("D08", "D12", "D28", "D29"), Severity.WARNING),
)
