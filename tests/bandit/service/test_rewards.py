"""The learner keeps to budgets; what is shown starts from an earlier experiment's reward of the same terms."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.bandit.domain.ports import Health, Statistics
from services.bandit.domain.reward import REWARD_ID
from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import AllocationControls, Arm, Budget, Experiment, GaussianThompson, RewardTerm, WarmStart
from shared.policy.snapshot import PublishReason
from tests.bandit.domain.test_reward import spread
from tests.bandit.examples import MINUTE, NOW, SALES, by_arm, experiment, policy, published, weights
from tests.bandit.service.test_insight import Desk
from tests.bandit.service.test_learning import Bench, of

HOUR = timedelta(hours=1)
ARMS = (Arm("control", control=True), Arm("blue", cost=1.0), Arm("green"))
BLUE_IS_BEST = (spread("control", 5.0), spread("blue", 9.0), spread("green", 5.0))


def budgeted(amount: float) -> Experiment:
    """Returns an experiment with a budget for the day after its start."""
    controls = AllocationControls(burn_in_unit_count=0, budget=Budget(amount, NOW + timedelta(days=1)))
    return experiment(arms=ARMS, metrics=(SALES,), allocation_policy=policy(GaussianThompson(), controls))


def known(bench: Bench) -> None:
    """Says that 1000 units of each arm came with the first version."""
    bench.session.tell("checkout", *BLUE_IS_BEST)
    bench.session.by_version["checkout"] = [VersionStatistics(1, None, by_arm(*BLUE_IS_BEST), {}, {"blue": 1.0})]


def test_step_when_a_budget_ends_then_time_alone_brings_everybody_to_the_cheapest() -> None:
    bench = Bench(budgeted(1e6))
    bench.step()
    known(bench)
    (rich,) = bench.step(after=HOUR)

    (ended,) = bench.step(after=timedelta(days=1))

    assert of([rich, ended]) == [("checkout", 2, PublishReason.LEARNING), ("checkout", 3, PublishReason.BUDGET)]
    assert weights(rich)["blue"] > 0.97
    assert weights(ended)["blue"] == 0
    assert bench.step(after=HOUR) == []


def test_step_when_nobody_comes_any_more_then_what_is_left_is_released_little_by_little() -> None:
    bench = Bench(budgeted(4000.0))
    bench.step()
    known(bench)

    # 3000 are left; 3000 units in the first hour let 69,000 more expect, which are fewer the longer nobody comes.
    shares = [weights(one)["blue"] for _ in range(20) for one in bench.step(after=HOUR)]

    assert shares[0] == pytest.approx(3000 / (3000 * 23), abs=1e-3)
    assert len(shares) > 3
    assert shares == sorted(shares)


def test_step_when_it_is_used_up_while_frozen_then_everybody_gets_the_cheapest() -> None:
    bench = Bench(budgeted(900.0))
    bench.session.switched_off.add("checkout")
    bench.step()
    known(bench)

    (fresh,) = bench.step(after=MINUTE)

    assert of([fresh]) == [("checkout", 2, PublishReason.BUDGET)]
    assert weights(fresh) == {"control": 1.0, "blue": 0.0, "green": 0.0}


def starting_warm(*terms: tuple[str, float]) -> Experiment:
    """Returns an experiment with a reward that starts from an earlier one."""
    reward = tuple(RewardTerm(*term) for term in terms)
    return experiment(
        allocation_policy=replace(policy(GaussianThompson(), warm_start=WarmStart("earlier")), reward=reward)
    )


@pytest.mark.parametrize(("weight", "mean"), [(-2.0, 6.0), (-2.5, 4.0)])
def test_bandit_when_it_starts_from_an_earlier_reward_then_only_of_the_same_terms(weight: float, mean: float) -> None:
    definition = starting_warm(("revenue", 1.0), ("conversion", -2.0))
    desk = Desk(published(definition))
    earlier = starting_warm(("revenue", 1.0), ("conversion", weight))
    desk.policies.add(published(replace(earlier, experiment_id="earlier")))
    arms = by_arm(*(spread(arm.arm_id, 4.0) for arm in definition.arms))
    desk.know(REWARD_ID, arms)
    before = by_arm(*(spread(arm.arm_id, 8.0) for arm in definition.arms))
    desk.statistics.known["earlier", REWARD_ID] = Statistics(before, Health(0, 0), NOW)

    shown = desk.service.bandit("checkout")

    assert shown.posterior is not None
    assert shown.posterior.mean.tolist() == pytest.approx([mean] * 3)
    assert [arm.mean for arm in shown.arms] == [4.0] * 3
