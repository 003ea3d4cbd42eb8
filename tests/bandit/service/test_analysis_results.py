"""What is said of the analysis split: results beside the arms, a fixed-horizon comparison, other weights' values."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit.convert.insight import bandit_to_proto
from services.bandit.domain.ports import Health, Statistics
from services.bandit.domain.statistics import VersionStatistics
from services.bandit.domain.trial import analysis_arm_id
from services.bandit.service.evaluation import EvaluationService
from services.bandit.service.insight import InsightService
from shared.definition.model import BooleanFeature, Experiment, GaussianThompson, LinearThompson, Traffic
from shared.errors import FailedPrecondition, Reason
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.off_policy.values import Estimator
from shared.statistics.result.report import Interval
from tests.bandit.examples import NOW, SALES, by_arm, experiment, measured, policy, published
from tests.fakes.bandit import HandClock, InMemoryPolicyStore, InMemoryStatisticsStore

SPLIT = experiment(metrics=(SALES,), allocation_policy=policy(GaussianThompson()), traffic=Traffic(analysis_share=0.25))
EQUAL = dict.fromkeys(("control", "blue", "green"), 1 / 3)
CONTROL, BLUE = [1.0, 2.0, 4.0, 2.5, 3.0], [3.0, 5.0, 4.5, 6.0]


def shown(definition: Experiment) -> pb.Bandit:
    """Returns what is shown of an experiment with units on both sides."""
    policies, statistics = InMemoryPolicyStore(), InMemoryStatisticsStore()
    policies.add(published(definition))
    learned = by_arm(measured("control", [9.0]), measured("blue", [9.0, 8.0]))
    fixed = by_arm(measured("control", CONTROL), measured("blue", BLUE))
    pooled = {
        **learned,
        **{analysis_arm_id(one): replace(arm, arm_id=analysis_arm_id(one)) for one, arm in fixed.items()},
    }
    statistics.known["checkout", "sales"] = Statistics(pooled, Health(0, 0), NOW)
    costs = {arm.arm_id: arm.cost for arm in definition.arms}
    statistics.by_version["checkout", "sales"] = [VersionStatistics(1, None, learned, EQUAL, costs)]
    statistics.in_analysis["checkout", "sales"] = [VersionStatistics(1, None, fixed, EQUAL, costs)]
    service = InsightService(policies, statistics, now=HandClock(NOW))
    return bandit_to_proto(service.bandit("checkout"))


def test_bandit_when_there_is_a_split_then_it_stands_beside_the_arms() -> None:
    bandit = shown(SPLIT)

    assert [(arm.arm_id, arm.unit_count) for arm in bandit.arms] == [("control", 1), ("blue", 2), ("green", 0)]
    results = bandit.analysis_results
    assert [(arm.arm_id, arm.unit_count) for arm in results.arms] == [("control", 5), ("blue", 4), ("green", 0)]
    assert [arm.weight for arm in results.arms] == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert results.arms[0].mean == pytest.approx(np.mean(CONTROL))
    assert results.arms[0].square_deviation_sum == pytest.approx(np.var(CONTROL) * 5)
    assert not results.arms[2].HasField("mean")
    assert results.left_out_unit_count == 0


def test_bandit_when_there_is_no_split_then_nothing_is_shown_of_one() -> None:
    assert not shown(replace(SPLIT, traffic=Traffic())).HasField("analysis_results")


def test_bandit_when_arms_cost_something_then_the_splits_units_are_spent_too() -> None:
    costly = tuple(replace(arm, cost=2.0 * (arm.arm_id == "blue")) for arm in SPLIT.arms)

    assert shown(replace(SPLIT, arms=costly)).spent == 2.0 * (2 + 4)


def test_evaluate_when_the_split_is_asked_then_its_units_and_fixed_weights_answer() -> None:
    policies, statistics = InMemoryPolicyStore(), InMemoryStatisticsStore()
    policies.add(
        published(replace(SPLIT, features=(BooleanFeature("new"),), allocation_policy=policy(LinearThompson())))
    )
    fixed = by_arm(measured("control", CONTROL), measured("blue", BLUE), measured("green", [1.0, 2.0]))
    learned = by_arm(measured("control", [9.0]), measured("blue", [9.0, 8.0]))
    statistics.in_analysis["checkout", "sales"] = [VersionStatistics(1, None, fixed, EQUAL)]
    statistics.by_version["checkout", "sales"] = [
        VersionStatistics(1, None, learned, dict.fromkeys(EQUAL, float("nan")))
    ]
    service = EvaluationService(policies, statistics)

    found = service.evaluate("checkout", [("blue", 1.0)], analysis_split=True)

    assert found.unit_count == len(CONTROL) + len(BLUE) + 2
    assert found.of(Estimator.SNIPS).value == pytest.approx(np.mean(BLUE))
    assert found.of(Estimator.IPS).value == pytest.approx(3 * sum(BLUE) / found.unit_count)
    with pytest.raises(FailedPrecondition) as caught:
        service.evaluate("checkout", [("blue", 1.0)])
    assert caught.value.reason is Reason.NOT_ESTIMABLE


def test_evaluate_when_nobody_is_in_the_split_then_it_is_not_estimable() -> None:
    policies = InMemoryPolicyStore()
    policies.add(published(SPLIT))

    with pytest.raises(FailedPrecondition) as caught:
        EvaluationService(policies, InMemoryStatisticsStore()).evaluate(
            "checkout", [("blue", 1.0)], analysis_split=True
        )

    assert (caught.value.reason, caught.value.metadata["obstacle"]) == (Reason.NOT_ESTIMABLE, "NO_UNITS")


def test_page_when_it_says_how_to_compare_arms_of_the_split_then_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "bandits.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", page.split("## Analysis split", 1)[1], flags=re.DOTALL)

    exec(compile(recipe, "analysis split", "exec"), {"bandit": shown(SPLIT)})

    (printed,) = re.findall(r"p_value=([0-9.e-]+)", capsys.readouterr().out)
    assert float(printed) == pytest.approx(stats.ttest_ind(BLUE, CONTROL, equal_var=False).pvalue)


def test_results_when_compared_by_a_fixed_look_then_it_is_welchs_test_of_the_splits_values() -> None:
    control, blue = (
        means(Moments.of_values(arm.unit_count, arm.mean, arm.square_deviation_sum))
        for arm in shown(SPLIT).analysis_results.arms[:2]
    )

    found = compare(blue, control).report()

    oracle = stats.ttest_ind(BLUE, CONTROL, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    assert isinstance(found.difference, Interval)
    assert found.p_value == pytest.approx(oracle.pvalue)
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high))
