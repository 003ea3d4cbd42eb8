"""Rules of traffic and the attribution window."""

from typing import Any

import pytest

from services.review.domain import rules
from tests.review.domain.rules.fields import NAN, traffic, window
from tests.review.examples import experiment


@pytest.mark.parametrize(
    "fields",
    [
        traffic(1e-6),
        traffic(0.1, 0.9),
        traffic(0.7, 0.3),
        window(microseconds=1),
        window(days=90),
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        (traffic(0.0), "traffic.share", "above 0"),
        (traffic(1.1), "traffic.share", "is 1.1"),
        (traffic(NAN), "traffic.share", "is nan"),
        (traffic(0.5, -0.1), "traffic.holdout_share", "from 0 to 1"),
        (traffic(0.5, NAN), "traffic.holdout_share", "is nan"),
        (traffic(0.8, 0.3), "traffic.holdout_share", "their sum is at most 1"),
        (window(), "attribution_window", "above zero"),
        (window(seconds=-1), "attribution_window", "above zero"),
        (window(days=90, microseconds=1), "attribution_window", "up to 90 days"),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
