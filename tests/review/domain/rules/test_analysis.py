"""Rules of the analysis split."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import NAN, controlled_by
from tests.review.examples import BETA, CONTROL, experiment, split

COSTLY = (CONTROL, model.Arm("costly", cost=2.0))
GAUSSIAN = model.AllocationPolicy(model.GaussianThompson())


def with_split(share: float, **fields: Any) -> dict[str, Any]:
    """Returns the fields of an experiment with a split, learning unless they say otherwise."""
    return {"allocation_policy": BETA, **fields, "traffic": model.Traffic(0.8, 0.1, share)}


@pytest.mark.parametrize(
    "fields",
    [
        with_split(0.0),
        with_split(0.0, allocation_policy=model.AllocationPolicy()),
        with_split(0.2),
        with_split(0.999),
        with_split(0.2, **controlled_by(mature_only=True)),
        with_split(
            0.2,
            allocation_policy=model.AllocationPolicy(model.LinearThompson()),
            features=(model.NumericFeature("age", 0.0, 1.0),),
        ),
    ],
)
def test_violations_when_the_split_fits_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (with_split(-0.1), "from 0 to below 1"),
        (with_split(1.0), "from 0 to below 1"),
        (with_split(NAN), "from 0 to below 1"),
        (with_split(0.2, allocation_policy=model.AllocationPolicy()), "a fixed split learns nothing"),
        (
            with_split(0.2, allocation_policy=split(("control", 0.7), ("treatment", 0.3))),
            "a fixed split learns nothing",
        ),
        (with_split(0.2, **controlled_by(shadow=True)), "in shadow everybody gets the control"),
        (
            with_split(
                0.2,
                arms=COSTLY,
                **controlled_by(GAUSSIAN, budget=model.Budget(100.0, datetime(2027, 1, 1, tzinfo=UTC))),
            ),
            "a budget cannot bound",
        ),
    ],
)
def test_violations_when_the_split_does_not_fit_then_it_is_named_with_the_reason(
    fields: dict[str, Any], words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [(item.field, words in item.description) for item in found] == [("traffic.analysis_share", True)]
