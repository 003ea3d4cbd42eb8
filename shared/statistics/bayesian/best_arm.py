"""Which of several arms is best: probabilities of being it, and what choosing another one is expected to cost."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.bayesian.answer import NO_STOPPING_RULE
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable

Floats = NDArray[np.float64]

BEST_ARM: Final = Method(
    "Probability of being best, by quadrature",
    Validity.BAYESIAN,
    (
        "units are independent of each other",
        "the prior is what was known beforehand",
        "the model is right: binomial, normal or Poisson values",
        NO_STOPPING_RULE,
    ),
    "Scott 2010 (probability of being best); Chapelle and Li 2011",
)


@dataclass(frozen=True, slots=True)
class BestArmReport:
    """Says of one arm how it stands among all of them.

    Attributes:
        probability: Of being the best of the arms that can be estimated.
        expected_loss: How much better the best of them is on average, in the metric's unit.
    """

    method: Method
    probability: float | NotEstimable
    expected_loss: float | NotEstimable
    caution: Caution


@dataclass(frozen=True, slots=True)
class BestArms:
    """Holds how K arms stand among each other; arrays have shape S + (K,).

    Arms with an obstacle are NaN and left out: the others are compared with each other.

    Attributes:
        probability: Of being best; they sum to 1 over arms.
        expected_loss: Of choosing the arm: how much better the best one is on average, in the metric's unit.
        obstacle: `Obstacle` as int8.
        caution: `Caution` as int32.
    """

    method: Method
    probability: Floats
    expected_loss: Floats
    obstacle: NDArray[np.int8]
    caution: NDArray[np.int32]

    def report(self, *index: int) -> BestArmReport:
        """Returns one arm in full; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        return BestArmReport(
            self.method,
            NotEstimable(obstacle) if obstacle else float(self.probability[index]),
            NotEstimable(obstacle) if obstacle else float(self.expected_loss[index]),
            Caution(int(self.caution[index])),
        )


def best_arms(posterior: Posterior, *, lower_is_better: ArrayLike = False) -> BestArms:
    """Returns which arms are best; arms are the last axis.

    Chances are right to 1e-10 and losses to 1e-8 of the widest posterior (`shared.kernels.best_arm`).

    Args:
        posterior: Shape S + (K,).
        lower_is_better: Broadcast to S.

    Raises:
        InvalidArgument: INVALID_FIELD: no axis of arms, or shapes that do not fit.
    """
    lower = directions(posterior, lower_is_better)
    probability, loss = np.full(posterior.shape, np.nan), np.full(posterior.shape, np.nan)
    for row in np.ndindex(lower.shape):
        usable = posterior.obstacle[row] == 0
        if usable.any():
            best = posterior[row][usable].best_arm(lower_is_better=bool(lower[row]))
            probability[row][usable], loss[row][usable] = best
    return BestArms(BEST_ARM, probability, loss, posterior.obstacle, posterior.caution)


def directions(posterior: Posterior, lower_is_better: ArrayLike) -> NDArray[np.bool_]:
    """Returns where lower is better, broadcast to the posterior's shape without its axis of arms.

    Raises:
        InvalidArgument: INVALID_FIELD: no axis of arms, or shapes that do not fit.
    """
    if not posterior.shape:
        raise invalid_field("posterior", "must have arms as last axis")
    lower, shape = np.asarray(lower_is_better, dtype=np.bool_), posterior.shape[:-1]
    checks.same_shape(lower_is_better=lower, posterior=np.empty(shape))
    if np.broadcast_shapes(lower.shape, shape) != shape:
        raise invalid_field("lower_is_better", f"{lower.shape}, must broadcast to {shape}")
    return np.broadcast_to(lower, shape)
