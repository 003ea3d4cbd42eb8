"""Designs to choose from: the one that was asked for, and others that the rules recommend and that differ."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.ai.domain.design.engine import recommend
from services.ai.domain.design.offers import MOST_OFFERS, offer, others
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.metrics import TrafficProfile
from shared.errors import InvalidArgument
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, REVENUE

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WISHES = DesignWishes("Show it", (CHECKOUT, REVENUE, LATENCY), TrafficProfile(20_000.0), arm_count=4)


@pytest.mark.parametrize("aim", DesignAim)
@pytest.mark.parametrize("arm_count", [2, 4])
def test_others_when_there_are_some_then_differ_and_are_recommended(aim: DesignAim, arm_count: int) -> None:
    first = offer(replace(WISHES, aim=aim, arm_count=arm_count), now=NOW)

    found = (first, *others(first, now=NOW))

    assert first.design == recommend(first.design.wishes)
    assert [one.option.option_id for one in found] == [f"D{place}" for place in range(1, len(found) + 1)]
    assert 1 < len(found) <= MOST_OFFERS
    assert all(one.design.recommended for one in found[1:])
    plans = [one.design.plan for one in found]
    assert all(plan not in plans[:place] for place, plan in enumerate(plans))
    assert {plan.primary_metric_id for plan in plans} == {first.design.plan.primary_metric_id}


def test_others_when_too_few_units_come_then_look_for_a_larger_lift() -> None:
    first = offer(replace(WISHES, traffic=TrafficProfile(500.0), arm_count=2), now=NOW)

    second = others(first, now=NOW)[0]

    assert not first.design.recommended
    assert second.design.reachable
    lift = first.design.detectable_lifts[-1].relative_lift
    assert lift <= second.design.plan.relative_mde <= 1.1 * lift


def test_others_when_nothing_can_be_found_then_are_none() -> None:
    first = offer(replace(WISHES, traffic=TrafficProfile(0.01), arm_count=2, max_duration=timedelta(weeks=1)), now=NOW)

    assert others(first, now=NOW) == ()


def test_option_when_it_is_made_then_says_what_the_plan_says() -> None:
    made = offer(replace(WISHES, aim=DesignAim.EARN), now=NOW)

    option, plan = made.option, made.design.plan
    assert (option.aim, option.algorithm, option.looking) == ("EARN", "BetaThompson", "ANY_TIME")
    assert (option.arm_shares, option.duration_days) == (plan.arm_shares, plan.day_count)
    assert (option.unit_count, option.relative_mde) == (plan.unit_count, plan.relative_mde)
    names = {alias: metric_id for metric_id, alias in made.evidence.metrics.items()}
    assert names[option.primary_metric] == plan.primary_metric_id
    assert tuple(names[one] for one in option.guardrail_metrics) == plan.guardrail_metric_ids
    assert option.facts == made.evidence.pack.facts


def test_offer_when_the_wishes_cannot_be_then_says_so() -> None:
    with pytest.raises(InvalidArgument):
        offer(replace(WISHES, metrics=()), now=NOW)
