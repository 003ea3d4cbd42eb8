"""What a fact can tell of, in what unit, and which families of facts there are."""

from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """Says what a value is counted in; it decides how the value may be written."""

    SHARE = "share"
    """A part of one, or a relative change: 0.034 is written 3.4 %."""
    POINTS = "points"
    """A difference of two shares: 0.0045 is written 0.45 pp."""
    UNITS = "units"
    COUNT = "count"
    DAYS = "days"
    WEEKS = "weeks"
    USD = "usd"
    VALUE = "value"
    """The metric's own unit."""
    RATIO = "ratio"
    PROBABILITY = "probability"
    """A p-value or an error rate, written as a decimal."""
    DATE = "date"
    """Seconds since 1970-01-01 UTC, written as a date."""


class FactKind(StrEnum):
    """Says what a value is."""

    # Units and time
    UNITS = "units"
    TOTAL_UNITS = "total_units"
    EXPOSURES = "exposures"
    REQUIRED_UNITS = "required_units"
    MISSING_UNITS = "missing_units"
    EFFECTIVE_UNITS = "effective_units"
    DAYS = "days"
    WEEKS = "weeks"
    MISSING_DAYS = "missing_days"
    PLANNED_DAYS = "planned_days"
    PLANNED_WEEKS = "planned_weeks"
    UNITS_PER_DAY = "units_per_day"
    AS_OF = "as_of"
    # Levels
    MEAN = "mean"
    STANDARD_DEVIATION = "standard_deviation"
    BASELINE = "baseline"
    CORRELATION = "correlation"
    # Effects
    DIFFERENCE = "difference"
    DIFFERENCE_SIZE = "difference_size"
    DIFFERENCE_LOW = "difference_low"
    DIFFERENCE_HIGH = "difference_high"
    RELATIVE_LIFT = "relative_lift"
    RELATIVE_LIFT_SIZE = "relative_lift_size"
    LIFT_LOW = "lift_low"
    LIFT_HIGH = "lift_high"
    RATIO = "ratio"
    P_VALUE = "p_value"
    # Descriptions that have a sign
    TREND = "trend"
    TREND_SIZE = "trend_size"
    SEGMENT_GAP = "segment_gap"
    SEGMENT_GAP_SIZE = "segment_gap_size"
    FUNNEL_GAP = "funnel_gap"
    FUNNEL_GAP_SIZE = "funnel_gap_size"
    # Allocation
    ALLOCATION = "allocation"
    PLANNED_SHARE = "planned_share"
    EXPLORATION_FLOOR = "exploration_floor"
    TRAFFIC_SHARE = "traffic_share"
    PROBABILITY_BEST = "probability_best"
    EXPECTED_LOSS = "expected_loss"
    REGRET = "regret"
    POLICY_VERSIONS = "policy_versions"
    # Health
    SAMPLE_RATIO_P_VALUE = "sample_ratio_p_value"
    MULTIPLE_EXPOSURE_SHARE = "multiple_exposure_share"
    HEALTH_FIGURE = "health_figure"
    # Plans
    ALPHA = "alpha"
    POWER = "power"
    MDE = "mde"
    MARGIN = "margin"
    ARM_COUNT = "arm_count"
    COMPARISON_COUNT = "comparison_count"
    # The past
    PAST_EXPERIMENTS = "past_experiments"
    PAST_WINS = "past_wins"
    PAST_LOSSES = "past_losses"
    PAST_LIFT = "past_lift"
    PAST_LIFT_SIZE = "past_lift_size"
    BAND_LOW = "band_low"
    BAND_HIGH = "band_high"
    WIN_RATE = "win_rate"


SIZES: Final = {
    FactKind.DIFFERENCE: FactKind.DIFFERENCE_SIZE,
    FactKind.RELATIVE_LIFT: FactKind.RELATIVE_LIFT_SIZE,
    FactKind.TREND: FactKind.TREND_SIZE,
    FactKind.SEGMENT_GAP: FactKind.SEGMENT_GAP_SIZE,
    FactKind.FUNNEL_GAP: FactKind.FUNNEL_GAP_SIZE,
    FactKind.PAST_LIFT: FactKind.PAST_LIFT_SIZE,
}
"""The kinds that hold absolute values of signed ones: a sentence that says `fell by` needs one, as no slot negates."""

SIGNED: Final = frozenset(SIZES) | {
    FactKind.DIFFERENCE_LOW,
    FactKind.DIFFERENCE_HIGH,
    FactKind.LIFT_LOW,
    FactKind.LIFT_HIGH,
}
"""Kinds that are always written with their sign."""

DESCRIPTIVE: Final = frozenset({FactKind.TREND, FactKind.SEGMENT_GAP, FactKind.FUNNEL_GAP})
"""Signed kinds that describe what is, without an experiment: their sign is the relation."""
