"""What weights would have earned, from decisions one by one: by hand, which count, unbiased under learning."""

from dataclasses import replace

import numpy as np
import pytest

from services.bandit.domain.decisions import Decisions, VersionChances
from services.bandit.domain.evaluation import evaluate_decisions, followed_contexts, telling
from services.bandit.domain.statistics import VersionStatistics
from shared.statistics.off_policy.values import Estimator
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.bandit.domain.test_context_guardrails import Site
from tests.bandit.examples import by_arm, counted
from tests.shared.statistics.simulation import Rate

ARMS = ("control", "blue", "green")
ALL = VersionChances(dict.fromkeys(ARMS, 0.1), followed_contexts=True)
NO_GREEN = VersionChances({"control": 0.1, "blue": 0.1}, followed_contexts=True)
KNOWN = Decisions(
    ARMS,
    np.array([0, 1, 2, 1, 0, -1]),
    np.array([1.0, 2.0, 4.0, 3.0, 2.0, 9.0]),
    np.array([0.5, 0.25, 0.25, 0.8, 0.2, 0.5]),
    np.array([1, 1, 1, 2, 2, 1]),
    {1: ALL, 2: NO_GREEN},
)
TARGET = {"blue": 0.75, "control": 0.25}


def test_evaluate_when_decisions_have_propensities_of_their_own_then_as_defined() -> None:
    found = evaluate_decisions(KNOWN, TARGET, alpha=0.05)

    weights = np.array([0.25 / 0.5, 0.75 / 0.25, 0.0, 0.75 / 0.8, 0.25 / 0.2, 0.0])
    assert found.of(Estimator.IPS).value == pytest.approx(float(weights @ KNOWN.values) / 6)
    assert found.of(Estimator.SNIPS).value == pytest.approx(float(weights @ KNOWN.values / weights.sum()))
    scores, sums, counts = [], dict.fromkeys(range(-1, 3), 0.0), dict.fromkeys(range(-1, 3), 0)
    for arm, value, weight in zip(KNOWN.arms.tolist(), KNOWN.values.tolist(), weights.tolist(), strict=True):
        level = sum(sums.values()) / max(sum(counts.values()), 1)
        means = {one: (sums[one] + level) / (counts[one] + 1) for one in sums}
        scores.append(0.25 * means[0] + 0.75 * means[1] + weight * (value - means[arm]))
        sums[arm], counts[arm] = sums[arm] + value, counts[arm] + 1
    assert found.of(Estimator.DOUBLY_ROBUST).value == pytest.approx(np.mean(scores))
    assert found.logged_value == pytest.approx(21 / 6)
    assert not found.caution_at() & Caution.BATCHES_DROPPED


def test_evaluate_when_a_version_could_not_give_an_arm_then_it_is_left_out() -> None:
    found = evaluate_decisions(KNOWN, {"green": 1.0}, alpha=0.05)

    assert found.unit_count == 4
    assert found.of(Estimator.IPS).value == pytest.approx(4 * 4 / 4)
    assert found.caution_at() & Caution.BATCHES_DROPPED
    assert telling(KNOWN, {"green": 1.0}).tolist() == [True, True, True, False, False, True]


@pytest.mark.parametrize("least", [{}, {"green": 0.0}])
def test_telling_when_an_arm_may_have_had_no_chance_in_some_context_then_nothing_tells(least: dict[str, float]) -> None:
    careless = replace(KNOWN, chances=dict.fromkeys((1, 2), VersionChances(least, followed_contexts=True)))

    assert not telling(careless, {"green": 1.0}).any()


def test_evaluate_when_a_propensity_was_not_logged_then_says_so() -> None:
    lost = replace(KNOWN, propensities=np.where(np.arange(6) == 1, np.nan, KNOWN.propensities))

    assert evaluate_decisions(lost, TARGET, alpha=0.05).obstacle is Obstacle.MISSING_PROPENSITY


def test_evaluate_when_nobody_was_given_the_arm_then_says_so() -> None:
    two = replace(KNOWN, arms=np.where(KNOWN.arms == 2, 0, KNOWN.arms))

    assert evaluate_decisions(two, {"green": 1.0}, alpha=0.05).obstacle is Obstacle.ARM_NEVER_ALLOCATED


@pytest.mark.parametrize(("propensities", "expected"), [((0.5, 0.5), False), ((float("nan"), float("nan")), True)])
def test_followed_contexts_when_propensities_are_missing_then_so(
    propensities: tuple[float, float], *, expected: bool
) -> None:
    plain = VersionStatistics(1, None, by_arm(counted("blue", 1)), {"control": 0.5, "blue": 0.5})
    other = replace(plain, propensities=dict(zip(("control", "blue"), propensities, strict=True)))

    assert followed_contexts([plain, other]) is expected
    assert not followed_contexts([])


def test_evaluate_when_a_policy_learned_from_contexts_then_unbiased_and_intervals_cover() -> None:
    runs, truth = 200, 0.35  # blue earns 0.2 from new and 0.5 from returning units
    errors: dict[Estimator, list[float]] = {estimator: [] for estimator in Estimator}
    covered = dict.fromkeys(Estimator, 0)
    for seed in range(runs):
        site = Site((0.1, 0.1, 0.1), seed=9000 + seed)
        for _ in range(5):
            site.serve(200)
        earned = np.concatenate([columns[2] for columns in site.columns])
        found = evaluate_decisions(replace(site.block().decisions, values=earned), {"blue": 1.0}, alpha=0.05)
        for values in found.values:
            errors[values.estimator].append(float(values.value) - truth)
            covered[values.estimator] += bool(values.low <= truth <= values.high)

    for estimator, found_errors in errors.items():
        if estimator is not Estimator.SNIPS:  # which is only nearly unbiased
            assert abs(np.mean(found_errors)) < 3.3 * np.std(found_errors) / np.sqrt(runs), estimator
        assert Rate(covered[estimator], runs).agrees_with(0.95), f"{estimator}: {covered[estimator]}"
    assert np.std(errors[Estimator.DOUBLY_ROBUST]) < np.std(errors[Estimator.IPS])
