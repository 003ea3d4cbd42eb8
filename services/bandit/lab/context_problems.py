"""The published list of problems in which units differ. Names never change their meaning."""

from dataclasses import dataclass
from typing import Final

from services.bandit.lab.context_truths import ContextTruth, LinearNormal, Segments
from services.bandit.lab.problems import OURS, Kind


@dataclass(frozen=True, slots=True)
class ContextProblem:
    """Is arms, units and what is told of them; every run has arms of its own, and more is better.

    Attributes:
        source: Where the shape comes from.
        batch_unit_count: Units between two updates of the weights.
        batch_count: Updates.
        policies: By name, those that are compared beside the equal split.
        valued: What is lost and won, such as "conversions".
    """

    name: str
    title: str
    source: str
    truth: ContextTruth
    kind: Kind
    batch_unit_count: int
    batch_count: int
    policies: tuple[str, ...]
    valued: str = "conversions"
    quick: bool = False


_LINEAR: Final = ("thompson", "linear-thompson", "lin-ucb", "inverse-gap")
_ALL: Final = (*_LINEAR, "logistic-thompson", "logistic-thompson-20")


def _segments(name: str, title: str, truth: Segments, *, quick: bool = False) -> ContextProblem:
    return ContextProblem(name, title, OURS, truth, Kind.CONVERSION, 2000, 20, _ALL, quick=quick)


CONTEXT_PROBLEMS: Final = (
    ContextProblem(
        "context-linear",
        "ten arms, 20 features, linear values",
        OURS,
        LinearNormal(arm_count=10, feature_count=20, base=5.0, spread=1.0, deviation=2.0),
        Kind.MEAN,
        500,
        20,
        _LINEAR,
        valued="value",
    ),
    _segments(
        "context-segments",
        "five arms, effects of device and country",
        Segments(5, 0.05, segment_scale=0.3, arm_scale=0.15, interaction_scale=0.15, combination_scale=0.1),
    ),
    _segments(
        "context-slight",
        "five arms, slight effects of both",
        Segments(5, 0.05, segment_scale=0.3, arm_scale=0.15, interaction_scale=0.05, combination_scale=0.03),
    ),
    _segments(
        "context-none",
        "five arms, contexts do not matter",
        Segments(5, 0.05, segment_scale=0.0, arm_scale=0.15, interaction_scale=0.0, combination_scale=0.0),
        quick=True,
    ),
)
