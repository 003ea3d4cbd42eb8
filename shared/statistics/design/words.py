"""How numbers read in messages."""

import math


def percent(share: float) -> str:
    """Returns a share in percent with three digits, such as "12.5 %"."""
    return f"{100 * share:.3g} %"


def units(count: float) -> str:
    """Returns a number of units, rounded up, with separators: "12,345"."""
    return f"{math.ceil(count):,}"
