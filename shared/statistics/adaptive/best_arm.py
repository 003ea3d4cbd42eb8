"""The verdict on a bandit: an arm is shown to be the best, or the choice hardly matters, or it has to go on.

Superiority and indifference are answers to two questions: the first is a claim with a bounded error rate, the second a
statement about stakes. That an arm is probably the best (a posterior probability of 95 %, say) is neither.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.statistics.adaptive.arm_means import arm_estimates
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.indifference import stakes
from shared.statistics.adaptive.stopping_rules import StoppingRule
from shared.statistics.adaptive.superiority import superiority_margins
from shared.statistics.result import checks
from shared.statistics.result.method import Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.int32]
Indexes: TypeAlias = NDArray[np.intp]


class Verdict(IntEnum):
    """Says whether a bandit may stop, and why."""

    KEEP_GOING = 0
    SUPERIORITY_SHOWN = 1
    INDIFFERENT = 2


@dataclass(frozen=True, slots=True)
class BestArmReport:
    """Says of one metric how far the search for the best arm has come.

    Attributes:
        verdict: Whether it may stop.
        arm: The arm shown to be the best; without one, that of the highest estimate.
        delta: Probability that an arm is ever shown to be the best without being it.
        margin: By how many standard errors the arm's weakest lead is beyond its bound; -inf where it has none.
        expected_loss: What taking the arm costs on average, in the metric's unit.
        value_remaining: What a better arm would gain, at most, with 95 % probability, in the metric's unit.
        caution: What weakens the answer.
    """

    method: Method
    verdict: Verdict
    arm: int
    delta: float
    margin: float
    expected_loss: float | NotEstimable
    value_remaining: float | NotEstimable
    caution: Caution


@dataclass(frozen=True, slots=True)
class BestArm:
    """Holds verdicts for any leading axes L (metrics, segments).

    Attributes:
        delta: Probability that an arm is ever shown to be the best without being it.
        verdict: `Verdict` as int8, shape L.
        arm: Shown to be the best, or of the highest estimate, shape L; 0 where an obstacle hides it.
        margin: Of each arm, in standard errors (`superiority_margins`), shape L + (K,).
        expected_loss: Of each arm, in the metric's unit, shape L + (K,); NaN where an obstacle is.
        value_remaining: Of the arm of the highest estimate, shape L; NaN where an obstacle is.
        obstacle: `Obstacle` to the stakes as int8, shape L.
        caution: `Caution` as int32, shape L.
    """

    method: Method
    delta: float
    verdict: Codes
    arm: Indexes
    margin: Floats
    expected_loss: Floats
    value_remaining: Floats
    obstacle: Codes
    caution: Flags

    def report(self, *index: int) -> BestArmReport:
        """Returns one verdict in full; the index has a number for each axis of L.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        arm, obstacle = int(self.arm[index]), Obstacle(int(self.obstacle[index]))
        hidden = NotEstimable(obstacle) if obstacle else None
        return BestArmReport(
            method=self.method,
            verdict=Verdict(int(self.verdict[index])),
            arm=arm,
            delta=self.delta,
            margin=float(self.margin[(*index, arm)]),
            expected_loss=hidden or float(self.expected_loss[(*index, arm)]),
            value_remaining=hidden or float(self.value_remaining[index]),
            caution=Caution(int(self.caution[index])),
        )


def best_arm(batches: Batches, *, rule: StoppingRule, threshold_of_caring: ArrayLike, delta: float = 0.05) -> BestArm:
    """Returns the verdicts after the last batch; the largest mean is the best.

    To be asked after every batch: the bandit stops as soon as the verdict is not KEEP_GOING.

    Args:
        batches: B policy versions of K arms, 2 or more; where the smallest is best, of negated values.
        rule: How often one may look.
        threshold_of_caring: INDIFFERENT is said where the value remaining is below it; in the metric's unit, 0 or more,
            shape L or what broadcasts to it. 0 never says so.
        delta: Probability to show, ever, an arm to be the best that is not.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    caring = checks.not_negative("threshold_of_caring", threshold_of_caring)
    margin = superiority_margins(batches, rule=rule, delta=delta)[..., -1, :]
    arms = arm_estimates(batches)
    found = stakes(arms)
    is_shown = margin.max(axis=-1) >= 0
    is_indifferent = np.nan_to_num(found.value_remaining, nan=np.inf) < caring
    verdict = np.select([is_shown, is_indifferent], [Verdict.SUPERIORITY_SHOWN, Verdict.INDIFFERENT], 0)
    return BestArm(
        method=rule.method,
        delta=delta,
        verdict=verdict.astype(np.int8),
        arm=np.where(is_shown, margin.argmax(axis=-1), found.leader),
        margin=margin,
        expected_loss=found.expected_loss,
        value_remaining=found.value_remaining,
        obstacle=arms.obstacle.max(axis=-1),
        caution=np.bitwise_or.reduce(arms.caution, axis=-1),
    )
