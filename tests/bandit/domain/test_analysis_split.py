"""The analysis split keeps the weights of the start, whatever is learned, and its results are those of one mixture."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.analysis_split import analysis_results, initial_weights
from services.bandit.domain.publishing import next_snapshot, salt
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import AllocationControls, BetaThompson, Experiment, GuardrailPause, Traffic
from shared.policy.snapshot import RANGE, PolicySnapshot
from tests.bandit.examples import NOW, arms, by_arm, counted, experiment, policy, published, weights

THIRD = pytest.approx(1 / 3, abs=1e-9)
THOMPSON = experiment(
    allocation_policy=policy(BetaThompson(), AllocationControls()), traffic=Traffic(analysis_share=0.2)
)
CLEAR = by_arm(counted("control", 2000, 200), counted("blue", 2000, 300), counted("green", 2000, 200))


def fixed(snapshot: PolicySnapshot) -> dict[str, float]:
    return {arm.arm_id: arm.analysis_weight for arm in snapshot.arms}


def owners(snapshot: PolicySnapshot, positions: NDArray[np.int64]) -> list[str]:
    """Returns who owns positions in the split's cut."""
    assert snapshot.analysis_split is not None
    cut = snapshot.analysis_split.segments
    return [snapshot.arms[cut.arms[place]].arm_id for place in np.searchsorted(cut.starts, positions, side="right") - 1]


def learned(definition: Experiment, previous: PolicySnapshot) -> PolicySnapshot:
    fresh = next_snapshot(definition, CLEAR, previous, frozen=False, now=NOW + timedelta(minutes=1))
    assert fresh is not None
    return fresh


def test_first_when_a_share_is_declared_then_the_split_starts_as_everything_does() -> None:
    snapshot = published(THOMPSON)

    assert snapshot.analysis_split is not None
    assert snapshot.analysis_split.salt == salt("checkout", "analysis")
    assert snapshot.analysis_split.salt not in (snapshot.arm_salt, snapshot.traffic_salt)
    assert snapshot.analysis_split.segments == snapshot.segments
    assert fixed(snapshot) == weights(snapshot) == {"control": THIRD, "blue": THIRD, "green": THIRD}


def test_first_when_no_share_is_declared_then_there_is_no_split() -> None:
    snapshot = published(replace(THOMPSON, traffic=Traffic()))

    assert snapshot.analysis_split is None
    assert set(fixed(snapshot).values()) == {0.0}


def test_next_when_weights_are_learned_then_the_split_keeps_its_own_and_its_cut() -> None:
    first = published(THOMPSON)

    second = learned(THOMPSON, first)

    assert weights(second)["blue"] > 0.97
    assert fixed(second) == fixed(first)
    assert second.analysis_split == first.analysis_split


def test_next_when_the_share_comes_late_then_the_split_owes_nothing_to_what_was_learned() -> None:
    without_split = replace(THOMPSON, traffic=Traffic())
    late = learned(without_split, published(without_split))

    snapshot = published(replace(THOMPSON, revision=2), late, statistics=CLEAR)

    assert snapshot.analysis_split == published(THOMPSON).analysis_split
    assert snapshot.segments == late.segments


def test_next_when_the_share_changes_then_the_cut_stays() -> None:
    first = published(THOMPSON)

    wider = published(replace(THOMPSON, revision=2, traffic=Traffic(analysis_share=0.5)), first)

    assert wider.analysis_split == first.analysis_split
    assert wider.traffic.analysis_share == 0.5


def test_next_when_an_arm_comes_then_only_the_positions_move_that_it_gets() -> None:
    first = published(THOMPSON)
    more = replace(THOMPSON, revision=2, arms=arms("control", "blue", "green", "red"))

    second = published(more, first)

    positions = np.random.default_rng(3).integers(0, RANGE, 20_000)
    before, after = owners(first, positions), owners(second, positions)
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"red"}
    # Four standard deviations of a binomial share.
    assert len(moved) / 20_000 == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 20_000) ** 0.5)


def test_next_when_an_arm_goes_then_only_its_own_positions_move() -> None:
    first = published(THOMPSON)

    second = published(replace(THOMPSON, revision=2, arms=arms("control", "green")), first)

    positions = np.random.default_rng(4).integers(0, RANGE, 5_000)
    before, after = owners(first, positions), owners(second, positions)
    assert {old for old, new in zip(before, after, strict=True) if old != new} == {"blue"}
    assert fixed(second) == {"control": 0.5, "green": 0.5}


def test_initial_weights_when_the_control_has_a_least_share_then_it_has_it_from_the_start() -> None:
    controlled = experiment(allocation_policy=policy(BetaThompson(), exploration_floor=0.1, min_control_share=0.4))

    assert initial_weights(controlled, frozenset()).tolist() == pytest.approx([0.4 + 0.4 / 3, 0.1 + 0.4 / 3, 7 / 30])
    assert initial_weights(controlled, frozenset()).tolist() == pytest.approx(
        list(weights(published(controlled)).values())
    )


def test_next_when_an_arm_is_paused_then_it_gets_nobody_and_the_others_keep_their_proportions() -> None:
    paused = replace(
        THOMPSON,
        allocation_policy=policy(BetaThompson(), guardrail_pause=GuardrailPause(), min_control_share=0.5),
    )
    first = published(paused)

    second = next_snapshot(paused, {}, first, frozen=False, now=NOW, harmful=frozenset({"blue"}))

    assert second is not None
    before, after = fixed(first), fixed(second)
    assert after["blue"] == 0
    assert after["control"] / after["green"] == pytest.approx(before["control"] / before["green"], rel=1e-8)


def test_next_when_everything_but_the_control_is_paused_then_the_split_gets_it() -> None:
    pausing = replace(THOMPSON, allocation_policy=policy(BetaThompson(), guardrail_pause=GuardrailPause()))

    alone = next_snapshot(pausing, {}, published(pausing), frozen=False, now=NOW, harmful=frozenset({"blue", "green"}))

    assert alone is not None
    assert fixed(alone) == {"control": 1.0, "blue": 0.0, "green": 0.0}


def version(number: int, shares: dict[str, float], *statistics: ArmStatistics) -> VersionStatistics:
    return VersionStatistics(number, NOW, by_arm(*statistics), shares)


EQUAL = {"control": 1 / 3, "blue": 1 / 3, "green": 1 / 3}


def test_results_when_proportions_stayed_then_versions_are_pooled() -> None:
    versions = [
        version(1, EQUAL, counted("control", 10, 1), counted("blue", 20, 4)),
        version(2, EQUAL, counted("control", 30, 3), counted("green", 5, 5)),
    ]

    results = analysis_results(published(THOMPSON), versions)

    assert [(arm.arm_id, arm.unit_count, arm.value_sum) for arm in results.arms] == [
        ("control", 40, 4),
        ("blue", 20, 4),
        ("green", 5, 5),
    ]
    assert results.left_out_unit_count == 0
    pooled = counted("control", 40, 4)
    assert results.arms[0].mean == pytest.approx(pooled.mean)
    assert results.arms[0].square_deviation_sum == pytest.approx(pooled.square_deviation_sum)


def test_results_when_an_arm_came_later_then_units_from_before_are_left_out_and_counted() -> None:
    versions = [
        version(1, {"control": 0.5, "blue": 0.5}, counted("control", 10), counted("blue", 10)),
        version(2, EQUAL, counted("control", 3), counted("green", 4)),
    ]

    results = analysis_results(published(THOMPSON), versions)

    assert [arm.unit_count for arm in results.arms] == [3, 0, 4]
    assert results.left_out_unit_count == 20


def test_results_when_an_arm_was_paused_then_the_others_units_from_before_still_count() -> None:
    first = published(THOMPSON)
    halves = (0.5, 0.0, 0.5)
    paused = replace(
        first,
        arms=tuple(
            replace(arm, paused=share == 0, analysis_weight=share)
            for arm, share in zip(first.arms, halves, strict=True)
        ),
    )
    versions = [
        version(1, EQUAL, counted("control", 10), counted("blue", 11), counted("green", 12)),
        version(2, {"control": 0.5, "blue": 0.0, "green": 0.5}, counted("control", 3), counted("green", 4)),
    ]

    results = analysis_results(paused, versions)

    assert [arm.unit_count for arm in results.arms] == [13, 11, 16]
    assert results.left_out_unit_count == 0


def test_results_when_an_arm_is_gone_then_its_units_are_counted_as_left_out() -> None:
    gone = published(replace(THOMPSON, arms=arms("control", "green")))
    versions = [version(1, EQUAL, counted("control", 10), counted("blue", 11), counted("green", 12))]

    results = analysis_results(gone, versions)

    assert [arm.unit_count for arm in results.arms] == [10, 12]
    assert results.left_out_unit_count == 11


def test_results_when_there_are_no_units_then_empty_arms() -> None:
    results = analysis_results(published(THOMPSON), [])

    assert list(results.arms) == [ArmStatistics("control"), ArmStatistics("blue"), ArmStatistics("green")]
    assert results.left_out_unit_count == 0
