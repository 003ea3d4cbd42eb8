"""What a contextual policy knows, and the chances that it gives the arms in a context."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.bandit.kernels.context_scores import bound_shares, draw_shares, gap_shares
from shared.policy.snapshot import ScoreMode

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreModel:
    """Is a bank of coefficients: the score of an arm in a context x is their product with x. Higher is better.

    Attributes:
        mode: DRAWS: each row is one draw of all arms' coefficients from the posterior. UPPER_BOUND: row 0 holds the
            means, rows 1 to d a factor F of each arm; the bound is mean . x + |F x|. INVERSE_GAP: one row, the means.
        coefficients: Shape (R, K, d) float32, in a unit of the model's own.
        gamma: Weight of the gaps, 0 or more; 0 but for INVERSE_GAP.
    """

    mode: ScoreMode
    coefficients: NDArray[np.float32]
    gamma: float = 0.0


def shares(model: ScoreModel, context: Floats) -> Floats:
    """Returns the chances of the arms in one context, shape (K,), summing to 1: exact propensities, before floors.

    DRAWS: the share of draws that the arm wins. UPPER_BOUND: 1 for the highest. INVERSE_GAP: 1 / (K + gamma x gap to
    the best), and the rest for the best. Of equals the first wins.

    Args:
        model: The bank.
        context: Encoded features, shape (d,), finite; rounded to float32.

    Raises:
        ValueError: The context does not fit.
    """
    return shares_of_many(model, context[None, :]).ravel()


def shares_of_many(model: ScoreModel, contexts: Floats) -> Floats:
    """Returns the chances of the arms in each context of shape (n, d), shape (n, K); to the bit those of `shares`.

    Raises:
        ValueError: The contexts do not fit.
    """
    match model.mode:
        case ScoreMode.DRAWS:
            return draw_shares(model.coefficients, contexts)
        case ScoreMode.UPPER_BOUND:
            return bound_shares(model.coefficients, contexts)
        case ScoreMode.INVERSE_GAP:
            return gap_shares(model.coefficients, contexts, model.gamma)
