"""Power and expected units under monitoring."""

import pytest

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.monitoring import AnyTime, FixedLook, GroupSequential, bounds, fractions
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.power import expected_unit_count, power
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.sequential.group_sequential import crossing_probabilities
from tests.shared.statistics.planning.examples import ALL, BASELINES, MONITORINGS, plan_of


@pytest.mark.parametrize("name", ["any time", "any time, tuned early", "O'Brien-Fleming type", "Pocock type", "Pocock"])
@pytest.mark.parametrize("alternative", list(Alternative))
def test_power_of_monitored_tests_agrees_with_the_recursion_at_that_drift(name: str, alternative: Alternative) -> None:
    monitoring = MONITORINGS[name]
    assert not isinstance(monitoring, FixedLook)
    sided = Alternative.TWO_SIDED if alternative is Alternative.TWO_SIDED else Alternative.GREATER
    limits = bounds(monitoring, alpha=0.05, alternative=sided)
    for drift in (-1.5, 0.0, 0.7, 2.0, 3.5, 6.0):
        change = drift * 0.02 * (-1 if alternative is Alternative.LESS else 1)

        found = power(
            Baseline.mean(0.0, 1.0),
            Plan(alternative=alternative, monitoring=monitoring),
            difference=change,
            unit_count=10_000,
        )

        crossed = crossing_probabilities(limits, list(fractions(monitoring)), drift)
        assert float(found.value) == pytest.approx(crossed.lower.sum() + crossed.upper.sum(), abs=1e-9)


@pytest.mark.parametrize("monitoring", [AnyTime(look_count=7), GroupSequential((0.2, 0.5, 1.0))])
@pytest.mark.parametrize("drift", [-3.0, 0.0, 1.2, 4.0])
def test_expected_units_agree_with_the_recursion_at_that_drift(monitoring: AnyTime, drift: float) -> None:
    limits = bounds(monitoring, alpha=0.05, alternative=Alternative.TWO_SIDED)
    times = fractions(monitoring)
    crossed = crossing_probabilities(limits, list(times), drift)
    stops = crossed.lower + crossed.upper

    found = expected_unit_count(
        Baseline.mean(0.0, 1.0), Plan(monitoring=monitoring), difference=drift * 0.02, unit_count=10_000
    )

    expected = 10_000 * (stops @ times + (1 - stops.sum()) * times[-1])
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_expected_units_of_a_fixed_look_are_all() -> None:
    found = expected_unit_count(BASELINES["proportion"], Plan(), difference=0.01, unit_count=[100, 5000])

    assert found.tolist() == [100, 5000]


def test_expected_units_of_an_equivalence_test_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="no single stopping time"):
        expected_unit_count(ALL, plan_of("alike within a relative margin"), difference=0.0, unit_count=1000)


@pytest.mark.parametrize(
    ("monitoring", "validity"),
    [
        (FixedLook(), Validity.FIXED_LOOK),
        (AnyTime(), Validity.ANY_TIME),
        (GroupSequential((0.5, 1.0)), Validity.PLANNED_LOOKS),
    ],
)
def test_power_says_under_which_looks_it_holds(monitoring: FixedLook, validity: Validity) -> None:
    found = power(BASELINES["mean"], Plan(monitoring=monitoring), difference=1.0, unit_count=1000)

    assert found.method.validity is validity
