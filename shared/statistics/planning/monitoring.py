"""When an experiment is looked at, and beyond which z-scores each look ends it."""

from dataclasses import dataclass
from typing import TypeAlias

from shared.errors import invalid_field
from shared.statistics.result import checks


@dataclass(frozen=True, slots=True)
class FixedLook:
    """Means one look, at the end."""


@dataclass(frozen=True, slots=True)
class AnyTime:
    """Means a normal-mixture confidence sequence, looked at as often as one likes.

    Attributes:
        look_count: Looks, equally spaced in units, the last one at the end: a day or a batch each. It changes the
            power a little and the error rate not at all.
        tuned_at: Units at which the sequence is tightest, over those at the end.
    """

    look_count: int = 28
    tuned_at: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.look_count <= 1000:
            raise invalid_field("look_count", f"{self.look_count}, must be from 1 to 1000")
        checks.positive("tuned_at", self.tuned_at)


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """Means few looks that are planned beforehand; alpha is spent over them. (Its spending function follows.)

    Attributes:
        fractions: Units at each look over those at the end: rising, the last one 1.
    """

    fractions: tuple[float, ...]


Monitoring: TypeAlias = FixedLook | AnyTime | GroupSequential
