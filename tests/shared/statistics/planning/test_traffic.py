import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidArgument
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.planning.traffic import (
    Analysis,
    Growth,
    PowerLaw,
    RepeatVisits,
    Traffic,
    diluted_unit_count,
    fitted_power_law,
    fitted_repeat_visits,
)

DAYS = np.arange(1, 29)


@pytest.mark.parametrize("growth", [PowerLaw(1000.0, 0.6), PowerLaw(1000.0, 1.0), RepeatVisits(1e5, 0.5, 8.0)])
def test_growth_rises_and_never_speeds_up(growth: Growth) -> None:
    steps = np.diff(growth.unit_count(np.arange(0, 200)))

    assert (steps > 0).all()
    assert (np.diff(steps) <= 1e-9 * steps[0]).all()


def test_nobody_is_met_in_no_time() -> None:
    assert PowerLaw(1000.0, 0.6).unit_count(0) == 0
    assert RepeatVisits(1e5, 0.5, 8.0).unit_count(0) == 0


def test_repeat_visits_agree_with_simulated_people() -> None:
    rng = np.random.default_rng(1)
    people, alpha, beta = 400_000, 0.6, 5.0
    chance = rng.beta(alpha, beta, people)
    first_day = rng.geometric(chance)

    found = RepeatVisits(people, alpha, beta).unit_count([1, 3, 10, 40])

    seen = np.array([(first_day <= day).sum() for day in (1, 3, 10, 40)])
    error = np.sqrt(people * (found / people) * (1 - found / people))
    assert (np.abs(seen - found) < 4 * error).all()


def test_repeat_visits_average_to_the_daily_visitors() -> None:
    assert float(RepeatVisits(1e5, 0.5, 9.5).unit_count(1)) == pytest.approx(5000, rel=1e-12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(first=st.floats(10, 1e6), exponent=st.floats(0.1, 1))
def test_power_law_is_found_again(first: float, exponent: float) -> None:
    found = fitted_power_law(PowerLaw(first, exponent).unit_count(DAYS))

    assert found.first_day == pytest.approx(first, rel=1e-9)
    assert found.exponent == pytest.approx(exponent, rel=1e-9)


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 2.0), (0.6, 12.0), (2.0, 10.0), (5.0, 5.0)])
def test_repeat_visits_are_found_again(alpha: float, beta: float) -> None:
    found = fitted_repeat_visits(RepeatVisits(3e5, alpha, beta).unit_count(DAYS))

    assert found.population == pytest.approx(3e5, rel=1e-4)
    assert found.alpha / found.beta == pytest.approx(alpha / beta, rel=1e-4)


def test_repeat_visits_foretell_the_following_weeks_from_noisy_counts() -> None:
    rng = np.random.default_rng(2)
    first_day = rng.geometric(rng.beta(0.6, 8.0, 100_000))
    cumulative = np.array([(first_day <= day).sum() for day in range(1, 15)])

    found = fitted_repeat_visits(cumulative)

    assert float(found.unit_count(42)) == pytest.approx((first_day <= 42).sum(), rel=0.03)


def test_power_law_cannot_grow_faster_than_days() -> None:
    assert fitted_power_law([100.0, 250.0, 500.0, 900.0]).exponent == 1.0


def test_growth_without_a_bend_goes_on_nearly_straight() -> None:
    found = fitted_repeat_visits(1000.0 * DAYS)

    assert float(found.unit_count(56)) == pytest.approx(56_000, rel=0.02)


@pytest.mark.parametrize("fit", [fitted_power_law, fitted_repeat_visits])
@pytest.mark.parametrize(
    "cumulative",
    [[5.0, 6.0], [0.0, 5.0, 6.0], [5.0, 4.0, 6.0], [5.0, 5.0, 5.0], [1.0, math.nan, 3.0], [[1.0, 2.0, 3.0]]],
)
def test_counts_that_are_no_growth_are_refused(fit: Callable[[list[float]], Growth], cumulative: list[float]) -> None:
    with pytest.raises(InvalidArgument, match="cumulative"):
        fit(cumulative)


def test_traffic_keeps_what_is_neither_held_out_nor_elsewhere_nor_untriggered() -> None:
    traffic = Traffic(PowerLaw(1000.0, 1.0), experiment_share=0.5, holdout_share=0.1, trigger_rate=0.2)

    assert traffic.unit_count([7, 14]) == pytest.approx([7000 * 0.09, 14_000 * 0.09])


@pytest.mark.parametrize(("analysis", "power"), [(Analysis.TRIGGERED, 1), (Analysis.ALL, 2)])
def test_dilution_costs_the_trigger_rate_once_or_twice(analysis: Analysis, power: int) -> None:
    found = diluted_unit_count(900.0, trigger_rate=[1.0, 0.3], analysis=analysis)

    assert found == pytest.approx([900, 900 / 0.3**power])


def test_dilution_is_the_size_of_the_diluted_effect() -> None:
    # A metric of the same value and variance for all: the effect on all is the trigger rate times that on triggered.
    baseline, rate = Baseline.quantile(5.0, level=0.5, density=0.1), 0.25
    triggered = sample_size(baseline, Plan(), difference=0.2).total

    found = diluted_unit_count(triggered, trigger_rate=rate, analysis=Analysis.ALL)

    assert found == pytest.approx(float(sample_size(baseline, Plan(), difference=0.2 * rate).total), rel=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PowerLaw(0.0, 0.5),
        lambda: PowerLaw(10.0, 1.5),
        lambda: PowerLaw(10.0, 0.0),
        lambda: RepeatVisits(0.0, 1.0, 1.0),
        lambda: RepeatVisits(10.0, math.nan, 1.0),
        lambda: Traffic(PowerLaw(10.0, 1.0), experiment_share=0.0),
        lambda: Traffic(PowerLaw(10.0, 1.0), holdout_share=1.0),
        lambda: Traffic(PowerLaw(10.0, 1.0), trigger_rate=1.1),
        lambda: PowerLaw(10.0, 1.0).unit_count(-1),
        lambda: diluted_unit_count(10.0, trigger_rate=0.0, analysis=Analysis.ALL),
        lambda: diluted_unit_count(-1.0, trigger_rate=0.5, analysis=Analysis.ALL),
    ],
)
def test_traffic_that_cannot_be_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidArgument):
        make()
