"""How much of the error rate may be spent by which share of the information (Lan and DeMets 1983)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spending:
    """Is an error-spending function: from 0 at no information, rising, to the whole level at information 1.

    Attributes:
        name: As users know it.
        source: Where it is written down.
        curve: (information in [0, 1], level) to what is spent of the level by then.
    """

    name: str
    source: str
    curve: Callable[[Floats, float], Floats]

    def spent(self, information: ArrayLike, level: float) -> Floats:
        """Returns the error rate that may be used up by each information fraction; all of it from 1 on.

        Args:
            information: Share of the planned information, 0 or more.
            level: The error rate of one side, in (0, 1).

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        return self.curve(np.minimum(checks.not_negative("information", information), 1.0), level)


def power_family(exponent: float) -> Spending:
    """Returns level * t^exponent: 1 spends evenly, 3 is near O'Brien and Fleming (Kim and DeMets 1987).

    Raises:
        InvalidArgument: INVALID_FIELD: the exponent is not above 0.
    """
    power = float(checks.positive("exponent", exponent))
    return Spending(f"power family, exponent {power:g}", "Kim and DeMets 1987", lambda t, level: level * t**power)


def hwang_shih_decani(gamma: float) -> Spending:
    """Returns level * (1 - exp(-gamma t)) / (1 - exp(-gamma)): -4 is near O'Brien and Fleming, 1 near Pocock.

    Raises:
        InvalidArgument: INVALID_FIELD: gamma is 0 (take `power_family(1)`), or beyond 100.
    """
    rate = float(checks.finite("gamma", gamma))
    if rate == 0 or abs(rate) > 100:
        raise invalid_field("gamma", f"{rate:g}, must not be 0, and be in [-100, 100]")
    return Spending(
        f"Hwang, Shih and DeCani, gamma {rate:g}",
        "Hwang, Shih and DeCani 1990",
        lambda t, level: level * np.expm1(-rate * t) / np.expm1(-rate),
    )


def _obrien_fleming(information: Floats, level: float) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(2 * special.ndtr(special.ndtri(level / 2) / np.sqrt(information)))


def _pocock(information: Floats, level: float) -> Floats:
    return level * np.log1p((np.e - 1) * information)


OBRIEN_FLEMING_TYPE: Final = Spending("O'Brien-Fleming type", "Lan and DeMets 1983", _obrien_fleming)
"""2 - 2 Phi(z / sqrt(t)) with z the upper level / 2 quantile: next to nothing early, nearly all of it at the end."""

POCOCK_TYPE: Final = Spending("Pocock type", "Lan and DeMets 1983", _pocock)
"""level * ln(1 + (e - 1) t): bounds that hardly change from look to look."""
