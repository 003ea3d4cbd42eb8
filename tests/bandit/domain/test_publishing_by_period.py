"""Snapshots of experiments that forget or wait: versions by the period, and weights from what counts alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.bandit.domain.posterior import beta_posterior
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import (
    Algorithm,
    BetaThompson,
    EpsilonGreedy,
    Exp3,
    Experiment,
    ExperimentState,
    FixedSplit,
    KlUcb,
    MetricDirection,
)
from shared.policy.snapshot import PolicySnapshot, PublishReason
from tests.bandit.domain.rewards import definition_of
from tests.bandit.examples import MINUTE, NOW, arms, by_arm, counted, weights

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERIOD = DAY / 16
INSTANT = timedelta(microseconds=1)
IDS = ("a", "b", "c")
THOMPSON = BetaThompson()

FORGETFUL = [{"half_life": DAY}, {"window": DAY}, {"mature_only": True}]


def forgetting(algorithm: Algorithm = THOMPSON, **controls: Any) -> Experiment:
    """Returns an experiment whose outcomes are waited for a day, with versions only where weights move by a tenth."""
    definition = definition_of(algorithm, **{"min_weight_change": 0.1, **controls})
    return replace(definition, attribution_window=DAY)


def version(number: int, replaced_at: datetime | None, *arms_known: ArmStatistics) -> VersionStatistics:
    return VersionStatistics(number, replaced_at, by_arm(*arms_known), dict.fromkeys(IDS, 1 / 3))


def due(
    definition: Experiment,
    previous: PolicySnapshot | None,
    *versions: VersionStatistics,
    after: timedelta = timedelta(0),
    frozen: bool = False,
    statistics: dict[str, ArmStatistics] | None = None,
) -> PolicySnapshot | None:
    return next_snapshot(definition, statistics or {}, previous, frozen=frozen, now=NOW + after, versions=versions)


def made(*arguments: Any, **options: Any) -> PolicySnapshot:
    snapshot = due(*arguments, **options)
    assert snapshot is not None
    return snapshot


def best(*arms_known: ArmStatistics) -> list[float]:
    known = beta_posterior(BetaThompson(), arms_known, MetricDirection.MAXIMIZE)
    return [float(chance) for chance in known.probability_best]


@pytest.mark.parametrize("controls", FORGETFUL)
def test_next_when_a_16th_of_the_span_has_passed_then_a_version_for_the_new_period(controls: dict[str, Any]) -> None:
    definition = forgetting(**controls)
    first = made(definition, None)

    assert due(definition, first, after=PERIOD - INSTANT) is None
    second = made(definition, first, after=PERIOD)
    assert (second.policy_version, second.publish_reason) == (2, PublishReason.PERIOD)
    assert (second.arms, second.segments) == (first.arms, first.segments)


def test_next_when_the_attribution_window_is_waited_for_then_its_16th_counts() -> None:
    definition = replace(forgetting(half_life=DAY, mature_only=True), attribution_window=HOUR)
    first = made(definition, None)

    assert due(definition, first, after=HOUR / 16 - INSTANT) is None
    assert made(definition, first, after=HOUR / 16).publish_reason is PublishReason.PERIOD


def test_next_when_weights_move_then_the_reason_is_learning_whether_the_period_is_over_or_not() -> None:
    definition = forgetting(half_life=DAY)
    first, known = made(definition, None), version(1, None, *(counted(one, 900, 90) for one in "ab"))

    for after in (MINUTE, PERIOD, DAY):
        assert made(definition, first, known, after=after).publish_reason is PublishReason.LEARNING


def test_next_when_the_update_interval_is_longer_than_the_period_then_it_is_kept() -> None:
    definition = forgetting(half_life=HOUR, update_interval=HOUR)
    first = made(definition, None)

    assert due(definition, first, after=HOUR - INSTANT) is None
    assert made(definition, first, after=HOUR).publish_reason is PublishReason.PERIOD


@pytest.mark.parametrize("definition", [forgetting(), forgetting(FixedSplit(), half_life=DAY), forgetting(Exp3())])
def test_next_when_all_of_the_past_counts_alike_then_no_periods(definition: Experiment) -> None:
    assert due(definition, made(definition, None), after=99 * DAY) is None


@pytest.mark.parametrize("state", [ExperimentState.PAUSED, ExperimentState.STOPPED])
def test_next_when_not_running_then_no_periods(state: ExperimentState) -> None:
    definition = replace(forgetting(half_life=DAY), state=state)

    assert due(definition, made(definition, None), after=99 * DAY) is None


def test_frozen_when_a_period_is_over_then_a_version_that_keeps_the_weights() -> None:
    # Otherwise all that came while frozen would be as young as the last of it.
    definition = forgetting(half_life=DAY)
    known = version(1, None, counted("a", 900, 90), counted("b", 900, 290))
    first = made(definition, made(definition, None), known, after=MINUTE, frozen=True)

    assert due(definition, first, known, after=MINUTE + PERIOD - INSTANT, frozen=True) is None
    second = made(definition, first, known, after=MINUTE + PERIOD, frozen=True)
    assert (second.frozen, second.publish_reason) == (True, PublishReason.PERIOD)
    assert (second.arms, second.segments) == (first.arms, first.segments)


def test_weights_when_halved_by_the_day_then_units_of_yesterday_are_worth_half() -> None:
    old = [counted("a", 800, 80), counted("b", 400, 60), counted("c", 400, 60)]
    new = [counted("a", 100, 15), counted("b", 200, 22), counted("c", 200, 20)]

    snapshot = made(forgetting(half_life=DAY), None, version(1, NOW - DAY, *old), version(2, None, *new))

    expected = best(counted("a", 500, 55), counted("b", 400, 52), counted("c", 400, 50))
    assert list(weights(snapshot).values()) == pytest.approx(expected, abs=1e-6)


def test_weights_when_a_window_slides_then_from_the_versions_within() -> None:
    old, new = [counted(one, 800, 300) for one in "ab"], [counted("a", 100, 15), counted("b", 200, 22), counted("c", 9)]

    snapshot = made(forgetting(window=DAY), None, version(1, NOW - DAY, *old), version(2, None, *new))

    assert list(weights(snapshot).values()) == pytest.approx(best(*new), abs=1e-6)


@pytest.mark.parametrize("algorithm", [BetaThompson(), KlUcb(), EpsilonGreedy(), Exp3()])
def test_weights_when_outcomes_are_waited_for_then_from_whole_versions_alone(algorithm: Algorithm) -> None:
    definition = forgetting(algorithm, mature_only=True)
    whole = version(1, NOW - 2 * DAY, counted("a", 500, 50), counted("b", 500, 90), counted("c", 500, 70))
    others = [
        version(2, NOW - DAY, counted("a", 900, 900)),
        version(3, NOW, counted("c", 900, 900)),
        version(4, None, counted("a", 900, 900)),
    ]
    pooled = by_arm(counted("a", 2300, 1850), counted("b", 500, 90), counted("c", 1400, 970))

    snapshot = made(definition, None, whole, *others, statistics=pooled)

    assert weights(snapshot) == weights(made(definition, None, whole))
    assert max(weights(snapshot), key=weights(snapshot).__getitem__) == "b"


def test_burn_in_when_an_arm_is_given_little_and_forgotten_soon_then_it_does_not_burn_in_again() -> None:
    definition = forgetting(half_life=HOUR, burn_in_unit_count=100)
    known = [
        version(1, NOW - 10 * HOUR, *(counted(one, 200, 20) for one in IDS)),
        version(2, None, counted("a", 20, 1), counted("b", 3000, 600), counted("c", 20, 1)),
    ]

    assert weights(made(definition, None, *known))["b"] > 0.8


def test_burn_in_when_outcomes_are_waited_for_then_units_count_once_theirs_are_known() -> None:
    definition = forgetting(mature_only=True, burn_in_unit_count=100)
    fresh = version(1, None, *(counted(one, 200, 20) for one in IDS))
    whole = version(1, NOW - 2 * DAY, counted("a", 200), counted("b", 200, 100), counted("c", 200))

    assert list(weights(made(definition, None, fresh)).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert weights(made(definition, None, whole))["b"] > 0.99


def test_arms_when_one_goes_and_one_comes_then_versions_tell_of_those_that_are_there() -> None:
    definition = replace(forgetting(half_life=DAY), arms=arms("a", "c", "new"), revision=2)
    first = made(forgetting(half_life=DAY), None)
    known = [
        version(1, NOW - DAY, counted("a", 400, 40), counted("b", 400, 380)),
        version(2, None, counted("a", 100, 10), counted("c", 100, 12)),
    ]

    second = made(definition, first, *known)

    expected = best(counted("a", 300, 30), counted("c", 100, 12), counted("new", 0))
    assert list(weights(second).values()) == pytest.approx(expected, abs=1e-6)
    assert list(weights(second)) == ["a", "c", "new"]


def test_exp3_when_arms_come_and_go_then_the_new_one_starts_where_the_units_were() -> None:
    definition = replace(forgetting(Exp3(0.05)), arms=arms("a", "new"), revision=2)
    known = version(1, NOW, counted("a", 30, 15), counted("b", 30, 9), counted("c", 30, 21))

    second = made(definition, made(forgetting(Exp3()), None), known)

    # "a" lost 15 of 30 units, by inverse propensity 45; all together lost 45 of 90.
    assert list(weights(second).values()) == pytest.approx([0.5, 0.5])


def test_exp3_when_an_arm_got_no_unit_then_its_propensity_still_tells() -> None:
    starved = VersionStatistics(1, NOW, by_arm(counted("a", 50, 20)), {"a": 0.98, "b": 0.01, "c": 0.01})

    found = weights(made(forgetting(Exp3()), None, starved))

    assert found["b"] == pytest.approx(found["c"])
    assert found["b"] > 0.4
