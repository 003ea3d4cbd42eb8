"""What a method is called, when its answers hold, and where it comes from."""

from dataclasses import dataclass
from enum import StrEnum


class Validity(StrEnum):
    """Says under which way of looking an answer keeps its promise."""

    FIXED_LOOK = "FIXED_LOOK"
    PLANNED_LOOKS = "PLANNED_LOOKS"
    ANY_TIME = "ANY_TIME"
    ADAPTIVE_FIXED_LOOK = "ADAPTIVE_FIXED_LOOK"
    ADAPTIVE_ANY_TIME = "ADAPTIVE_ANY_TIME"
    BAYESIAN = "BAYESIAN"


class Alternative(StrEnum):
    """Says which effects count as one: any, only positive ones, or only negative ones.

    GREATER gives intervals without an upper end (inf), LESS ones without a lower end (-inf).
    """

    TWO_SIDED = "TWO_SIDED"
    GREATER = "GREATER"
    LESS = "LESS"


@dataclass(frozen=True, slots=True)
class Method:
    """Describes how an answer came about.

    Attributes:
        name: As users know it, such as "Welch's t".
        validity: When it holds.
        assumptions: What has to be true for it, a clause each.
        source: Where it is written down.
    """

    name: str
    validity: Validity
    assumptions: tuple[str, ...]
    source: str
