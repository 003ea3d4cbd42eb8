"""Wilson's score interval for a share, with 95 % confidence."""

import math
from typing import Final, NamedTuple

_Z: Final = 1.959963984540054


class Interval(NamedTuple):
    """Is a share with its bounds; all NaN where nothing was counted."""

    share: float
    low: float
    high: float


def wilson(count: int, total: int) -> Interval:
    """Returns the share and its interval (Wilson 1927, equation 5 with z = 1.96)."""
    if not total:
        return Interval(math.nan, math.nan, math.nan)
    share, weight = count / total, _Z**2 / total
    centre = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))
