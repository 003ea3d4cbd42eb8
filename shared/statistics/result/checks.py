"""Checks arguments: functions here return the array they were given as float64, or raise INVALID_FIELD."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field

Floats: TypeAlias = NDArray[np.float64]


def finite(name: str, values: ArrayLike) -> Floats:
    """Returns the values; none may be NaN or infinite."""
    return _checked(name, values, np.isfinite, "must be finite numbers")


def not_negative(name: str, values: ArrayLike) -> Floats:
    """Returns the values; all must be finite and 0 or more."""
    return _checked(name, values, lambda array: np.isfinite(array) & (array >= 0), "must be finite and 0 or more")


def positive(name: str, values: ArrayLike) -> Floats:
    """Returns the values; all must be finite and above 0."""
    return _checked(name, values, lambda array: np.isfinite(array) & (array > 0), "must be finite and above 0")


def counts(name: str, values: ArrayLike) -> Floats:
    """Returns the values; all must be whole numbers, 0 or more."""
    return _checked(
        name,
        values,
        lambda array: np.isfinite(array) & (array >= 0) & (array == np.floor(array)),
        "must be whole numbers, 0 or more",
    )


def shares(name: str, values: ArrayLike) -> Floats:
    """Returns the values; all must be in [0, 1]."""
    return _checked(name, values, lambda array: (array >= 0) & (array <= 1), "must be in [0, 1]")


def alpha(value: float, *, name: str = "alpha") -> float:
    """Returns an error rate; it must be above 0 and below 0.5."""
    if not (math.isfinite(value) and 0 < value < 0.5):
        raise invalid_field(name, f"{value!r}, must be above 0 and below 0.5")
    return float(value)


def same_shape(**arrays: NDArray[Any]) -> None:
    """Raises unless the arrays broadcast to one shape."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise invalid_field(next(iter(arrays)), f"shapes do not fit together: {shapes}") from None


def index(given: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raises unless the index has one whole number for each axis of the shape, each in range; below 0 from the end."""
    if not all(isinstance(number, int | np.integer) and not isinstance(number, bool) for number in given):
        raise invalid_field("index", f"{given}, must be of whole numbers")
    if len(given) != len(shape):
        raise invalid_field("index", f"{len(given)} numbers, must be {len(shape)}: one for each axis of shape {shape}")
    if not all(-size <= number < size for number, size in zip(given, shape, strict=True)):
        raise invalid_field("index", f"{given}, is out of range for shape {shape}")


def _checked(name: str, values: ArrayLike, rule: Callable[[Floats], NDArray[np.bool_]], must: str) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise invalid_field(name, f"{values!r}, {must}") from None
    fits = rule(array)
    if not fits.all():
        raise invalid_field(name, f"{array[~fits].flat[0]:g}, {must}")
    return array
