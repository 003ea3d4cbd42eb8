"""Which segments are worth telling of, and how their names stand in a sentence."""

import re
from collections.abc import Sequence
from typing import Final

from services.ai.domain.analysis.segments import SegmentComparison
from services.ai.domain.grounding.evidence import ComparisonStatus

MOST_TELLING: Final = 20
"""Of a pack: what travels to a provider is what may be worth a sentence."""
_ORDER: Final = (ComparisonStatus.WORSE, ComparisonStatus.BETTER, ComparisonStatus.NO_DETECTABLE_CHANGE)
# What a sentence cannot hold; letters of other scripts stay, and such a name is not written out.
_PUNCTUATION: Final = re.compile(r"[!-,./:-@\[-^`{-~]+")


def most_telling(segments: Sequence[SegmentComparison]) -> tuple[SegmentComparison, ...]:
    """Returns those with enough data: harm first, then good, then the rest by their p-values."""
    judged = [one for one in segments if one.comparison.status in _ORDER and one.comparison.p_value is not None]
    return tuple(sorted(judged, key=_place)[:MOST_TELLING])


def spaced(segment: str) -> str:
    """Returns a name in characters that a sentence can hold: `device=mobile` becomes `device mobile`."""
    return " ".join(_PUNCTUATION.sub(" ", segment).split())


def _place(one: SegmentComparison) -> tuple[int, float]:
    return _ORDER.index(one.comparison.status), one.comparison.p_value or 0.0
