"""The analysis of what a bandit ran: methods that allow for weights which followed the data."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze, analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.grounding.evidence import ComparisonStatus
from shared.definition.model import MetricDirection
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.confidence_sequence import compare_any_time
from shared.statistics.aggregates.moments import Moments
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.method import Validity
from tests.ai.domain.analysis.examples import (
    CONVERSION,
    NOW,
    bandit,
    conversions,
    experiment,
    thompson,
    version,
)

PLANNED = AnalysisPlan(sample=PlannedSample(10_000, 0.1))


def health(analysis: ExperimentAnalysis) -> dict[Check, Status]:
    """Returns how each check ended."""
    return {one.finding.check: one.finding.status for one in analysis.health}


def test_analyze_bandit_when_weights_followed_the_data_then_by_adaptive_sequences() -> None:
    data = thompson(np.random.default_rng(5), [0.1, 0.1, 0.2])

    found = analyze_bandit(data, AnalysisPlan(), now=NOW)

    counts = np.array([[arm.unit_count for arm in one.arms] for one in data.versions], dtype=float)
    means = np.array([[arm.moments[0].mean if arm.moments else 0.0 for arm in one.arms] for one in data.versions])

    batches = Batches.of(
        Moments.of_values(counts, means, counts * means * (1 - means)),
        [[arm.weight or 0.0 for arm in one.arms] for one in data.versions],
    )
    wanted = compare_any_time(batches, treatment=[1, 2], optimal_unit_count=20_000, alpha=0.025)
    for place, one in enumerate(found.comparisons):
        assert one.report.method.validity is Validity.ADAPTIVE_ANY_TIME
        assert one.difference is not None
        assert one.difference.low == pytest.approx(wanted.difference_low[-1, place], rel=1e-9)
    assert found.progress.adaptive
    assert health(found)[Check.SEQUENTIAL_SAMPLE_RATIO] is Status.PASS
    assert found.bandit is not None
    assert sum(arm.probability_best or 0 for arm in found.bandit.arms) == pytest.approx(1)
    assert found.bandit.best_arm_id == "arm-2"
    assert (found.verdict.verdict, found.verdict.arm_id) == (Verdict.SHIP, "arm-2")


def test_analyze_bandit_when_weights_never_changed_then_as_an_ordinary_experiment() -> None:
    fixed = bandit(
        version(1, {"control": 0.5, "blue": 0.5}, [5_000, 5_010], [500, 570]),
        version(2, {"control": 0.5, "blue": 0.5}, [5_000, 4_990], [500, 580]),
        learning=False,
    )

    whole = experiment(conversions("control", 10_000, 1000), conversions("blue", 10_000, 1150))

    found = analyze_bandit(fixed, PLANNED, now=NOW)

    assert found.comparisons == analyze(whole, PLANNED, now=NOW).comparisons
    assert found.bandit is None
    assert not found.progress.adaptive
    assert health(found)[Check.SAMPLE_RATIO] is Status.PASS


def test_analyze_bandit_when_weights_followed_contexts_then_nothing_is_estimated_of_them() -> None:
    weights: dict[str, float | None] = {"control": None, "blue": None}
    data = bandit(version(1, weights, [5_000, 5_000], [500, 700]))

    found = analyze_bandit(data, AnalysisPlan(), now=NOW)

    assert found.comparisons[0].status is ComparisonStatus.INSUFFICIENT_DATA
    assert health(found)[Check.SEQUENTIAL_SAMPLE_RATIO] is Status.NOT_ESTIMABLE
    assert found.bandit is not None
    assert [arm.probability_best for arm in found.bandit.arms] == [None, None]
    assert found.verdict.verdict is Verdict.CONTINUE


def test_analyze_bandit_when_lower_is_better_then_the_arm_with_least_is_best() -> None:
    data = thompson(np.random.default_rng(6), [0.2, 0.1])
    falling = replace(data, metrics=(replace(CONVERSION, direction=MetricDirection.MINIMIZE),))

    found = analyze_bandit(falling, AnalysisPlan(), now=NOW)

    assert found.bandit is not None
    assert found.bandit.best_arm_id == "arm-1"
    assert found.comparisons[0].status is ComparisonStatus.BETTER


def test_analyze_bandit_when_units_are_not_where_the_weights_put_them_then_investigate() -> None:
    data = bandit(
        version(1, {"control": 0.5, "blue": 0.5}, [5_000, 5_000], [500, 580]),
        version(2, {"control": 0.2, "blue": 0.8}, [2_600, 7_400], [260, 850]),
    )

    found = analyze_bandit(data, AnalysisPlan(), now=NOW)

    assert health(found)[Check.SEQUENTIAL_SAMPLE_RATIO] is Status.FAIL
    assert found.verdict.verdict is Verdict.INVESTIGATE


def test_analyze_bandit_when_it_has_no_version_then_it_says_so() -> None:
    empty = replace(bandit(version(1, {"control": 0.5, "blue": 0.5}, [0, 0], [0, 0])), versions=())

    found = analyze_bandit(empty, AnalysisPlan(), now=NOW)

    assert found.comparisons[0].status is ComparisonStatus.INSUFFICIENT_DATA
    assert found.verdict.verdict is Verdict.CONTINUE


def test_analyze_bandit_when_running_data_are_stale_then_investigate() -> None:
    data = thompson(np.random.default_rng(5), [0.1, 0.1])

    later = NOW + timedelta(days=3)
    running, ended = (analyze_bandit(replace(data, running=on), AnalysisPlan(), now=later) for on in (True, False))

    assert running.verdict.verdict is Verdict.INVESTIGATE
    assert Check.FRESHNESS not in health(ended)
