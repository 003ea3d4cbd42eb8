"""Which arm is shown to be better than all others, whatever decided the allocation.

Arm i is better than all others if mean_i > mean_j for every j. Each of these is tested one-sided by the weighted AIPW
difference, at the level delta / K and under a rule that allows to look again and again (`stopping_rules`). An arm is
declared when all its K - 1 tests say so at the same look (intersection-union test, Berger 1982), and K is Bonferroni's
factor for the arms of which one may be declared. Hence an arm that is not better than all others is ever declared with
probability delta at most: among arms that are alike, too, and under drift that moves all arms alike.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.adaptive.aipw import pair
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.stopping_rules import StoppingRule
from shared.statistics.estimates.contrast import contrast
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]


def superiority_margins(batches: Batches, *, rule: StoppingRule, delta: float = 0.05) -> Floats:
    """Returns by how many standard errors each arm's weakest lead is beyond its bound, after each batch.

    An arm is shown to be better than all others where its margin is 0 or more.

    Args:
        batches: B policy versions of K arms, 2 or more.
        rule: How often one may look.
        delta: Probability to declare, ever, an arm that is not better than all others.

    Returns:
        Shape L + (B, K); -inf where an obstacle stands in the way of one of the arm's tests, or nobody looks.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    arms = batches.arm_count
    if arms < 2:
        raise invalid_field("batches", "must be of 2 arms or more")
    first, second = np.triu_indices(arms, 1)
    found = pair(batches, first, second)
    lead = contrast(found.treatment, found.control).statistic
    level = checks.alpha(delta, name="delta") / arms
    bounds = np.swapaxes(rule.bounds(np.swapaxes(found.unit_count, -1, -2), level), -1, -2)
    margins = np.full((*batches.shape, batches.batch_count, arms), np.inf)
    for comparison, (one, other) in enumerate(zip(first, second, strict=True)):
        for arm, sign in ((one, 1), (other, -1)):
            margin = np.nan_to_num(sign * lead[..., comparison] - bounds[..., comparison], nan=-np.inf, neginf=-np.inf)
            margins[..., arm] = np.minimum(margins[..., arm], margin)
    return margins
