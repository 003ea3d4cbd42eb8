"""Experiments and ways to them that the tests of review share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.review.domain import apply, changes
from shared.definition import model

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

CONTROL = model.Arm("control", "Control", control=True)
TREATMENT = model.Arm("treatment", "Treatment")
THIRD = model.Arm("third", "Third")
CONVERSION = model.Metric(
    "conversion",
    model.MetricKind.PROPORTION,
    model.MetricRole.PRIMARY,
    combination_rule=model.CombinationRule.ANY,
    min_value=0.0,
    max_value=1.0,
    display_name="Conversion",
)
REVENUE = model.Metric("revenue", model.MetricKind.MEAN, model.MetricRole.SECONDARY, display_name="Revenue")
BETA = model.AllocationPolicy(model.BetaThompson())
GAUSSIAN = model.AllocationPolicy(model.GaussianThompson())


def split(*weights: tuple[str, float]) -> model.AllocationPolicy:
    """Returns a fixed split."""
    return model.AllocationPolicy(model.FixedSplit(tuple(model.ArmWeight(*weight) for weight in weights)))


def experiment(**fields: Any) -> model.Experiment:
    """Returns what a creator asks for: valid, unless the fields given are not."""
    asked = model.Experiment("checkout", arms=(CONTROL, TREATMENT), metrics=(CONVERSION, REVENUE))
    return replace(asked, **fields)


def draft(**fields: Any) -> model.Experiment:
    """Returns revision 1."""
    return apply.draft(experiment(**fields), creator="ann", now=NOW)


def running(**fields: Any) -> model.Experiment:
    """Returns a started experiment."""
    return apply.apply(changes.Start(), draft(**fields), now=NOW)


def paused() -> model.Experiment:
    """Returns a paused experiment."""
    return apply.apply(changes.Pause(), running(), now=NOW)


def stopped() -> model.Experiment:
    """Returns a stopped experiment."""
    return apply.apply(changes.Stop(), running(), now=NOW)
