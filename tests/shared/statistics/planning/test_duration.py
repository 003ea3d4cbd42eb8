import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.duration import Weeks, duration, effect_by_week
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.planning.traffic import PowerLaw, RepeatVisits, Traffic
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.planning.examples import ALL

TRAFFIC = Traffic(PowerLaw(1000.0, 0.8))
METRICS = Baseline.proportion([0.1, 0.1, 0.1, 0.1])
CHANGES = np.array([0.05, 0.012, 0.002, 0.0])


def test_duration_is_the_least_number_of_weeks_with_enough_units() -> None:
    found = duration(sample_size(METRICS, Plan(), difference=CHANGES), TRAFFIC, weeks=Weeks(1, 10))

    weeks = int(found.weeks[1])
    reached = power(
        METRICS[1], Plan(), difference=0.012, unit_count=TRAFFIC.unit_count(7 * np.array([weeks - 1, weeks]))
    )
    assert 1 < weeks < 10
    assert reached.value[0] < 0.8 <= reached.value[1]
    assert found.unit_count[1] == TRAFFIC.unit_count(7 * weeks)
    assert found.missing_unit_count[1] == 0


def test_duration_is_no_shorter_than_the_least_weeks() -> None:
    found = duration(sample_size(METRICS, Plan(), difference=0.05), TRAFFIC, weeks=Weeks(3, 8))

    assert (found.weeks == 3).all()


def test_duration_out_of_reach_says_how_many_units_are_missing() -> None:
    required = sample_size(METRICS, Plan(), difference=CHANGES)

    found = duration(required, TRAFFIC, weeks=Weeks(1, 10))

    assert found.obstacle[2] == Obstacle.NOT_REACHABLE
    assert np.isnan(found.weeks[2])
    assert found.missing_unit_count[2] == required.arms[2].sum() - TRAFFIC.unit_count(70)


def test_duration_of_what_no_size_shows_keeps_the_reason() -> None:
    found = duration(sample_size(METRICS, Plan(), difference=CHANGES), TRAFFIC)

    assert found.obstacle[3] == Obstacle.EFFECT_NOT_CLAIMED
    assert np.isnan(found.weeks[3])
    assert np.isnan(found.missing_unit_count[3])


def test_duration_boundary_counts_a_week_that_brings_just_enough() -> None:
    required = sample_size(METRICS[0], Plan(), difference=0.05)
    exact = Traffic(PowerLaw(float(required.arms.sum()) / 14, 1.0))

    found = duration(required, exact, weeks=Weeks(1, 4))

    assert found.weeks == 2


def test_traffic_never_brings_more_than_its_population() -> None:
    required = sample_size(METRICS[0], Plan(), difference=0.012)

    found = duration(required, Traffic(RepeatVisits(20_000.0, 2.0, 2.0)), weeks=Weeks(1, 520))

    assert found.obstacle == Obstacle.NOT_REACHABLE
    assert found.missing_unit_count == pytest.approx(required.arms.sum() - 20_000, abs=1)


def test_week_table_has_the_minimum_effects_of_its_units() -> None:
    table = effect_by_week(ALL, Plan(), TRAFFIC, weeks=Weeks(2, 6))

    assert table.weeks.tolist() == [2, 3, 4, 5, 6]
    assert table.unit_count == pytest.approx(1000 * (7 * table.weeks) ** 0.8)
    for week, units in enumerate(table.unit_count):
        alone = minimum_effect(ALL, Plan(), unit_count=units)
        np.testing.assert_array_equal(table.effect.difference[week], alone.difference)
        np.testing.assert_array_equal(table.effect.lift[week], alone.lift)


def test_week_table_falls_from_week_to_week() -> None:
    table = effect_by_week(ALL, Plan(), TRAFFIC, weeks=Weeks(1, 12))

    assert (np.diff(table.effect.difference, axis=0) < 0).all()


@pytest.mark.parametrize(("least", "most"), [(0, 4), (5, 4), (1, 521)])
def test_weeks_that_cannot_be_are_refused(least: int, most: int) -> None:
    with pytest.raises(InvalidArgument, match="weeks"):
        Weeks(least, most)
