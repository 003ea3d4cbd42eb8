"""The analysis split as it is served: its share, who is in it, what each is told, and what is logged."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.events import Exposure
from services.bandit.domain.publishing import next_snapshot
from services.bandit.service.answers import RECORDED, BatchAllocation
from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.columns import allocate_columns
from services.bandit.service.packed_units import PackedHashes
from shared.definition.model import AnalysisUnit, BetaThompson, BooleanFeature, Experiment, LinearThompson, Traffic
from shared.policy.placement import PlacementReason, position
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, NOW_MS, arms, by_arm, counted, experiment, policy, published
from tests.bandit.service.world import World

MILLION = 1_000_000
# A false alarm would come once in a million changes of a salt.
ALPHA = 1e-6
HALVES = [PackedHashes(half.tobytes()) for half in np.split(np.arange(MILLION, dtype="<u8"), 2)]
SPLIT, ANALYSIS, HOLDOUT, OUTSIDE = (
    BATCH_REASONS.index(reason)
    for reason in (
        PlacementReason.SPLIT,
        PlacementReason.ANALYSIS,
        PlacementReason.HOLDOUT,
        PlacementReason.NOT_IN_TRAFFIC,
    )
)

CLEAR = by_arm(counted("control", 2000, 200), counted("blue", 2000, 300), counted("green", 2000, 200))
THOMPSON = experiment(allocation_policy=policy(BetaThompson(), exploration_floor=0.05))


def with_split(analysis_share: float, *, revision: int = 1, **traffic: Any) -> Experiment:
    return replace(THOMPSON, revision=revision, traffic=Traffic(**traffic, analysis_share=analysis_share))


def learned(definition: Experiment, previous: PolicySnapshot | None = None) -> PolicySnapshot:
    """Returns the version that follows data in favour of blue."""
    return published(definition, previous, statistics=CLEAR)


def placed(snapshot: PolicySnapshot) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Returns arms and reasons of a million units."""
    book = World(snapshot).book
    answers = [allocate_columns(book, snapshot.experiment_id, half) for half in HALVES]
    return np.concatenate([one.arm_indexes for one in answers]), np.concatenate([one.reasons for one in answers])


def fault(counts: NDArray[np.int64], expected: list[float]) -> float:
    """Returns the p-value of counts under the shares expected."""
    return float(stats.chisquare(counts, np.array(expected) * counts.sum()).pvalue)


@pytest.mark.parametrize("share", [0.001, 0.2, 0.75])
def test_share_when_a_million_units_come_then_it_is_the_declared_one(share: float) -> None:
    snapshot = learned(with_split(share, share=0.7, holdout_share=0.1))

    found, reasons = placed(snapshot)

    parts = np.bincount(reasons, minlength=len(BATCH_REASONS))[[SPLIT, ANALYSIS, HOLDOUT, OUTSIDE]]
    assert fault(parts, [0.7 * (1 - share), 0.7 * share, 0.1, 0.2]) > ALPHA
    assert fault(np.bincount(found[reasons == ANALYSIS], minlength=3), [1 / 3] * 3) > ALPHA
    assert fault(np.bincount(found[reasons == SPLIT], minlength=3), [arm.weight for arm in snapshot.arms]) > ALPHA


def test_share_when_it_were_a_little_off_then_the_test_would_see_it() -> None:
    _, reasons = placed(learned(with_split(0.2)))

    assert fault(np.bincount(reasons == ANALYSIS), [0.797, 0.203]) < ALPHA


def test_split_when_compared_with_where_units_are_among_arms_and_in_traffic_then_it_is_independent_of_both() -> None:
    snapshot = learned(with_split(0.3))
    assert snapshot.analysis_split is not None
    units = [f"{number:016x}" for number in range(100_000)]
    in_split = np.array([position(unit, snapshot.analysis_split.salt) < 0.3 * 2**32 for unit in units])

    for salt in (snapshot.arm_salt, snapshot.traffic_salt):
        tenth = np.array([position(unit, salt) * 10 >> 32 for unit in units])
        table = np.zeros((2, 10), np.int64)
        np.add.at(table, (in_split.astype(int), tenth), 1)
        assert float(stats.chi2_contingency(table).pvalue) > ALPHA


def test_units_when_a_split_comes_then_nobody_outside_it_moves() -> None:
    before = learned(with_split(0.0))
    after = learned(with_split(0.2, revision=2), before)

    (old, _), (new, reasons) = placed(before), placed(after)

    assert (reasons == ANALYSIS).mean() == pytest.approx(0.2, abs=0.002)
    assert (old == new)[reasons != ANALYSIS].all()


def test_units_when_the_share_grows_then_those_inside_and_those_outside_stay() -> None:
    before = learned(with_split(0.1, share=0.8, holdout_share=0.1))
    after = learned(with_split(0.25, revision=2, share=0.8, holdout_share=0.1), before)

    (old, was), (new, now) = placed(before), placed(after)

    entered = (was == SPLIT) & (now == ANALYSIS)
    assert entered.mean() == pytest.approx(0.8 * 0.15, abs=0.002)
    assert (was == now)[~entered].all()
    assert (old == new)[~entered].all()


def test_units_when_the_share_shrinks_then_only_those_leave_that_must() -> None:
    before = learned(with_split(0.25))
    after = learned(with_split(0.1, revision=2), before)

    (old, was), (new, now) = placed(before), placed(after)

    left = (was == ANALYSIS) & (now == SPLIT)
    assert left.mean() == pytest.approx(0.15, abs=0.002)
    assert (was == now)[~left].all()
    assert (old == new)[~left].all()


def test_units_when_weights_follow_the_data_then_nobody_in_the_split_moves() -> None:
    before = published(with_split(0.3))
    after = learned(with_split(0.3), before)

    (old, was), (new, now) = placed(before), placed(after)

    assert (was == now).all()
    assert (old == new)[now == ANALYSIS].all()
    assert (old != new)[now == SPLIT].mean() > 0.3


def test_units_when_traffic_and_holdout_change_then_who_takes_part_is_in_the_split_as_before() -> None:
    before = learned(with_split(0.3, share=0.5))
    after = learned(with_split(0.3, revision=2, share=0.8, holdout_share=0.2), before)

    (old, was), (new, now) = placed(before), placed(after)

    both = np.isin(was, (SPLIT, ANALYSIS)) & np.isin(now, (SPLIT, ANALYSIS))
    assert both.mean() == pytest.approx(0.5, abs=0.002)
    assert (was == now)[both].all()
    assert (old == new)[both].all()


def test_units_when_an_arm_comes_then_in_the_split_only_those_move_that_it_gets() -> None:
    before = learned(with_split(0.5))
    four = arms("control", "blue", "green", "red")
    after = learned(replace(with_split(0.5, revision=2), arms=four), before)

    (old, was), (new, now) = placed(before), placed(after)

    moved = (old != new) & (now == ANALYSIS)
    assert (was == now).all()
    assert set(new[moved].tolist()) == {3}
    assert moved.sum() / (now == ANALYSIS).sum() == pytest.approx(0.25, abs=0.003)


VIEWS = replace(with_split(0.4, share=0.8, holdout_share=0.1), analysis_unit=AnalysisUnit.ALLOCATION)


@pytest.mark.parametrize("definition", [with_split(0.4, share=0.8, holdout_share=0.1), VIEWS], ids=["units", "views"])
def test_answers_when_asked_in_every_way_then_they_are_the_same(definition: Experiment) -> None:
    snapshot, units = learned(definition), [f"u{number}" for number in range(600)]
    together, alone, all_of = World(snapshot), World(snapshot), World(snapshot)

    batch: BatchAllocation = together.serving.batch_allocate("checkout", units, include_tokens=True)
    singles = [alone.serving.allocate("checkout", unit, expose=False) for unit in units]
    every = [all_of.serving.allocate_all(unit)[0] for unit in units]

    assert singles == every
    assert [batch.arm_ids[arm] for arm in batch.arm_indexes] == [single.arm_id for single in singles]
    assert [BATCH_REASONS[reason] for reason in batch.reasons] == [single.reason for single in singles]
    assert batch.propensities.tolist() == [single.propensity for single in singles]
    assert batch.tokens == [single.token for single in singles]
    fixed = {arm.arm_id: arm.analysis_weight for arm in snapshot.arms}
    told = [single for single in singles if single.reason == PlacementReason.ANALYSIS]
    assert {(one.arm_id, one.propensity) for one in told} == set(fixed.items())


def member(snapshot: PolicySnapshot, arm_id: str) -> str:
    """Returns a unit of the split that gets an arm."""
    world = World(snapshot)
    answers = ((f"u{number}", world.serving.allocate("checkout", f"u{number}")) for number in range(10_000))
    return next(unit for unit, one in answers if (one.reason, one.arm_id) == (PlacementReason.ANALYSIS, arm_id))


def test_allocate_when_the_unit_is_in_the_split_then_it_is_shown_its_arm_and_logged_under_another() -> None:
    snapshot = learned(with_split(0.2))
    world, unit = World(snapshot), member(snapshot, "green")

    answer = world.serving.allocate("checkout", unit)

    weight = snapshot.arms[2].analysis_weight
    assert (answer.arm_id, answer.reason, answer.propensity) == ("green", PlacementReason.ANALYSIS, weight)
    assert answer.exposure_state == RECORDED
    (row,) = world.allocations.rows
    assert (row.arm_id, row.propensity, row.reason, row.exposed) == ("~analysis:green", weight, "ANALYSIS", True)
    decision = world.signer.read(answer.token, now_ms=NOW_MS)
    assert (decision.arm_id, decision.counts) == ("~analysis:green", True)


@pytest.mark.parametrize("by_token", [True, False])
def test_exposures_when_recorded_later_then_they_are_the_splits_too(*, by_token: bool) -> None:
    snapshot = learned(with_split(0.2))
    world, unit = World(snapshot), member(snapshot, "blue")
    token = world.serving.allocate("checkout", unit, expose=False).token
    world.allocations.rows.clear()

    named = Exposure(experiment_id="checkout", unit_id=unit, policy_version=1)
    world.recording.record_exposures([Exposure(token=token) if by_token else named])

    assert [(row.arm_id, row.exposed) for row in world.allocations.rows] == [("~analysis:blue", True)]


def test_pinned_when_the_split_is_over_then_the_unit_keeps_its_arm_and_its_side() -> None:
    snapshot = learned(with_split(0.2))
    world, unit = World(snapshot), member(snapshot, "green")
    token = world.serving.allocate("checkout", unit).token
    world.publish(learned(with_split(0.0, revision=2), snapshot))

    again = world.serving.allocate("checkout", unit, previous_token=token)

    assert (again.arm_id, again.reason, again.policy_version) == ("green", PlacementReason.PINNED, 1)
    assert again.propensity == snapshot.arms[2].analysis_weight
    assert world.allocations.rows[-1].arm_id == "~analysis:green"


def test_pinned_when_the_arm_is_gone_from_the_split_then_the_unit_is_placed_anew() -> None:
    snapshot = learned(with_split(0.2))
    world, unit = World(snapshot), member(snapshot, "green")
    token = world.serving.allocate("checkout", unit).token
    none_left = tuple(replace(arm, analysis_weight=0.0) if arm.arm_id == "green" else arm for arm in snapshot.arms)
    world.publish(replace(snapshot, policy_version=2, arms=none_left))

    again = world.serving.allocate("checkout", unit, previous_token=token)

    assert again.reason == PlacementReason.ANALYSIS


def contextual() -> PolicySnapshot:
    """Returns a policy that prefers blue for returning units and green for new ones, with a split."""
    definition = replace(
        with_split(0.3),
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(LinearThompson(), exploration_floor=0.05),
    )
    contexts = np.column_stack([np.ones(900), np.arange(900) % 2])
    chosen = np.arange(900) // 2 % 3
    values = np.where(contexts[:, 1] == 1, chosen == 1, chosen == 2).astype(np.float64)
    trials = Trials(np.asarray(contexts, np.float64), chosen, values)
    snapshot = next_snapshot(definition, {}, None, frozen=False, now=NOW, trials=trials)
    assert snapshot is not None
    return snapshot


def test_allocate_when_weights_follow_contexts_then_the_splits_do_not() -> None:
    snapshot = contextual()
    world, units = World(snapshot), [f"u{number}" for number in range(900)]

    new, returning = (
        [world.serving.allocate("checkout", unit, context={"returning": flag}) for unit in units]
        for flag in (False, True)
    )

    in_split = [one.reason == PlacementReason.ANALYSIS for one in new]
    assert [one.reason == PlacementReason.ANALYSIS for one in returning] == in_split
    pairs = list(zip(new, returning, in_split, strict=True))
    assert all(one[:5] == other[:5] for one, other, inside in pairs if inside)
    assert {one.propensity for one, _, inside in pairs if inside} == {arm.analysis_weight for arm in snapshot.arms}
    assert Counter(one.arm_id for one, _, inside in pairs if not inside).most_common(1)[0][0] == "green"
    assert Counter(other.arm_id for _, other, inside in pairs if not inside).most_common(1)[0][0] == "blue"
    logged = [row for row in world.allocations.rows if row.reason == "ANALYSIS"]
    assert len(logged) >= sum(in_split)
    assert all(row.arm_id.startswith("~analysis:") and row.context for row in logged)
