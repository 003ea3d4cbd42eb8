"""What of given data cannot be: each field at fault is named, with code and reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.ai.domain.analysis import contradictions
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, BanditData, MetricSums
from services.ai.domain.analysis.engine import analyze, analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind, MetricRole
from shared.errors import InvalidArgument, Kind, Reason
from tests.ai.domain.analysis.examples import CONVERSION, NOW, REVENUE, bandit, conversions, experiment, values, version

GOOD = experiment(
    replace(conversions("control", 1000, 100), sums=(MetricSums("conversion", 100), values("revenue", 1000, 5, 2))),
    replace(conversions("blue", 1000, 120), sums=(MetricSums("conversion", 120), values("revenue", 1000, 6, 2))),
    metrics=(CONVERSION, REVENUE),
)
BANDIT = bandit(version(1, {"control": 0.5, "blue": 0.5}, [100, 100], [10, 12]))


def arm(place: int, **changes: object) -> Callable[[Aggregates], Aggregates]:
    """Returns what changes one arm."""

    def change(data: Aggregates) -> Aggregates:
        arms = list(data.arms)
        arms[place] = replace(arms[place], **changes)  # type: ignore[arg-type]
        return replace(data, arms=tuple(arms))

    return change


def metric(place: int, **changes: object) -> Callable[[Aggregates], Aggregates]:
    """Returns what changes one metric."""

    def change(data: Aggregates) -> Aggregates:
        metrics = list(data.metrics)
        metrics[place] = replace(metrics[place], **changes)  # type: ignore[arg-type]
        return replace(data, metrics=tuple(metrics))

    return change


def whole(**changes: object) -> Callable[[Aggregates], Aggregates]:
    """Returns what changes the data as a whole."""
    return lambda data: replace(data, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (arm(1, sums=(MetricSums("conversion", 1001),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, sums=(MetricSums("conversion", -1),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, sums=(MetricSums("conversion", 10.5),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, sums=(MetricSums("conversion", float("nan")),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, sums=(MetricSums("revenue", 1000, 999),)), "aggregates.arms[1].sums[0].value_square_sum"),
        (arm(1, sums=(MetricSums("revenue", 1000, -1),)), "aggregates.arms[1].sums[0].value_square_sum"),
        (arm(1, sums=(MetricSums("revenue", 1000, float("inf")),)), "aggregates.arms[1].sums[0].value_square_sum"),
        (arm(1, sums=(MetricSums("revenue", 1000),)), "aggregates.arms[1].sums[0].value_square_sum"),
        (arm(1, sums=(MetricSums("clicks", 1),)), "aggregates.arms[1].sums[0].metric_id"),
        (arm(1, sums=(MetricSums("conversion", 1),) * 2), "aggregates.arms[1].sums[1].metric_id"),
        (arm(1, unit_count=0, sums=(MetricSums("conversion", 1),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, unit_count=0, sums=(MetricSums("revenue", 1, 1),)), "aggregates.arms[1].sums[0].value_sum"),
        (arm(1, unit_count=-1, sums=()), "aggregates.arms[1].unit_count"),
        (arm(1, arm_id="control"), "aggregates.arms[1].arm_id"),
        (arm(0, control=False), "aggregates.arms"),
        (arm(1, control=True), "aggregates.arms"),
        (arm(1, planned_share=0.4), "aggregates.arms"),
        (arm(1, planned_share=1.0), "aggregates.arms[0].planned_share"),
        (arm(1, planned_share=1.4), "aggregates.arms[1].planned_share"),
        (whole(arms=GOOD.arms[:1]), "aggregates.arms"),
        (whole(arms=(), metrics=(CONVERSION,)), "aggregates.arms"),
        (whole(metrics=()), "aggregates.metrics"),
        (whole(metrics=(CONVERSION, REVENUE, REVENUE)), "aggregates.metrics[2].metric_id"),
        (metric(1, role=MetricRole.PRIMARY), "aggregates.metrics"),
        (metric(0, role=MetricRole.GUARDRAIL), "aggregates.metrics"),
        (metric(0, baseline=1.2), "aggregates.metrics[0].baseline"),
        (metric(1, standard_deviation=-1.0), "aggregates.metrics[1].standard_deviation"),
        (whole(started_at=NOW + timedelta(days=1)), "aggregates.as_of"),
        (whole(multiple_exposure_count=2001), "aggregates.multiple_exposure_count"),
    ],
)
def test_check_when_data_contradict_themselves_then_the_field_is_named(
    change: Callable[[Aggregates], Aggregates], field: str
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        analyze(change(GOOD), AnalysisPlan(), now=NOW)

    assert (raised.value.kind, raised.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD)
    assert field in {violation.field for violation in raised.value.violations}


def test_check_when_data_are_sound_then_nothing_is_raised() -> None:
    contradictions.check(GOOD)


def test_check_when_several_fields_are_at_fault_then_all_are_named() -> None:
    data = arm(0, sums=(MetricSums("conversion", 5000),))(arm(1, sums=(MetricSums("clicks", 1),))(GOOD))

    with pytest.raises(InvalidArgument) as raised:
        contradictions.check(data)

    assert len(raised.value.violations) == 2


def test_check_when_values_are_all_alike_then_rounding_of_their_squares_is_no_negative_variance() -> None:
    alike = ArmAggregate("blue", False, 0.0, 3, (MetricSums("revenue", 0.1 + 0.1 + 0.1, 0.03),))
    control = ArmAggregate("control", True, 0.0, 3, (MetricSums("revenue", 0.3, 0.0300000001),))

    contradictions.check(Aggregates((control, alike), (replace(REVENUE, role=MetricRole.PRIMARY),), as_of=NOW))


def test_analyze_when_the_data_are_of_the_future_then_refused() -> None:
    with pytest.raises(InvalidArgument) as raised:
        analyze(GOOD, AnalysisPlan(), now=NOW - timedelta(seconds=1))

    assert raised.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in raised.value.violations] == ["aggregates.as_of"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (replace(BANDIT, arm_ids=("control",)), "arm_ids"),
        (
            replace(BANDIT, metrics=(MetricProfile("clicks", MetricKind.MEAN),)),
            "versions[0].arms[0].moments[0].metric_id",
        ),
        (replace(BANDIT, started_at=NOW + timedelta(days=1)), "as_of"),
        (bandit(version(1, {"control": 1.5, "blue": 0.5}, [10, 10], [1, 1])), "versions[0].arms[0].weight"),
        (bandit(version(1, {"control": 1.0, "blue": 0.0}, [10, 10], [1, 1])), "versions[0].arms[1].weight"),
        (bandit(version(1, {"control": 0.5, "blue": 0.5}, [10, 10], [11, 1])), "versions[0].arms[0].moments[0].mean"),
    ],
)
def test_analyze_bandit_when_data_contradict_themselves_then_the_field_is_named(data: BanditData, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        analyze_bandit(data, AnalysisPlan(), now=NOW)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert field in {violation.field for violation in raised.value.violations}


@pytest.mark.parametrize(("units", "mde"), [(0, None), (10, 0.0), (10, float("nan"))])
def test_planned_sample_when_a_number_is_out_of_range_then_refused(units: int, mde: float | None) -> None:
    with pytest.raises(InvalidArgument) as raised:
        PlannedSample(units, mde)

    assert raised.value.reason is Reason.INVALID_FIELD
