"""The canonical JSON and the fingerprints of values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.review.domain import changes, digests
from shared.definition import model


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, 0.5]}, '{"a":[true,null,0.5],"b":1}'),
        (timedelta(days=1, microseconds=1), "86400000001"),
        (datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))), '"2026-01-01T00:00:00+00:00"'),
        (datetime(2026, 1, 1, microsecond=1, tzinfo=UTC), '"2026-01-01T00:00:00.000001+00:00"'),
        (changes.Stop("b"), '{"Stop":{"shipped_arm_id":"b"}}'),
        (model.MetricKind.MEAN, '"MEAN"'),
    ],
)
def test_canonical_json_when_given_a_value_then_there_is_one_form(value: object, text: str) -> None:
    assert digests.canonical_json(value) == text


def test_canonical_json_when_only_the_kind_differs_then_the_form_differs() -> None:
    assert digests.canonical_json(changes.Pause()) != digests.canonical_json(changes.Resume())


def test_canonical_json_when_there_is_no_form_then_it_is_refused() -> None:
    with pytest.raises(TypeError, match="frozenset"):
        digests.canonical_json(frozenset())
    with pytest.raises(ValueError, match="not JSON compliant"):
        digests.canonical_json(float("nan"))
