"""What the list is ordered by: what a test is expected to gain, over what it takes.

    score = shrunken win rate x expected gain / weeks

The expected gain counts good effects alone, since a bad one is not shipped: E[max(effect, 0)] under the belief, in
units of the least lift that matters.
"""

import math
from collections.abc import Sequence
from typing import Final

from scipy import special

from services.ai.domain.hypotheses.model import Hypothesis
from services.ai.domain.hypotheses.shrinkage import Belief

USUAL_WEEKS: Final = 8
"""What a test is taken to last where nobody can say: the longest that is usual."""


def score(belief: Belief, *, wanted: bool, win_rate: float, relative_mde: float, weeks: int | None) -> float:
    """Returns the score, from 0.

    Args:
        belief: Of the effect; above 0 is good.
        wanted: Whether the good direction is stated.
        win_rate: Expected share of won experiments on the metric, shrunken.
        relative_mde: The least lift that matters.
        weeks: That the test lasts; None: not known.
    """
    side = Belief(belief.mean if wanted else -belief.mean, belief.deviation)
    return win_rate * expected_gain(side) / relative_mde / (USUAL_WEEKS if weeks is None else weeks)


def expected_gain(belief: Belief) -> float:
    """Returns E[max(effect, 0)] under a normal belief."""
    ratio = belief.mean / belief.deviation
    density = math.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    return float(belief.mean * special.ndtr(ratio) + belief.deviation * density)


def chosen(groups: Sequence[tuple[str, Hypothesis]], count: int) -> tuple[Hypothesis, ...]:
    """Returns the best hypotheses, new ones first, and of many sorts rather than of one.

    Each that is taken halves what further ones of its sort count for.

    Args:
        groups: Hypotheses, each with its sort.
        count: How many at most.
    """
    left, taken = list(enumerate(groups)), list[tuple[str, Hypothesis]]()

    def rank(item: tuple[int, tuple[str, Hypothesis]]) -> tuple[bool, float, int]:
        place, (sort, one) = item
        return one.duplicate_of == "", one.score / 2 ** sum(sort == other for other, _ in taken), -place

    while left and len(taken) < count:
        best = max(left, key=rank)
        left.remove(best)
        taken.append(best[1])
    return tuple(one for _, one in taken)
