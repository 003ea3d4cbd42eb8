"""Adjusts p-values of one family, so that each can be held against alpha as if it were alone.

A p-value that is NaN belongs to a hypothesis that could not be tested: it stays NaN and does not count, since what
cannot be rejected cannot be rejected wrongly. (That holds as long as it is missing for want of data, whatever the
effect; then the rest is a family of its own.)
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field

Floats: TypeAlias = NDArray[np.float64]


class Procedure(StrEnum):
    """Says how p_(1) <= ... <= p_(m) become adjusted ones.

    BONFERRONI           min(1, m p)                                             Dunn 1961
    HOLM                 largest (m - j + 1) p_(j) over j up to the rank         Holm 1979
    HOCHBERG             smallest (m - j + 1) p_(j) over j from the rank on      Hochberg 1988
    BENJAMINI_HOCHBERG   smallest m p_(j) / j over j from the rank on            Benjamini and Hochberg 1995

    The last controls the expected share of false rejections among all, the others the chance of any. HOCHBERG and
    BENJAMINI_HOCHBERG need p-values that are independent or positively dependent (as those of arms that share a control
    are, tested one-sided); BONFERRONI and HOLM need nothing.
    """

    NONE = "NONE"
    BONFERRONI = "BONFERRONI"
    HOLM = "HOLM"
    HOCHBERG = "HOCHBERG"
    BENJAMINI_HOCHBERG = "BENJAMINI_HOCHBERG"


def adjusted(p_values: ArrayLike, procedure: Procedure, *, axis: int = -1) -> Floats:
    """Returns adjusted p-values; along the axis they are one family.

    Args:
        p_values: Of any shape, in [0, 1] or NaN.
        procedure: How to adjust them.
        axis: The family's.

    Raises:
        InvalidArgument: INVALID_FIELD: a p-value is outside [0, 1], or there is no such axis.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if ((values < 0) | (values > 1)).any():
        raise invalid_field("p_values", "must be in [0, 1] or NaN")
    if not -values.ndim <= axis < values.ndim:
        raise invalid_field("axis", f"{axis}, there are {values.ndim} axes")
    return np.moveaxis(_PROCEDURES[procedure](np.moveaxis(values, axis, -1)), -1, axis)


def _size(values: Floats) -> Floats:
    return np.asarray((~np.isnan(values)).sum(-1, keepdims=True), dtype=np.float64)


def _single_step(values: Floats) -> Floats:
    return np.minimum(values * _size(values), 1.0)


def _stepwise(values: Floats, factor: Callable[[Floats, Floats], Floats], *, down: bool) -> Floats:
    """Returns p_(j) times a factor of (family size, rank), made monotone from the smallest on or from the largest."""
    order = np.argsort(values, axis=-1)  # NaN comes last
    ranks = np.arange(1.0, values.shape[-1] + 1)
    scaled = np.take_along_axis(values, order, -1) * factor(_size(values), ranks)
    scaled = np.fmax.accumulate(scaled, -1) if down else np.fmin.accumulate(scaled[..., ::-1], -1)[..., ::-1]
    result = np.empty_like(values)
    np.put_along_axis(result, order, np.minimum(scaled, 1.0), -1)
    return np.where(np.isnan(values), np.nan, result)


def _left(size: Floats, rank: Floats) -> Floats:
    return np.maximum(size - rank + 1, 1.0)


_PROCEDURES: Final[Mapping[Procedure, Callable[[Floats], Floats]]] = {
    Procedure.NONE: np.copy,
    Procedure.BONFERRONI: _single_step,
    Procedure.HOLM: lambda values: _stepwise(values, _left, down=True),
    Procedure.HOCHBERG: lambda values: _stepwise(values, _left, down=False),
    Procedure.BENJAMINI_HOCHBERG: lambda values: _stepwise(values, lambda size, rank: size / rank, down=False),
}
