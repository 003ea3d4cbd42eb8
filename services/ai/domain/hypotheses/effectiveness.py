"""How useful hypotheses turned out to be: figures of stored rows, for each provider."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.ai.domain.hypotheses.confidence import BIN_COUNT, bin_of
from services.ai.domain.hypotheses.model import HypothesisState

_S = HypothesisState
_ADOPTED: Final = frozenset({_S.TESTED, _S.WON, _S.LOST, _S.INCONCLUSIVE})
_DECIDED: Final = frozenset({_S.WON, _S.LOST})


@dataclass(frozen=True, slots=True)
class HypothesisRow:
    """Is a stored hypothesis, as far as its usefulness goes; `confidence` is the one that was stated."""

    provider: str
    state: HypothesisState
    confidence: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Is how often hypotheses of about one confidence held, of those that were decided.

    Attributes:
        low, high: Bounds of the confidence.
    """

    low: float
    high: float
    count: int
    mean_confidence: float
    won_share: float


@dataclass(frozen=True, slots=True)
class Effectiveness:
    """Is what came of the hypotheses of one provider.

    Attributes:
        accepted_count: With those that went on to a test.
        adopted_count: Those that became an experiment.
        brier_score: Mean squared error of the confidences of decided ones against what came of them; None: none.
        reliability: Bins that hold any, the least confident first.
    """

    provider: str
    hypothesis_count: int
    accepted_count: int
    rejected_count: int
    adopted_count: int
    won_count: int
    lost_count: int
    inconclusive_count: int
    brier_score: float | None
    reliability: tuple[ReliabilityBin, ...]

    @property
    def acceptance_rate(self) -> float | None:
        """Returns the share of accepted ones among the reviewed; None: none was."""
        return _share(self.accepted_count, self.accepted_count + self.rejected_count)

    @property
    def adoption_rate(self) -> float | None:
        """Returns the share of accepted ones that became an experiment; None: none was accepted."""
        return _share(self.adopted_count, self.accepted_count)

    @property
    def win_rate(self) -> float | None:
        """Returns the share of won ones among those with a result, inconclusive ones included; None: no result."""
        return _share(self.won_count, self.won_count + self.lost_count + self.inconclusive_count)


def effectiveness(rows: Iterable[HypothesisRow]) -> tuple[Effectiveness, ...]:
    """Returns the figures of each provider, by name."""
    by_provider: dict[str, list[HypothesisRow]] = {}
    for row in rows:
        by_provider.setdefault(row.provider, []).append(row)
    return tuple(_of(provider, by_provider[provider]) for provider in sorted(by_provider))


def brier_score(rows: Iterable[HypothesisRow]) -> float | None:
    """Returns the mean of (confidence - held)^2 over decided rows, from 0, the best, to 1 (Brier 1950); None: none."""
    errors = [(row.confidence - (row.state is _S.WON)) ** 2 for row in rows if row.state in _DECIDED]
    return sum(errors) / len(errors) if errors else None


def reliability(rows: Iterable[HypothesisRow]) -> tuple[ReliabilityBin, ...]:
    """Returns the bins of a reliability diagram that hold any decided row."""
    bins: list[list[HypothesisRow]] = [[] for _ in range(BIN_COUNT)]
    for row in rows:
        if row.state in _DECIDED:
            bins[bin_of(row.confidence)].append(row)
    return tuple(
        ReliabilityBin(
            place / BIN_COUNT,
            (place + 1) / BIN_COUNT,
            len(members),
            sum(row.confidence for row in members) / len(members),
            sum(row.state is _S.WON for row in members) / len(members),
        )
        for place, members in enumerate(bins)
        if members
    )


def _of(provider: str, rows: Sequence[HypothesisRow]) -> Effectiveness:
    states = [row.state for row in rows]
    adopted = sum(state in _ADOPTED for state in states)
    return Effectiveness(
        provider=provider,
        hypothesis_count=len(rows),
        accepted_count=states.count(_S.ACCEPTED) + adopted,
        rejected_count=states.count(_S.REJECTED),
        adopted_count=adopted,
        won_count=states.count(_S.WON),
        lost_count=states.count(_S.LOST),
        inconclusive_count=states.count(_S.INCONCLUSIVE),
        brier_score=brier_score(rows),
        reliability=reliability(rows),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
