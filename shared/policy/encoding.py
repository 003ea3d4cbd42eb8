"""Encodes what is told of a unit as the numbers that contextual models take; common.proto has the rules.

column 0      1
numeric       (value - center) / scale, cut at -8 and 8, and 0; missing: 0 and 1
categorical   1 in the value's column, else 0; missing or undeclared: 0 everywhere
boolean       1 or 0; missing: 0.5
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from shared.definition.features import BooleanFeature, CategoricalFeature, Feature, NumericFeature
from shared.errors import invalid_field

ContextValue: TypeAlias = float | str | bool
Context: TypeAlias = Mapping[str, ContextValue]

NOTHING_TOLD: Final[Context] = MappingProxyType({})
FARTHEST: Final = 8.0
MAX_TEXT_LENGTH: Final = 63

_MISSING: Final = object()
_Column: TypeAlias = Callable[[object], list[float] | None]
"""Returns the columns of a value, or None where it is of another kind."""


class Encoder:
    """Encodes contexts by the features of one experiment. Immutable, safe for threads."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self._columns = [(feature.feature_id, _column(feature)) for feature in features]
        self._known = {feature.feature_id: feature for feature in features}

    def encode(self, context: Context, *, strict: bool = True) -> list[float]:
        """Returns the encoded context, the constant column first.

        Args:
            context: Values by feature id; what is left out is missing.
            strict: Whether features that are not declared are refused; otherwise they are left out.

        Raises:
            InvalidArgument: INVALID_FIELD: an undeclared feature, a value of another kind, a number that is not finite,
                a text that is too long.
        """
        if strict and not context.keys() <= self._known.keys():
            unknown = min(context.keys() - self._known.keys())
            declared = ", ".join(self._known) or "none"
            raise invalid_field(f"context[{unknown!r}]", f"is not declared by the experiment; declared: {declared}")
        encoded = [1.0]
        for feature_id, column in self._columns:
            columns = column(context.get(feature_id, _MISSING))
            if columns is None:
                raise self._refusal(feature_id, context[feature_id])
            encoded += columns
        return encoded

    def _refusal(self, feature_id: str, value: ContextValue) -> Exception:
        match self._known[feature_id]:
            case NumericFeature():
                wanted = "a finite number"
            case CategoricalFeature():
                wanted = f"a text of at most {MAX_TEXT_LENGTH} characters"
            case BooleanFeature():
                wanted = "a flag"
        return invalid_field(f"context[{feature_id!r}]", f"is {value!r}, must be {wanted}")


def _column(feature: Feature) -> _Column:
    match feature:
        case NumericFeature(_, center, scale):
            return lambda value: _numeric(value, center, scale)
        case CategoricalFeature(_, values):
            places = {value: place for place, value in enumerate(values)}
            return lambda value: _categorical(value, places)
        case BooleanFeature():
            return _boolean


def _numeric(value: object, center: float, scale: float) -> list[float] | None:
    if value is _MISSING:
        return [0.0, 1.0]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return [min(max((value - center) / scale, -FARTHEST), FARTHEST), 0.0]


def _categorical(value: object, places: Mapping[str, int]) -> list[float] | None:
    encoded = [0.0] * len(places)
    if value is _MISSING:
        return encoded
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH:
        return None
    if (place := places.get(value)) is not None:
        encoded[place] = 1.0
    return encoded


def _boolean(value: object) -> list[float] | None:
    if value is _MISSING:
        return [0.5]
    if not isinstance(value, bool):
        return None
    return [1.0 if value else 0.0]
