import math
from dataclasses import replace

import pytest
from statsmodels.stats.proportion import proportions_ztest

from services.ai.domain.hypotheses.segments import gaps
from services.ai.domain.metrics import SegmentBaseline
from tests.ai.domain.hypotheses.examples import CHECKOUT, REVENUE, segmented


def test_gap_of_rates_is_tested_with_a_pooled_error() -> None:
    metric = replace(CHECKOUT, segments=(SegmentBaseline("a", 0.10, 2_000), SegmentBaseline("b", 0.12, 3_000)))

    first, second = gaps((metric,))

    assert first.difference == pytest.approx(-0.02)
    assert second.difference == pytest.approx(0.02)
    # Both say the same, so that adjusting for two changes nothing.
    assert first.p_value == second.p_value == pytest.approx(proportions_ztest([200, 360], [2_000, 3_000])[1])


def test_gap_is_to_the_weighted_mean_of_the_others() -> None:
    parts = (SegmentBaseline("a", 3.0, 100), SegmentBaseline("b", 4.0, 300), SegmentBaseline("c", 6.0, 100))

    found = gaps((replace(REVENUE, segments=parts),))[0]

    assert found.difference == pytest.approx(3.0 - 4.5)
    assert found.relative == pytest.approx(-1.5 / 4.5)


def test_p_values_are_adjusted_for_all_segments_of_all_metrics() -> None:
    parts = (SegmentBaseline("a", 3.6, 9_000), SegmentBaseline("b", 4.4, 9_000))
    alone = gaps((replace(REVENUE, segments=parts),))[0].p_value
    crowd = segmented(CHECKOUT, a=0.2, b=0.2, c=0.2, d=0.2)

    assert gaps((replace(REVENUE, segments=parts), crowd))[0].p_value == pytest.approx(3 * alone)


@pytest.mark.parametrize(
    "metric",
    [
        replace(CHECKOUT, segments=(SegmentBaseline("a", 0.1), SegmentBaseline("b", 0.2))),
        replace(REVENUE, standard_deviation=None, segments=(SegmentBaseline("a", 1, 9), SegmentBaseline("b", 2, 9))),
        replace(CHECKOUT, segments=(SegmentBaseline("a", 0.0, 9), SegmentBaseline("b", 0.0, 9))),
    ],
)
def test_no_p_value_without_units_and_spread(metric: object) -> None:
    assert all(math.isnan(one.p_value) for one in gaps((metric,)))  # type: ignore[arg-type]


def test_nothing_is_relative_to_next_to_nothing() -> None:
    parts = (SegmentBaseline("a", 1.0, 100), SegmentBaseline("b", 5e-324, 100))

    assert gaps((replace(REVENUE, segments=parts),))[0].relative is None


def test_a_segment_alone_has_no_gap() -> None:
    assert gaps((segmented(CHECKOUT, a=0.2), REVENUE)) == ()
