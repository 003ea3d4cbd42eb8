from dataclasses import replace

import pytest

from services.ai.domain.hypotheses.funnel import steps
from services.ai.domain.metrics import MetricProfile
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE


def _funnel(*levels: float, units: int = 10_000) -> tuple[MetricProfile, ...]:
    return tuple(
        replace(CHECKOUT, metric_id=f"step_{place}", baseline=level, funnel_step=place, unit_count=units)
        for place, level in enumerate(levels, 1)
    )


def test_gap_is_to_the_median_of_the_other_steps() -> None:
    found = steps(_funnel(0.8, 0.6, 0.15, 0.12))

    assert [one.rate for one in found] == pytest.approx([0.75, 0.25, 0.8])
    assert [one.gap for one in found] == pytest.approx([0.75 - 0.525, 0.25 - 0.775, 0.8 - 0.5])
    assert [one.is_behind for one in found] == [False, True, False]


def test_a_gap_within_noise_is_none() -> None:
    assert not any(one.is_behind for one in steps(_funnel(0.8, 0.4, 0.199, units=100)))
    assert steps(_funnel(0.8, 0.4, 0.15, units=0))[1].is_behind


@pytest.mark.parametrize(
    "metrics",
    [
        _funnel(0.8, 0.4),
        _funnel(0.4, 0.8, 0.2),
        (*_funnel(0.8, 0.4), *_funnel(0.3)),
        (*_funnel(0.8, 0.4), replace(REVENUE, funnel_step=3)),
        (*_funnel(0.8, 0.4), replace(CHECKOUT, funnel_step=3, baseline=None)),
        (CHECKOUT,),
    ],
)
def test_what_is_no_funnel_has_no_steps(metrics: tuple[MetricProfile, ...]) -> None:
    assert steps(metrics) == ()


def test_steps_come_in_order() -> None:
    assert [one.after.metric_id for one in steps(_funnel(0.8, 0.6, 0.3)[::-1])] == ["step_2", "step_3"]
