"""Quantiles of many values in little memory: mergeable, with a known error of their ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import datasketches
import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates import _kll_bytes
from shared.statistics.aggregates._kll_bytes import SMALLEST_K
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

DEFAULT_K: Final = 2000
"""Ranks are right to 0.14 %; the sketch of a million values takes 45 kB."""
LARGEST_K: Final = 65_535


class SketchAnswers(NamedTuple):
    """Holds quantiles or ranks of the values that a sketch has seen.

    The bounds hold what is exact for these values with a confidence of 99 %, each answer by itself. They are for the
    sketch's error alone: that of the sample is not in them.

    Attributes:
        value: NaN where `obstacle` is not 0, and so are the bounds.
        obstacle: `Obstacle` as int8: NO_UNITS if the sketch is empty.
    """

    value: Floats
    low: Floats
    high: Floats
    obstacle: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class QuantileSketch:
    """Summarises values as a KLL sketch (Karnin, Lang and Liberty 2016), which keeps about 3 k of them.

    Up to k values nothing is lost. Of more, every other one of a sorted batch is dropped, and whether the odd or the
    even ones go is up to coins of the library that cannot be seeded: the same values may give another sketch next time,
    within the stated error. Once made, a sketch does not change, and its answers and bytes are deterministic.

    Attributes:
        kll: `datasketches.kll_doubles_sketch`, to be left as it is.
    """

    kll: Any

    @classmethod
    def of(cls, values: ArrayLike, *, k: int = DEFAULT_K) -> "QuantileSketch":
        """Returns the sketch of all values, whatever their shape.

        Args:
            values: Finite numbers.
            k: Accuracy and size, from 8 to 65,535: the error of ranks is about 2.3 / k^0.97.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        numbers = checks.finite("values", values)
        if not SMALLEST_K <= k <= LARGEST_K:
            raise invalid_field("k", f"{k}, must be from {SMALLEST_K} to {LARGEST_K}")
        sketch = datasketches.kll_doubles_sketch(k)
        sketch.update(np.ascontiguousarray(numbers).reshape(-1))
        return cls(sketch)

    @classmethod
    def merged(cls, parts: Sequence["QuantileSketch"]) -> "QuantileSketch":
        """Returns the sketch of all parts' values; the parts stay as they are.

        Raises:
            InvalidArgument: INVALID_FIELD: there are no parts.
        """
        if not parts:
            raise invalid_field("parts", "must be one or more")
        whole = datasketches.kll_doubles_sketch(min(part.kll.k for part in parts))
        for part in parts:
            whole.merge(part.kll)
        return cls(whole)

    @classmethod
    def of_bytes(cls, data: bytes) -> "QuantileSketch":
        """Returns the sketch that `to_bytes` was called on.

        Raises:
            InvalidArgument: INVALID_FIELD: the bytes are not those of a sketch of finite values.
        """
        try:
            _kll_bytes.check(data)
            return cls(datasketches.kll_doubles_sketch.deserialize(data))
        except (IndexError, RuntimeError, ValueError) as error:
            raise invalid_field("data", f"not a sketch: {error}") from error

    def to_bytes(self) -> bytes:
        """Returns the sketch in the DataSketches format for KLL sketches of doubles."""
        data: bytes = self.kll.serialize()
        return data

    @property
    def count(self) -> int:
        """Returns how many values it has seen."""
        seen: int = self.kll.n
        return seen

    @property
    def rank_error(self) -> float:
        """Returns how far off a rank may be, with a confidence of 99 %: 0.01 is one percentile; 0 if nothing was lost.

        It is the library's figure, measured and not proved, and that of the smallest k among merged sketches.
        """
        return float(self.kll.normalized_rank_error(as_pmf=False)) if self.kll.is_estimation_mode() else 0.0

    def quantiles(self, shares: ArrayLike) -> SketchAnswers:
        """Returns the smallest values that at least these shares of all values do not exceed; any shape.

        Raises:
            InvalidArgument: INVALID_FIELD: a share is not in [0, 1].
        """
        wanted = checks.shares("shares", shares)
        if self.count == 0:
            return _without_values(wanted.shape)
        return SketchAnswers(
            self._quantiles(wanted),
            self._quantiles(np.maximum(wanted - self.rank_error, 0.0)),
            self._quantiles(np.minimum(wanted + self.rank_error, 1.0)),
            np.zeros(wanted.shape, dtype=np.int8),
        )

    def ranks(self, values: ArrayLike) -> SketchAnswers:
        """Returns the shares of all values that do not exceed these; any shape.

        Raises:
            InvalidArgument: INVALID_FIELD: a value is not finite.
        """
        wanted = checks.finite("values", values)
        if self.count == 0:
            return _without_values(wanted.shape)
        found = np.array([self.kll.get_rank(float(value), inclusive=True) for value in wanted.flat]).reshape(
            wanted.shape
        )
        return SketchAnswers(
            found,
            np.maximum(found - self.rank_error, 0.0),
            np.minimum(found + self.rank_error, 1.0),
            np.zeros(wanted.shape, dtype=np.int8),
        )

    def _quantiles(self, shares: Floats) -> Floats:
        inner = np.array(self.kll.get_quantiles(shares.reshape(-1), inclusive=True)).reshape(shares.shape)
        # The library knows the extremes exactly, yet answers with the outermost values that it kept.
        lowest, highest = self.kll.get_min_value(), self.kll.get_max_value()
        return np.asarray(np.where(shares <= 0, lowest, np.where(shares >= 1, highest, inner)))


def _without_values(shape: tuple[int, ...]) -> SketchAnswers:
    nothing = np.full(shape, np.nan)
    return SketchAnswers(nothing, nothing, nothing, np.full(shape, Obstacle.NO_UNITS, dtype=np.int8))
