"""Thornton's field experiment of 2004 in Malawi: who came for the result of an HIV test, by the money offered.

Rebecca L. Thornton (2008), "The Demand for, and Impact of, Learning HIV Status", American Economic Review 98(5),
1829-1863. People drew the voucher's value, 0 to 300 kwacha, from a bag; the data come with the package `causaldata`.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

CITATION: Final = (
    'Thornton, Rebecca L. 2008. "The Demand for, and Impact of, Learning HIV Status." '
    "American Economic Review 98 (5): 1829-1863"
)
_FILE: Final = Path("thornton_hiv", "thornton_hiv.dta")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """Is a range of incentives that makes an arm, above the one before it and up to `high_usd`."""

    arm_id: str
    display_name: str
    high_usd: float


# The money is in dollars of 2004, about 106 kwacha each: 10-20, 30-50, 60-100, above 100 kwacha.
BANDS: Final = (
    Band("none", "no incentive", 0.0),
    Band("up-to-25c", "up to 25 cents", 0.25),
    Band("up-to-50c", "26 to 50 cents", 0.5),
    Band("up-to-1usd", "51 cents to 1 dollar", 1.0),
    Band("over-1usd", "above 1 dollar", float("inf")),
)


@dataclass(frozen=True, slots=True)
class RealArm:
    """Is an arm as it really was.

    Attributes:
        outcomes: One per person: 1 if they came for their result, else 0.
    """

    arm_id: str
    display_name: str
    outcomes: tuple[int, ...]

    @property
    def rate(self) -> float:
        """The share of people who came."""
        return sum(self.outcomes) / len(self.outcomes)


@dataclass(frozen=True, slots=True)
class FieldData:
    """Is the experiment: its arms, the control first, and how many rows were left out for a missing value."""

    arms: tuple[RealArm, ...]
    dropped_count: int


def load() -> FieldData:
    """Returns the experiment from the file in the package, without importing the package.

    Raises:
        OSError: The package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec("causaldata")
    if spec is None or not spec.submodule_search_locations:
        raise OSError("the data of the demo are not here: install the extra `demo`")
    # It takes most of a second, and only the demo needs it.
    import pandas as pd  # noqa: PLC0415

    rows = pd.read_stata(Path(spec.submodule_search_locations[0]) / _FILE, columns=["got", "tinc"])
    return arms_of(rows["got"].to_numpy(np.float64), rows["tinc"].to_numpy(np.float64))


def arms_of(got: Floats, incentive_usd: Floats, *, bands: Sequence[Band] = BANDS) -> FieldData:
    """Returns the rows as arms; rows with a missing value are left out.

    Args:
        got: Shape (n_rows,): 1 if the person came, 0 if not, NaN if not known.
        incentive_usd: Shape (n_rows,): the money offered, 0 or more, NaN if not known.
        bands: In ascending order; the last one has no upper end.
    """
    known = ~(np.isnan(got) | np.isnan(incentive_usd))
    band_of = np.searchsorted([band.high_usd for band in bands], incentive_usd[known], side="left")
    came = got[known].astype(int)
    arms = tuple(
        RealArm(band.arm_id, band.display_name, tuple(came[band_of == index].tolist()))
        for index, band in enumerate(bands)
    )
    return FieldData(arms, int(np.count_nonzero(~known)))
