"""What is served of what is asked for: paused arms get nothing, in shadow only the control."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bandit.domain.pausing import policy_arms, without
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, warm_prior, with_prior
from shared.definition.model import BetaThompson, Experiment, GuardrailPause, MetricRole, WarmStart
from shared.policy.snapshot import PolicySnapshot, PublishReason
from tests.bandit.examples import (
    CONVERSION,
    MINUTE,
    NOW,
    REVENUE,
    by_arm,
    counted,
    experiment,
    policy,
    published,
    split,
    weights,
)

GUARD = replace(REVENUE, role=MetricRole.GUARDRAIL)
KNOWN = by_arm(counted("control", 1000, 100), counted("blue", 1000, 110), counted("green", 1000, 105))
NOBODY: frozenset[str] = frozenset()
BLUE = frozenset({"blue"})


def guarded(**controls: Any) -> Experiment:
    """Returns an experiment whose guardrails pause arms."""
    return experiment(
        metrics=(CONVERSION, GUARD),
        allocation_policy=policy(BetaThompson(), guardrail_pause=GuardrailPause(), **controls),
    )


def after(
    definition: Experiment, previous: PolicySnapshot, *, harmful: frozenset[str] = NOBODY, frozen: bool = False
) -> PolicySnapshot | None:
    """Returns what is published a minute later."""
    return next_snapshot(definition, KNOWN, previous, frozen=frozen, now=NOW + MINUTE, harmful=harmful)


def paused(snapshot: PolicySnapshot | None) -> list[str]:
    """Returns the arms that are paused."""
    assert snapshot is not None
    return [arm.arm_id for arm in snapshot.arms if arm.paused]


def test_pause_when_the_paused_arm_earns_most_then_the_others_are_told_apart_all_the_same() -> None:
    definition = guarded(exploration_floor=0.01)
    known = by_arm(counted("control", 2400, 240), counted("blue", 200, 60), counted("green", 2400, 310))

    first = published(definition, statistics=known)
    now = next_snapshot(definition, known, first, frozen=False, now=NOW + MINUTE, harmful=BLUE)

    assert now is not None
    assert weights(first)["blue"] > 0.97
    assert weights(now)["blue"] == 0
    assert weights(now)["green"] == pytest.approx(0.99, abs=2e-3)


def test_pause_when_an_arm_is_shown_to_do_harm_then_at_once_and_it_gets_nobody() -> None:
    definition = guarded(update_interval=timedelta(hours=1), exploration_floor=0.05)
    before = published(definition, statistics=KNOWN)

    now = after(definition, before, harmful=BLUE)

    assert now is not None
    assert now.publish_reason is PublishReason.GUARDRAIL
    assert paused(now) == ["blue"]
    assert weights(now)["blue"] == 0
    two = replace(definition, arms=tuple(arm for arm in definition.arms if arm.arm_id != "blue"))
    alone = weights(published(two, statistics=KNOWN))
    assert weights(now) == pytest.approx({**alone, "blue": 0}, abs=1e-9)
    assert sum(weights(now).values()) == 1


def test_pause_when_the_arm_no_longer_looks_harmful_then_it_stays_paused() -> None:
    definition = guarded()
    first = after(definition, published(definition, statistics=KNOWN), harmful=BLUE)
    assert first is not None

    assert after(definition, first) is None
    assert paused(after(replace(definition, revision=2), first)) == ["blue"]
    assert paused(after(definition, first, harmful=frozenset({"green"}))) == ["blue", "green"]


def test_pause_when_the_policy_no_longer_pauses_then_the_arm_is_back() -> None:
    definition = guarded()
    first = after(definition, published(definition, statistics=KNOWN), harmful=BLUE)
    assert first is not None
    reviewed = replace(definition, revision=2, allocation_policy=policy(BetaThompson()))

    back = after(reviewed, first)

    assert paused(back) == []
    assert back is not None
    assert weights(back)["blue"] > 0


def test_pause_when_the_weights_are_frozen_then_all_the_same() -> None:
    definition = guarded()
    frozen = published(definition, statistics=KNOWN, frozen=True)

    now = after(definition, frozen, harmful=BLUE, frozen=True)

    assert paused(now) == ["blue"]
    assert now is not None
    assert now.frozen


def test_pause_when_the_split_is_fixed_then_the_others_share_in_proportion() -> None:
    fixed = split(0.5, 0.3, 0.2)
    definition = experiment(
        metrics=(CONVERSION, GUARD),
        allocation_policy=replace(fixed, controls=replace(fixed.controls, guardrail_pause=GuardrailPause())),
    )

    now = after(definition, published(definition), harmful=BLUE)

    assert now is not None
    assert weights(now) == pytest.approx({"control": 5 / 7, "blue": 0, "green": 2 / 7}, abs=1e-9)


def test_pause_when_all_treatments_do_harm_then_everybody_gets_the_control() -> None:
    definition = guarded()

    now = after(definition, published(definition, statistics=KNOWN), harmful=frozenset({"blue", "green"}))

    assert now is not None
    assert weights(now) == {"control": 1, "blue": 0, "green": 0}


def test_pause_when_the_control_is_named_then_it_is_not_paused() -> None:
    definition = guarded()

    assert after(definition, published(definition, statistics=KNOWN), harmful=frozenset({"control"})) is None


@given(
    st.tuples(st.floats(1e-3, 1), *[st.just(0.0) | st.floats(1e-3, 1)] * 2),
    st.sets(st.sampled_from(["blue", "green"])),
)
def test_without_when_arms_are_paused_then_the_rest_keeps_its_proportions(
    values: tuple[float, float, float], names: set[str]
) -> None:
    asked = np.array(values) / sum(values)

    served = without(asked, experiment(), frozenset(names))

    assert served.sum() == pytest.approx(1)
    for place, arm_id in enumerate(["control", "blue", "green"]):
        if arm_id in names:
            assert served[place] == 0
        elif asked[place] > 0:
            kept = 1 - sum(asked[other] for other, name in enumerate(["control", "blue", "green"]) if name in names)
            assert served[place] == pytest.approx(asked[place] / kept, rel=1e-9)


def test_shadow_when_it_is_on_then_the_control_is_served_and_the_weights_are_shown() -> None:
    definition = experiment(allocation_policy=policy(BetaThompson(), shadow=True))
    served = published(replace(definition, allocation_policy=policy(BetaThompson())), statistics=KNOWN)

    snapshot = published(definition, statistics=KNOWN)

    assert weights(snapshot) == {"control": 1, "blue": 0, "green": 0}
    assert {arm.arm_id: arm.shadow_weight for arm in snapshot.arms} == weights(served)
    assert all(arm.shadow_weight == 0 for arm in served.arms)


def test_shadow_when_the_weights_would_move_then_a_version_says_so() -> None:
    definition = experiment(allocation_policy=policy(BetaThompson(), shadow=True, min_weight_change=0.05))
    before = published(definition)

    now = after(definition, before)

    assert now is not None
    assert now.publish_reason is PublishReason.LEARNING
    assert after(definition, now) is None


def test_policy_arms_when_weights_are_quantized_then_shares_sum_to_one() -> None:
    arms = policy_arms(experiment(), np.array([1 / 3, 1 / 3, 1 / 3]), NOBODY)

    assert sum(arm.weight for arm in arms) == 1


def test_warm_start_when_data_are_worth_less_than_they_are_then_they_are_scaled() -> None:
    earlier = by_arm(counted("control", 10_000, 1000), counted("blue", 50, 10), ArmStatistics("green"))

    prior = warm_prior(WarmStart("last-year", 1000.0), earlier)

    assert prior["control"].unit_count == pytest.approx(1000)
    assert prior["control"].value_sum == pytest.approx(100)
    assert prior["control"].square_deviation_sum == pytest.approx(earlier["control"].square_deviation_sum / 10)
    assert (prior["blue"].unit_count, prior["blue"].value_sum) == (50, 10)
    assert "green" not in prior
    assert warm_prior(None, earlier) == {}


def test_warm_start_when_there_are_no_data_yet_then_weights_follow_the_earlier_ones() -> None:
    definition = experiment(
        allocation_policy=policy(BetaThompson(), warm_start=WarmStart("last-year"), burn_in_unit_count=100)
    )
    prior = by_arm(counted("control", 500, 50), counted("blue", 500, 100), counted("green", 500, 50))

    warm = next_snapshot(definition, {}, None, frozen=False, now=NOW, prior=prior)
    as_own = published(definition, statistics=prior)

    assert warm is not None
    assert weights(warm) == weights(as_own)
    assert weights(warm)["blue"] > 0.9


def test_with_prior_when_arms_have_both_then_they_are_merged_and_others_stand_alone() -> None:
    own = by_arm(counted("control", 10, 1), counted("blue", 10, 2))
    prior = by_arm(counted("control", 30, 9))

    together = with_prior(["control", "blue", "green"], own, prior)

    assert [(arm.unit_count, arm.value_sum) for arm in together] == [(40, 10), (10, 2), (0, 0)]
    assert together[0].square_deviation_sum == pytest.approx(10 * (1 - 10 / 40))
