"""What a policy learns from, and that weights follow it net of costs."""

from dataclasses import replace

import numpy as np
import pytest

from services.bandit.domain.learning import target_weights
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.reward import net_of_cost, reward_metric, same_reward
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import (
    Algorithm,
    AllocationPolicy,
    Arm,
    EpsilonGreedy,
    Experiment,
    GaussianThompson,
    KlUcb,
    MetricDirection,
    MetricKind,
    RewardTerm,
    TopTwoThompson,
    Ucb1,
)
from shared.policy.snapshot import PublishReason
from tests.bandit.examples import (
    CONVERSION,
    MINUTE,
    NOW,
    REVENUE,
    SALES,
    by_arm,
    counted,
    experiment,
    measured,
    policy,
    published,
    weights,
)

TERMS = (RewardTerm("revenue", 1.0), RewardTerm("conversion", -2.0))
GAUSSIAN = GaussianThompson()
FITTING = (GAUSSIAN, TopTwoThompson(0.9), Ucb1(0.5), KlUcb(), EpsilonGreedy())


def costly(*costs: float, algorithm: Algorithm = GAUSSIAN, **fields: object) -> Experiment:
    """Returns an experiment whose arms cost something."""
    arms = tuple(
        Arm(arm_id, control=arm_id == "control", cost=cost)
        for arm_id, cost in zip(("control", "blue", "green"), costs, strict=True)
    )
    return experiment(arms=arms, allocation_policy=policy(algorithm), **fields)


def spread(arm_id: str, mean: float, unit_count: int = 1000, deviation: float = 1.0) -> ArmStatistics:
    """Returns the statistics of a MEAN."""
    return ArmStatistics(arm_id, unit_count, unit_count * mean, mean, unit_count * deviation**2)


def test_metric_when_the_policy_has_a_reward_then_a_mean_of_which_more_is_better() -> None:
    definition = experiment(allocation_policy=replace(policy(GaussianThompson()), reward=TERMS))

    metric = reward_metric(definition)

    assert (metric.metric_id, metric.kind, metric.direction) == ("~reward", MetricKind.MEAN, MetricDirection.MAXIMIZE)
    assert reward_metric(published(definition)) == metric


def test_metric_when_there_is_no_reward_then_the_primary_one() -> None:
    assert reward_metric(experiment()) == CONVERSION
    assert reward_metric(experiment(metrics=(REVENUE, SALES))) == SALES


def test_metric_when_arms_cost_something_then_the_primary_one_as_a_mean() -> None:
    definition = costly(0.0, 0.1, 0.0)

    assert reward_metric(definition) == replace(CONVERSION, kind=MetricKind.MEAN)
    assert reward_metric(published(definition)) == replace(CONVERSION, kind=MetricKind.MEAN)


def test_same_reward_when_terms_stand_in_another_order_then_they_are_the_same() -> None:
    one = AllocationPolicy(reward=TERMS)

    assert same_reward(one, AllocationPolicy(reward=TERMS[::-1]))
    assert not same_reward(one, AllocationPolicy(reward=TERMS[:1]))
    assert not same_reward(one, AllocationPolicy())


def test_net_when_arms_cost_something_then_their_means_are_shifted_and_nothing_else() -> None:
    values = [1.0, 2.5, 4.0]
    known = by_arm(measured("control", values), measured("blue", values), ArmStatistics("green"))

    net = net_of_cost(costly(0.0, 0.5, 9.0, metrics=(SALES,)), known)

    assert net == by_arm(known["control"], measured("blue", [0.5, 2.0, 3.5]), known["green"])


def test_net_when_less_is_better_then_costs_are_added() -> None:
    fewer = replace(SALES, direction=MetricDirection.MINIMIZE)

    net = net_of_cost(costly(0.0, 0.5, 0.0, metrics=(fewer,)), by_arm(measured("blue", [1.0, 2.0])))

    assert net["blue"] == measured("blue", [1.5, 2.5])


@pytest.mark.parametrize("algorithm", FITTING)
@pytest.mark.parametrize("direction", MetricDirection)
def test_weights_when_arms_cost_something_then_as_if_the_values_were_net(
    algorithm: Algorithm, direction: MetricDirection
) -> None:
    sign = 1.0 if direction is MetricDirection.MAXIMIZE else -1.0
    metrics = (replace(SALES, direction=direction),)
    gross = [spread("control", sign * 5.0), spread("blue", sign * 5.5), spread("green", sign * 4.9)]
    net = [spread("control", sign * 5.0), spread("blue", sign * 4.5), spread("green", sign * 4.9)]

    asked = target_weights(costly(0.0, 1.0, 0.0, algorithm=algorithm, metrics=metrics), gross)

    assert asked == pytest.approx(
        target_weights(experiment(allocation_policy=policy(algorithm), metrics=metrics), net), abs=1e-9
    )
    assert asked.argmax() == 0


@pytest.mark.parametrize("algorithm", FITTING)
def test_weights_when_a_proportion_is_worth_its_cost_to_none_then_the_free_arm_wins(algorithm: Algorithm) -> None:
    known = [counted("control", 4000, 400), counted("blue", 4000, 480), counted("green", 4000, 380)]

    free = target_weights(costly(0.0, 0.0, 0.0, algorithm=algorithm), known)
    paid = target_weights(costly(0.0, 0.05, 0.0, algorithm=algorithm), known)

    assert [int(free.argmax()), int(paid.argmax())] == [1, 0]
    assert np.sum(paid) == pytest.approx(1)


def test_publish_when_the_reward_is_new_then_weights_stay_until_it_is_folded() -> None:
    plain = experiment(metrics=(SALES,), allocation_policy=policy(GaussianThompson()))
    served = published(plain, statistics=by_arm(spread("control", 5.0), spread("blue", 5.1), spread("green", 4.9)))
    rewarded = replace(plain, revision=2, allocation_policy=replace(plain.allocation_policy, reward=TERMS[:1]))

    redefined = published(rewarded, served)
    learned = next_snapshot(
        rewarded,
        by_arm(spread("control", 5.0), spread("blue", 4.0), spread("green", 6.0)),
        redefined,
        frozen=False,
        now=NOW + MINUTE,
    )

    assert redefined.publish_reason is PublishReason.DEFINITION
    assert weights(redefined) == weights(served)
    assert learned is not None
    assert weights(learned)["green"] > 0.9


def test_publish_when_the_reward_and_a_fixed_split_are_new_then_the_split_is_served() -> None:
    plain = experiment()
    given = replace(plain, revision=2, allocation_policy=replace(plain.allocation_policy, reward=TERMS))

    assert list(weights(published(given, published(plain))).values()) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_publish_when_arms_cost_something_then_the_snapshot_says_so() -> None:
    assert [arm.cost for arm in published(costly(0.0, 0.5, 2.0)).arms] == [0.0, 0.5, 2.0]
