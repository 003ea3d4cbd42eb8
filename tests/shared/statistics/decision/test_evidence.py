"""From reports to evidence: good is above 0, whatever the metric's direction."""

import numpy as np
import pytest

from shared.definition.model import Metric, MetricDirection, MetricKind, MetricRole
from shared.errors import InvalidArgument, Reason
from shared.statistics.aggregates.moments import Moments
from shared.statistics.decision.evidence import Scale, Standing, guardrail_from, primary_from
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.result.method import Alternative
from shared.statistics.result.report import Interval, NotEstimable, Report


def report(treatment: float, control: float, *, alternative: Alternative = Alternative.TWO_SIDED) -> Report:
    arms = means(Moments.of_values([10_000, 10_000], [control, treatment], [10_000.0 * 100, 10_000.0 * 100]))
    return compare(arms[1:], arms[:1], alternative=alternative).report(0)


def metric(role: MetricRole, direction: MetricDirection = MetricDirection.MAXIMIZE) -> Metric:
    return Metric("m", MetricKind.MEAN, role, direction)


def test_primary_when_higher_is_better_then_has_the_effect_of_the_report() -> None:
    found = report(51.0, 50.0)

    assert primary_from(found, metric(MetricRole.PRIMARY)).effect == found.lift
    assert primary_from(found, metric(MetricRole.PRIMARY), scale=Scale.DIFFERENCE).effect == found.difference


def test_primary_when_lower_is_better_then_the_interval_turns_around() -> None:
    found = report(51.0, 50.0)
    assert isinstance(found.lift, Interval)

    effect = primary_from(found, metric(MetricRole.PRIMARY, MetricDirection.MINIMIZE)).effect

    assert effect == Interval(-found.lift.estimate, -found.lift.high, -found.lift.low)


def test_primary_when_the_report_is_one_sided_then_the_open_end_stays_open() -> None:
    found = report(51.0, 50.0, alternative=Alternative.GREATER)

    effect = primary_from(found, metric(MetricRole.PRIMARY, MetricDirection.MINIMIZE)).effect

    assert isinstance(effect, Interval)
    assert effect.low == -np.inf


def test_primary_when_the_lift_is_not_estimable_then_neither_is_the_evidence() -> None:
    assert isinstance(primary_from(report(1.0, 0.0), metric(MetricRole.PRIMARY)).effect, NotEstimable)


@pytest.mark.parametrize("role", [MetricRole.SECONDARY, MetricRole.GUARDRAIL])
def test_primary_when_the_metric_is_another_then_is_refused(role: MetricRole) -> None:
    with pytest.raises(InvalidArgument) as caught:
        primary_from(report(51.0, 50.0), metric(role))

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("treatment", "margin", "standing", "harm_shown"),
    [
        (50.0, 0.02, Standing.SHOWN, False),
        (50.0, 0.001, Standing.NOT_SHOWN, False),
        (49.5, 0.02, Standing.SHOWN, True),
        (49.0, 0.02, Standing.NOT_SHOWN, True),
        (48.0, 0.02, Standing.VIOLATED, True),
        (52.0, 0.02, Standing.SHOWN, False),
    ],
)
def test_guardrail_when_compared_with_its_margin_then_stands_as_the_interval_does(
    *, treatment: float, margin: float, standing: Standing, harm_shown: bool
) -> None:
    found = guardrail_from(report(treatment, 50.0), metric(MetricRole.GUARDRAIL), margin=margin)

    assert (found.standing, found.harm_shown) == (standing, harm_shown)


def test_guardrail_when_lower_is_better_then_more_is_worse() -> None:
    lower = metric(MetricRole.GUARDRAIL, MetricDirection.MINIMIZE)

    assert guardrail_from(report(52.0, 50.0), lower, margin=0.02).standing is Standing.VIOLATED
    assert guardrail_from(report(48.0, 50.0), lower, margin=0.02).standing is Standing.SHOWN


def test_guardrail_when_it_cannot_be_estimated_then_is_not_shown() -> None:
    found = guardrail_from(report(1.0, 0.0), metric(MetricRole.GUARDRAIL), margin=0.02)

    assert (found.standing, found.harm_shown) == (Standing.NOT_SHOWN, False)


@pytest.mark.parametrize(
    ("role", "margin"), [(MetricRole.PRIMARY, 0.02), (MetricRole.GUARDRAIL, 0.0), (MetricRole.GUARDRAIL, float("nan"))]
)
def test_guardrail_when_role_or_margin_is_wrong_then_is_refused(role: MetricRole, margin: float) -> None:
    with pytest.raises(InvalidArgument) as caught:
        guardrail_from(report(51.0, 50.0), metric(role), margin=margin)

    assert caught.value.reason is Reason.INVALID_FIELD
