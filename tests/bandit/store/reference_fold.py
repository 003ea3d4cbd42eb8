"""A slow, obvious fold: one pass over the raw logs, in exact arithmetic."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from services.bandit.domain.ports import AllocationRow, OutcomeRow
from services.bandit.domain.trial import SKEW_TOLERANCE_SECONDS
from shared.definition.model import CombinationRule, Experiment

Totals = dict[tuple[int, str, str], tuple[int, Fraction, Fraction]]
"""(units, sum, sum of squares) by (policy version, arm, metric)."""


def exact(value: float) -> Fraction:
    """Returns the decimal number that a float is written as."""
    return Fraction(Decimal(repr(value)))


def combined(rule: CombinationRule, rows: Sequence[OutcomeRow]) -> Fraction:
    """Returns the value of a trial with these outcomes, one or more."""
    match rule:
        case CombinationRule.ANY:
            return Fraction(any(row.value for row in rows))
        case CombinationRule.SUM:
            return sum((exact(row.value) for row in rows), Fraction(0))
        case CombinationRule.COUNT:
            return Fraction(len(rows))
        case CombinationRule.MAX:
            return exact(max(row.value for row in rows))
        case CombinationRule.LAST:
            return exact(max(rows, key=lambda row: (row.occurred_at, row.event_id)).value)


def one_pass(experiment: Experiment, exposures: Sequence[AllocationRow], outcomes: Sequence[OutcomeRow]) -> Totals:
    """Returns the statistics of an experiment; of a repeated event the row delivered first counts."""
    first: dict[str, tuple[int, int, str]] = {}
    for row in exposures:
        mark = (row.at_ms, row.policy_version, row.arm_id)
        first[row.trial_id] = min(first.get(row.trial_id, mark), mark)
    events: dict[tuple[str, str], dict[str, OutcomeRow]] = {}
    for outcome in outcomes:
        events.setdefault((outcome.trial_id, outcome.metric_id), {}).setdefault(outcome.event_id, outcome)
    totals: Totals = {}
    for trial_id, (at_ms, version, arm_id) in first.items():
        exposed_at = datetime.fromtimestamp(at_ms / 1000, UTC)
        opens = exposed_at - timedelta(seconds=SKEW_TOLERANCE_SECONDS)
        closes = exposed_at + experiment.attribution_window
        values: dict[str, Fraction] = {}
        for metric in experiment.metrics:
            known = events.get((trial_id, metric.metric_id), {}).values()
            counted = [row for row in known if opens <= row.occurred_at < closes]
            values[metric.metric_id] = combined(metric.combination_rule, counted) if counted else Fraction(0)
        if terms := experiment.allocation_policy.reward:
            values["~reward"] = sum((exact(term.weight) * values[term.metric_id] for term in terms), Fraction(0))
        for metric_id, value in values.items():
            key = (version, arm_id, metric_id)
            units, total, squares = totals.get(key, (0, Fraction(0), Fraction(0)))
            totals[key] = (units + 1, total + value, squares + value * value)
    return totals
