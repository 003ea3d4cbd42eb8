"""What may be told of a unit when it is allocated, as values; field by field those of common.proto."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumericFeature:
    """Is a number: `center` is encoded as 0, `scale` more as 1."""

    feature_id: str
    center: float = 0.0
    scale: float = 1.0

    @property
    def column_count(self) -> int:
        """Returns in how many columns it is encoded."""
        return 2


@dataclass(frozen=True, slots=True)
class CategoricalFeature:
    """Is one of several texts."""

    feature_id: str
    values: tuple[str, ...]

    @property
    def column_count(self) -> int:
        """Returns in how many columns it is encoded."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class BooleanFeature:
    """Is true or false."""

    feature_id: str

    @property
    def column_count(self) -> int:
        """Returns in how many columns it is encoded."""
        return 1


Feature = NumericFeature | CategoricalFeature | BooleanFeature


def column_count(features: tuple[Feature, ...]) -> int:
    """Returns in how many columns a context is encoded, the constant one included."""
    return 1 + sum(feature.column_count for feature in features)
