"""Chances in one context are those in many, whatever the mode."""

import numpy as np
import pytest

from services.bandit.domain.contextual.score_model import ScoreModel, shares, shares_of_many
from shared.policy.snapshot import ScoreMode


@pytest.mark.parametrize("mode", ScoreMode)
def test_shares_when_one_context_is_given_then_the_row_of_many(mode: ScoreMode) -> None:
    rng = np.random.default_rng(1)
    model = ScoreModel(mode, rng.standard_normal((4, 5, 3)).astype(np.float32), gamma=2.0)
    contexts = rng.standard_normal((20, 3))

    together = shares_of_many(model, contexts)

    assert together.shape == (20, 5)
    for context, expected in zip(contexts, together, strict=True):
        np.testing.assert_array_equal(shares(model, context), expected)


@pytest.mark.parametrize("mode", ScoreMode)
@pytest.mark.parametrize("context", [np.zeros(2), np.array([1.0, np.nan, 0.0])])
def test_shares_when_the_context_does_not_fit_then_refuses(mode: ScoreMode, context: np.ndarray) -> None:
    with pytest.raises(ValueError, match="contexts"):
        shares(ScoreModel(mode, np.zeros((4, 5, 3), np.float32)), context)
