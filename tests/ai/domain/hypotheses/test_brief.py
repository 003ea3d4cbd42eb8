import math
from dataclasses import replace
from typing import Any

import pytest

from services.ai.domain.hypotheses.brief import Brief, segment_of
from services.ai.domain.metrics import PastOutcome, SegmentBaseline, TrafficProfile
from shared.errors import InvalidArgument, Reason
from tests.ai.domain.hypotheses.examples import CHECKOUT, NOW, RETURNS, REVENUE, lost, past, segmented, won


@pytest.mark.parametrize(
    ("field", "brief"),
    [
        ("metrics", {"metrics": ()}),
        ("metrics[1].metric_id", {"metrics": (CHECKOUT, CHECKOUT)}),
        ("metrics[0].baseline", {"metrics": (replace(CHECKOUT, baseline=1.2),)}),
        ("metrics[0].baseline", {"metrics": (replace(REVENUE, baseline=math.nan),)}),
        ("metrics[0].standard_deviation", {"metrics": (replace(REVENUE, standard_deviation=-1.0),)}),
        ("metrics[0].relative_mde", {"metrics": (replace(REVENUE, relative_mde=0.0),)}),
        ("metrics[0].segments[0].baseline", {"metrics": (segmented(CHECKOUT, mobile=-0.1),)}),
        ("metrics[0].segments", {"metrics": (replace(CHECKOUT, segments=(SegmentBaseline("a", 0.1),) * 2),)}),
        ("past_experiments[0].standard_error", {"past": (won("e1", "Show a bar", error=0.0),)}),
        ("past_experiments[0].relative_lift", {"past": (won("e1", "Show a bar", math.inf),)}),
        ("past_experiments[1].relative_lift", {"past": (won("e1", "Show a bar"), won("e2", "Show it", -0.1))}),
        ("past_experiments[0].relative_lift", {"past": (lost("e1", "Show a bar", 0.1),)}),
        ("past_experiments[0].standard_error", {"past": (won("e1", "Show a bar", error=math.nan),)}),
        ("metrics[0].baseline", {"metrics": (replace(REVENUE, baseline=1e13),)}),
        ("metrics[0].trend", {"metrics": (replace(REVENUE, trend=math.inf),)}),
        ("metrics[0].pre_period_correlation", {"metrics": (replace(REVENUE, pre_period_correlation=1.1),)}),
        ("max_count", {"max_count": 8}),
        ("max_count", {"max_count": 0}),
        ("traffic", {"traffic": TrafficProfile(0.0)}),
        ("traffic", {"traffic": TrafficProfile(10.0, 1.5)}),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(field: str, brief: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Brief(**{"metrics": (CHECKOUT,), "as_of": NOW, **brief})

    assert caught.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in caught.value.violations] == [field]


def test_losing_means_more_where_less_is_wanted() -> None:
    assert Brief((RETURNS,), NOW, past=(lost("e1", "Larger images", 0.1, metric_id="return_rate"),))


def test_experiments_on_other_metrics_are_no_fault() -> None:
    assert Brief((CHECKOUT,), NOW, past=(past("e1", "Show a bar", -0.1, PastOutcome.WON, metric_id="other"),))


def test_a_row_is_about_the_only_segment_among_its_tags() -> None:
    metric = segmented(CHECKOUT, mobile=0.1, desktop=0.2)

    assert segment_of(won("e1", "Show a bar", tags=("cart", "mobile")), metric) == "mobile"
    assert segment_of(won("e1", "Show a bar", tags=("cart",)), metric) == ""
    assert segment_of(won("e1", "Show a bar", tags=("mobile", "desktop")), metric) == ""
