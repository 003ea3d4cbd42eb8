"""EXP3: estimated losses and weights, against plain loops over the versions, and that the estimates are unbiased."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.exponential import exponential_weights
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import Exp3, Metric, MetricDirection, MetricKind
from tests.bandit.domain.rewards import definition_of
from tests.bandit.examples import CONVERSION, counted, measured

IDS = ("a", "b", "c")
ANY_TIME = Exp3()
RATING = definition_of(Exp3(), kind=MetricKind.MEAN, bounds=(-2.0, 6.0)).primary_metric


def version(number: int, weights: dict[str, float], *arms: ArmStatistics) -> VersionStatistics:
    return VersionStatistics(number, None, {arm.arm_id: arm for arm in arms}, weights)


@st.composite
def histories(draw: st.DrawFn, least: int = 1) -> list[VersionStatistics]:
    """Draws versions of some of the arms, at least so many, with some of their units' conversions."""
    versions = []
    for number in range(draw(st.integers(1, 5))):
        present = draw(st.lists(st.sampled_from(IDS), min_size=least, unique=True))
        odds = [draw(st.integers(1, 100)) for _ in present]
        counts = [(draw(st.integers(0, 50)), draw(st.floats(0, 1))) for _ in present]
        arms = [counted(one, count, round(rate * count)) for one, (count, rate) in zip(present, counts, strict=True)]
        weights = {one: odd / sum(odds) for one, odd in zip(present, odds, strict=True)}
        versions.append(version(number, weights, *(arm for arm in arms if arm.unit_count)))
    return versions


def slow(algorithm: Exp3, versions: list[VersionStatistics], *, sign: int = 1) -> list[float]:
    """Returns the weights by the definition, unit by unit; sign -1: fewer conversions are better."""
    losses, units = dict.fromkeys(IDS, 0.0), 0
    for one in versions:
        for arm in one.arms.values():
            for unit in range(int(arm.unit_count)):
                reward = 1.0 if unit < arm.value_sum else 0.0
                loss = 1 - reward if sign > 0 else reward
                units += 1
                losses[arm.arm_id] += loss / one.propensities[arm.arm_id]
                for absent in set(IDS) - set(one.propensities):
                    losses[absent] += loss
    rate = algorithm.learning_rate or (math.sqrt(math.log(3) / (3 * units)) if units else 0.0)
    lowest = min(losses.values())
    odds = [math.exp(-rate * (losses[arm_id] - lowest)) for arm_id in IDS]
    return [one / sum(odds) for one in odds]


def ours(versions: list[VersionStatistics], algorithm: Exp3 = ANY_TIME, metric: Metric = CONVERSION) -> list[float]:
    return [float(weight) for weight in exponential_weights(algorithm, IDS, versions, metric)]


rates = st.sampled_from([0.0, 0.001, 0.05])


@settings(deadline=None)
@given(histories(), rates)
def test_weights_when_versions_are_known_then_those_of_a_loop_over_their_units(
    versions: list[VersionStatistics], rate: float
) -> None:
    weights = ours(versions, Exp3(rate))

    assert weights == pytest.approx(slow(Exp3(rate), versions), abs=1e-12)
    assert sum(weights) == pytest.approx(1)


@settings(deadline=None)
@given(histories(), rates)
def test_weights_when_less_is_better_then_those_of_a_loop_over_the_mirrored_units(
    versions: list[VersionStatistics], rate: float
) -> None:
    fewer = definition_of(Exp3(), direction=MetricDirection.MINIMIZE).primary_metric

    assert ours(versions, Exp3(rate), fewer) == pytest.approx(slow(Exp3(rate), versions, sign=-1), abs=1e-12)


@settings(deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_weights_when_arms_are_relabelled_then_they_follow(
    versions: list[VersionStatistics], chance: random.Random
) -> None:
    order = list(IDS)
    chance.shuffle(order)

    weights = exponential_weights(Exp3(), order, versions, CONVERSION)

    assert dict(zip(order, weights, strict=True)) == pytest.approx(dict(zip(IDS, ours(versions), strict=True)))


@settings(deadline=None)
@given(histories(least=3))
def test_weights_when_the_others_convert_less_then_an_arm_gets_no_less(versions: list[VersionStatistics]) -> None:
    worse = [
        version(
            one.policy_version,
            dict(one.propensities),
            *(arm if arm.arm_id == "a" else counted(arm.arm_id, int(arm.unit_count)) for arm in one.arms.values()),
        )
        for one in versions
    ]

    assert ours(worse)[0] >= ours(versions)[0] - 1e-12


def test_weights_when_nothing_is_known_then_an_equal_split() -> None:
    assert ours([]) == pytest.approx([1 / 3] * 3)


def test_weights_when_an_arm_got_no_unit_of_a_version_that_had_it_then_it_lost_nothing_there() -> None:
    # Its few units lose much in other versions; that is what makes the estimate unbiased.
    versions = [version(1, {"a": 0.98, "b": 0.01, "c": 0.01}, counted("a", 100, 0))]

    assert ours(versions) == pytest.approx(slow(Exp3(), versions))
    assert ours(versions)[1] > ours(versions)[0]


def test_weights_when_an_arm_was_not_there_then_it_starts_where_the_units_were() -> None:
    # Both arms that were there lost 60 of 100 units' worth, by inverse propensity.
    versions = [version(1, {"a": 0.5, "b": 0.5}, counted("a", 50, 20), counted("b", 50, 20))]

    assert ours(versions) == pytest.approx([1 / 3] * 3)


def test_weights_when_the_metric_has_bounds_then_values_are_scaled_to_them() -> None:
    # -2 to 6: values of 6 lose nothing, of -2 all.
    plain = [version(1, dict.fromkeys(IDS, 1 / 3), counted("a", 2, 2), counted("b", 2, 1), counted("c", 2, 0))]
    wide = [
        version(
            1,
            dict.fromkeys(IDS, 1 / 3),
            measured("a", [6.0, 6.0]),
            measured("b", [6.0, -2.0]),
            measured("c", [-2.0, -2.0]),
        )
    ]

    assert ours(wide, metric=RATING) == pytest.approx(ours(plain))


def test_weights_when_losses_are_far_apart_then_they_are_still_weights() -> None:
    versions = [version(1, {"a": 1e-9, "b": 0.5, "c": 0.5}, counted("a", 10**6), counted("b", 10**6, 10**6))]

    weights = ours(versions, Exp3(10.0))

    assert sum(weights) == pytest.approx(1)
    assert weights[0] == 0


def test_losses_when_units_are_drawn_by_the_weights_then_their_estimates_are_unbiased() -> None:
    rng, rates_of, weights = np.random.default_rng(7), np.array([0.2, 0.5, 0.7]), np.array([0.7, 0.25, 0.05])
    estimates = []
    for _ in range(4000):
        counts = rng.multinomial(40, weights)
        good = rng.binomial(counts, rates_of)
        arms = [counted(*one) for one in zip(IDS, counts.tolist(), good.tolist(), strict=True)]
        found = exponential_weights(
            Exp3(0.001),
            IDS,
            [version(1, dict(zip(IDS, weights, strict=True)), *(arm for arm in arms if arm.unit_count))],
            CONVERSION,
        )
        # ln(w_i / w_a) / rate is the difference of the estimated losses.
        estimates.append(np.log(found / found[0]) / -0.001)
    differences = np.array(estimates)

    expected = 40 * (rates_of[0] - rates_of)
    error = differences.std(axis=0) / math.sqrt(len(differences))
    assert (np.abs(differences.mean(axis=0) - expected)[1:] < 4 * error[1:]).all()
