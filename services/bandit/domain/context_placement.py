"""Places units by what is told of them: from a snapshot's contextual model to an arm and its exact propensity.

ContextualModel in bandit_service.proto has the rule. Borders between the arms' shares are rounded to whole positions,
so that the propensity is the length of the arm's share over 2^32 and no rounding is left.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.contextual.score_model import ScoreModel, shares_of_many
from services.bandit.kernels.context_scores import place_by_bounds, place_by_draws, place_by_gaps
from shared.policy.snapshot import RANGE, ContextualModel, ScoreMode

Floats = NDArray[np.float64]

_LITTLE_ENDIAN_SINGLE: Final = np.dtype("<f4")


def to_snapshot(model: ScoreModel, lower_bounds: Floats) -> ContextualModel:
    """Returns a fitted model as it is published, with the least weights of the arms."""
    rows, _, columns = model.coefficients.shape
    return ContextualModel(
        model.mode,
        model.coefficients.astype(_LITTLE_ENDIAN_SINGLE).tobytes(),
        rows,
        columns,
        model.gamma,
        tuple(lower_bounds.tolist()),
    )


class ContextPlacer:
    """Places units by one model. Immutable, safe for threads."""

    def __init__(self, model: ContextualModel) -> None:
        bank = np.frombuffer(model.coefficients, _LITTLE_ENDIAN_SINGLE).astype(np.float32)
        self._lower_bounds = np.array(model.lower_bounds)
        self._bank = bank.reshape(model.row_count, len(model.lower_bounds), model.column_count)
        self._bank.flags.writeable = False
        self._model = ScoreModel(model.mode, self._bank, model.gamma)
        self._columns = np.ascontiguousarray(self._bank.transpose(1, 2, 0), np.float64)
        self._choose = {
            ScoreMode.DRAWS: self._by_draws,
            ScoreMode.UPPER_BOUND: self._by_bounds,
            ScoreMode.INVERSE_GAP: self._by_gaps,
        }[model.mode]

    def weights(self, contexts: Floats) -> Floats:
        """Returns the weights of the arms in each context before rounding, shape (n, K).

        Args:
            contexts: Encoded, shape (n, columns).
        """
        free = max(1.0 - float(self._lower_bounds.sum()), 0.0)
        return np.asarray(self._lower_bounds + free * shares_of_many(self._model, contexts))

    def place(self, encoded: Sequence[float], position: int) -> tuple[int, float]:
        """Returns the arm of a unit, and the probability with which units of this context get it.

        Args:
            encoded: The context, one number for each column.
            position: Of the unit, in [0, RANGE).
        """
        arm, length = self._choose(np.array([encoded], dtype=np.float32), position)
        return arm, length / RANGE

    def _by_draws(self, context: NDArray[np.float32], position: int) -> tuple[int, float]:
        return place_by_draws(self._columns, self._lower_bounds, context[0].astype(np.float64), position)

    def _by_bounds(self, context: NDArray[np.float32], position: int) -> tuple[int, float]:
        return place_by_bounds(self._bank, self._lower_bounds, context, position)

    def _by_gaps(self, context: NDArray[np.float32], position: int) -> tuple[int, float]:
        return place_by_gaps(self._bank, self._model.gamma, self._lower_bounds, context, position)
