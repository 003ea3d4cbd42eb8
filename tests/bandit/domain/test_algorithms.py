"""What holds for every algorithm that learns: floors, burn-in, directions, two arms, equal arms, no data."""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain.learning import needs_versions, target_weights
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import (
    Algorithm,
    BetaThompson,
    EpsilonGreedy,
    Exp3,
    Experiment,
    FixedSplit,
    GammaThompson,
    GaussianThompson,
    KlUcb,
    MetricDirection,
    MetricKind,
    TopTwoThompson,
    Ucb1,
)
from tests.bandit.domain.rewards import definition_of, failed, scaled, turned
from tests.bandit.examples import MINUTE, by_arm, counted, measured

Case: TypeAlias = tuple[Algorithm, MetricKind]

MEAN, PROPORTION = MetricKind.MEAN, MetricKind.PROPORTION
DOWN = MetricDirection.MINIMIZE

OF_PROPORTIONS: list[Case] = [
    (one, PROPORTION)
    for one in (
        BetaThompson(),
        GaussianThompson(),
        TopTwoThompson(),
        Ucb1(),
        KlUcb(),
        EpsilonGreedy(),
        EpsilonGreedy(0.5, 1000),
        Exp3(),
    )
]
OF_SIGNED_MEANS: list[Case] = [
    (one, MEAN) for one in (GaussianThompson(), TopTwoThompson(), Ucb1(), KlUcb(), EpsilonGreedy())
]
OF_BOUNDED_MEANS: list[Case] = [(GammaThompson(), MEAN), (Exp3(), MEAN)]
ALL = [*OF_PROPORTIONS, *OF_SIGNED_MEANS, *OF_BOUNDED_MEANS]
BOUNDS = (0.0, 1.0)


def versions(statistics: list[ArmStatistics]) -> list[VersionStatistics]:
    """Returns one version in which the units were split equally."""
    known = by_arm(*(arm for arm in statistics if arm.unit_count))
    return [VersionStatistics(1, None, known, {arm.arm_id: 1 / len(statistics) for arm in statistics})]


def weights(definition: Experiment, statistics: list[ArmStatistics]) -> list[float]:
    return [float(weight) for weight in target_weights(definition, statistics, versions(statistics))]


def of(case: Case, statistics: list[ArmStatistics], **options: Any) -> list[float]:
    algorithm, kind = case
    arm_ids = [arm.arm_id for arm in statistics]
    return weights(definition_of(algorithm, arm_ids, kind=kind, bounds=BOUNDS, **options), statistics)


results = st.lists(st.tuples(st.integers(0, 10**5), st.floats(0, 1)), min_size=2, max_size=6).map(
    lambda arms: [counted(str(place), count, round(rate * count)) for place, (count, rate) in enumerate(arms)]
)


@pytest.mark.parametrize("case", ALL)
@settings(deadline=None, max_examples=30)
@given(arms=results, floor=st.floats(0, 0.1), control=st.floats(0, 0.4), burn_in=st.integers(0, 10**4))
def test_weights_when_anything_is_known_then_they_sum_to_one_and_keep_floors_and_shares_of_burn_in(
    case: Case, arms: list[ArmStatistics], floor: float, control: float, burn_in: int
) -> None:
    bounds = np.array([max(floor, control), *[floor] * (len(arms) - 1)])

    found = of(case, arms, exploration_floor=floor, min_control_share=control, burn_in_unit_count=burn_in)

    assert sum(found) == pytest.approx(1)
    assert (found >= bounds - 1e-12).all()
    for place, arm in enumerate(arms):
        if arm.unit_count < burn_in:
            assert found[place] == pytest.approx(bounds[place] + (1 - bounds.sum()) / len(arms))


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("arm_count", [2, 3, 10])
def test_weights_when_nothing_is_known_or_all_is_equal_then_a_nearly_equal_split(case: Case, arm_count: int) -> None:
    arm_ids = [str(place) for place in range(arm_count)]

    for arms in (
        [counted(arm_id, 0) for arm_id in arm_ids],
        [counted(arm_id, 1, 1) for arm_id in arm_ids],
        [counted(arm_id, 1000, 200) for arm_id in arm_ids],
        [measured(arm_id, [0.5] * 40) for arm_id in arm_ids],
    ):
        # Index rules plan 100 units, so that their shares are whole hundredths.
        assert of(case, arms) == pytest.approx([1 / arm_count] * arm_count, abs=0.011)


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("arm_count", [2, 3, 10])
@pytest.mark.parametrize("direction", list(MetricDirection))
def test_weights_when_one_arm_is_plainly_best_then_it_gets_most(
    case: Case, arm_count: int, direction: MetricDirection
) -> None:
    worse, best = (0.2, 0.6) if direction is MetricDirection.MAXIMIZE else (0.6, 0.2)
    arms = [counted(str(place), 2000, round(2000 * (best if place == 1 else worse))) for place in range(arm_count)]

    found = of(case, arms, direction=direction)

    # The top-two rule gives the leader half, epsilon-greedy (0.5, halved at 1,000 units) five sixths or more.
    assert found[1] >= 0.499
    assert found[1] >= 0.8 or isinstance(case[0], TopTwoThompson)
    assert found[1] == max(found)


@pytest.mark.parametrize("case", OF_PROPORTIONS)
@settings(deadline=None, max_examples=40)
@given(arms=results)
def test_proportions_when_less_is_better_then_it_is_the_mirror(case: Case, arms: list[ArmStatistics]) -> None:
    found, expected = of(case, arms, direction=DOWN), of(case, failed(arms))

    # Rounding may turn a toss-up of a plan around.
    plans = isinstance(case[0], Ucb1 | KlUcb | EpsilonGreedy)
    if not plans or len({arm.mean for arm in arms}) == len(arms):
        assert found == pytest.approx(expected, abs=0.021 if plans else 1e-7)


@pytest.mark.parametrize("case", OF_SIGNED_MEANS)
@settings(deadline=None, max_examples=40)
@given(arms=st.lists(st.lists(st.integers(-9, 9).map(float), max_size=9), min_size=2, max_size=5))
def test_means_when_signs_or_units_change_then_the_weights_stay(case: Case, arms: list[list[float]]) -> None:
    known = [measured(str(place), arm) for place, arm in enumerate(arms)]

    found = of(case, known)

    assert of(case, turned(known), direction=DOWN) == pytest.approx(found, abs=1e-7)
    assert of(case, scaled(known, 64.0)) == pytest.approx(found, abs=1e-7)


@pytest.mark.parametrize("case", OF_PROPORTIONS)
def test_weights_when_an_arm_is_added_late_then_the_others_divide_the_rest_as_without_it(case: Case) -> None:
    # Rules that prefer what they know least would give it everything, or send all back to an equal split.
    known = [counted("a", 4000, 400), counted("b", 4000, 600)]

    found = of(case, [*known, counted("new", 30, 29)], burn_in_unit_count=100)

    without = target_weights(definition_of(case[0], "ab"), known, versions([*known, counted("new", 30, 29)])).tolist()
    assert found == pytest.approx([2 / 3 * without[0], 2 / 3 * without[1], 1 / 3])
    assert found[1] > found[0] or isinstance(case[0], TopTwoThompson)


@pytest.mark.parametrize("case", ALL)
def test_weights_when_more_units_were_seen_than_are_remembered_then_burn_in_goes_by_those_seen(case: Case) -> None:
    arms = [counted("a", 3, 1), counted("b", 4, 1)]

    assert of(case, arms, burn_in_unit_count=100) == pytest.approx([0.5, 0.5])
    definition = definition_of(case[0], "ab", kind=case[1], bounds=BOUNDS, burn_in_unit_count=100)
    seen = target_weights(definition, arms, versions(arms), seen=[100, 900]).tolist()
    assert seen == pytest.approx(of(case, arms))


@pytest.mark.parametrize(("case", "needed"), [(case, isinstance(case[0], Exp3)) for case in ALL])
def test_needs_versions_when_all_of_the_past_counts_alike_then_exp3_alone(case: Case, *, needed: bool) -> None:
    assert needs_versions(definition_of(case[0], kind=case[1])) is needed


@pytest.mark.parametrize("controls", [{"half_life": MINUTE}, {"window": MINUTE}, {"mature_only": True}])
def test_needs_versions_when_some_of_the_past_counts_less_then_all_but_the_fixed_split(
    controls: dict[str, Any],
) -> None:
    definition = replace(definition_of(BetaThompson(), **controls), attribution_window=MINUTE)

    assert needs_versions(definition)
    assert not needs_versions(definition_of(FixedSplit(), **controls))
