"""What a bandit may leave behind, and what cannot be."""

import numpy as np
import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments

HALVES = [[0.5, 0.5], [0.5, 0.5]]


def _moments(count: object = ((10, 10), (10, 10))) -> Moments:
    counted = np.asarray(count, dtype=np.float64)
    return Moments.of_values(counted, np.zeros(counted.shape), np.where(counted > 1, counted, 0.0))


def test_batches_of_several_metrics_share_propensities() -> None:
    batches = Batches.of(_moments(np.full((3, 2, 2), 5.0)), HALVES)

    assert (batches.shape, batches.batch_count, batches.arm_count) == ((3,), 2, 2)
    assert batches.propensities.shape == (3, 2, 2)


def test_batches_when_propensities_are_not_logged_are_taken() -> None:
    batches = Batches.of(_moments(), [[0.5, 0.5], [np.nan, np.nan]])

    assert np.isnan(batches.propensities[1]).all()


@pytest.mark.parametrize(
    ("propensities", "why"),
    [
        ([[0.5, 0.5], [0.5, 0.4]], "sum to 0.9"),
        ([[0.5, 0.5], [1.5, -0.5]], "must be in"),
        ([[0.5, 0.5], [1.0, 0.0]], "although its propensity is 0"),
        ([0.2, 0.3, 0.5], "does not fit"),
        ([[np.inf, 0.5], [0.5, 0.5]], "must be in"),
    ],
)
def test_batches_when_propensities_cannot_be_raises(propensities: list[object], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why) as caught:
        Batches.of(_moments(), np.array(propensities, dtype=np.float64))

    assert caught.value.reason is Reason.INVALID_FIELD


def test_batches_when_propensities_are_rounded_are_taken() -> None:
    batches = Batches.of(_moments(np.full((1, 3), 4.0)), [[0.333333, 0.333333, 0.333334]])

    assert batches.arm_count == 3


@pytest.mark.parametrize(
    "moments",
    [
        Moments.of(np.ones(2), np.zeros((2, 1)), np.zeros((2, 1, 1))),
        Moments.of(np.ones((2, 2)), np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2))),
        Moments.of(np.ones((0, 2)), np.zeros((0, 2, 1)), np.zeros((0, 2, 1, 1))),
    ],
)
def test_batches_when_moments_have_another_shape_raises(moments: Moments) -> None:
    with pytest.raises(InvalidArgument, match="must be"):
        Batches.of(moments, [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("treatment", "control"), [(2, 0), (-1, 0), (0, 0), (1.0, 0), ([0, 1], [1, 0, 1]), ([1, 0], 0)]
)
def test_arms_when_they_cannot_be_compared_raises(treatment: object, control: object) -> None:
    batches = Batches.of(_moments(), HALVES)

    with pytest.raises(InvalidArgument, match="treatment"):
        batches.arms(np.asarray(treatment), np.asarray(control))
