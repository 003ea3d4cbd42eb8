"""How likely a hypothesis is to hold: computed from evidence and record, never felt, and kept in parts.

    uncalibrated = (0.5 evidence strength + 0.3 base rate + 0.2 specificity) x penalties
    confidence   = beta-binomial mean of what came of hypotheses about as confident, with the uncalibrated one as prior

All are about the direction of the effect: the probability that the metric moves as stated, of those that move. Evidence
strength is the posterior probability of it; the base rate is the share of won ones among experiments that were decided;
specificity is 0.5 where nothing is left vague, as being specific speaks for neither direction, and less elsewhere.
An experiment that ended undecided says nothing for either, and does not count.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from services.ai.domain.hypotheses.history import MetricHistory
from services.ai.domain.hypotheses.model import Confidence, ConfidencePart, HypothesisState, StoredHypothesis
from services.ai.domain.hypotheses.shrinkage import Belief

EVIDENCE_WEIGHT: Final = 0.5
BASE_RATE_WEIGHT: Final = 0.3
SPECIFICITY_WEIGHT: Final = 0.2
UNGROUNDED_PENALTY: Final = 0.5
"""For an idea that no evidence bears."""
REFUTED_PENALTY: Final = 0.5
"""For the repetition of a hypothesis that was refuted, or rejected."""
CAP_WITHOUT_DIRECT_EVIDENCE: Final = 0.75
"""The most where the very change was never tested on this metric."""
BIN_COUNT: Final = 10
RECORD_SIZE: Final = 20.0
"""Results that the uncalibrated confidence counts for."""


class Record:
    """Counts what came of earlier hypotheses, by how confident they were before calibration."""

    def __init__(self, stored: Iterable[StoredHypothesis] = ()) -> None:
        self._counts = Counter((bin_of(one.uncalibrated), one.state) for one in stored)

    def near(self, value: float) -> tuple[int, int]:
        """Returns how many won of how many that were decided, among those about as confident."""
        won, lost = (self._counts[bin_of(value), state] for state in (HypothesisState.WON, HypothesisState.LOST))
        return won, won + lost


def confidence(
    belief: Belief,
    history: MetricHistory,
    *,
    wanted: bool,
    direct: bool,
    specificity: float,
    penalties: Sequence[ConfidencePart],
    record: Record,
) -> Confidence:
    """Returns the confidence of a hypothesis.

    Args:
        belief: Of its effect; above 0 is good.
        history: Of its metric.
        wanted: Whether it states the direction that is good.
        direct: Whether the very change was tested on this metric.
        specificity: From 0 to 1: share of what could be specific that is.
        penalties: Parts whose values multiply.
        record: By which it is calibrated.
    """
    parts = [*_blend(belief, history, wanted=wanted, specificity=specificity), *penalties]
    raw = sum(one.weight * one.value for one in parts[:3])
    for one in penalties:
        raw *= one.value
    if not direct and raw > CAP_WITHOUT_DIRECT_EVIDENCE:
        raw = CAP_WITHOUT_DIRECT_EVIDENCE
    value, calibration = _calibrated(min(max(raw, 0.0), 1.0), record)
    return Confidence(value, raw, (*parts, *calibration))


def bin_of(value: float) -> int:
    """Returns the place of the bin that a confidence falls in, from 0."""
    return min(int(value * BIN_COUNT), BIN_COUNT - 1)


def penalty(part: str, factor: float, description: str) -> ConfidencePart:
    """Returns a part that multiplies; its weight is 0, as it is not added."""
    return ConfidencePart(part, factor, 0.0, description)


def _blend(
    belief: Belief, history: MetricHistory, *, wanted: bool, specificity: float
) -> tuple[ConfidencePart, ConfidencePart, ConfidencePart]:
    good = belief.probability_good
    source = "past effects" if history.fitted else "no measured effect, as an effect either way is as likely"
    counts = history.counts
    return (
        ConfidencePart(
            "evidence_strength",
            good if wanted else 1 - good,
            EVIDENCE_WEIGHT,
            f"posterior probability of the stated direction, from {source}",
        ),
        ConfidencePart(
            "base_rate",
            history.base_rate if wanted else 1 - history.base_rate,
            BASE_RATE_WEIGHT,
            f"{counts.won} won and {counts.lost} lost on this metric, shrunken towards those on all",
        ),
        ConfidencePart(
            "specificity", 0.5 * specificity, SPECIFICITY_WEIGHT, "0.5 where nothing is left vague, less elsewhere"
        ),
    )


def _calibrated(raw: float, record: Record) -> tuple[float, tuple[ConfidencePart, ConfidencePart]]:
    won, count = record.near(raw)
    share = RECORD_SIZE / (RECORD_SIZE + count)
    return share * raw + (1 - share) * (won / count if count else 0.0), (
        ConfidencePart("uncalibrated", raw, share, f"the parts above, worth {RECORD_SIZE:g} results"),
        ConfidencePart(
            "record",
            won / count if count else 0.0,
            1 - share,
            f"{won} of {count} earlier hypotheses about as confident won, of those that were decided",
        ),
    )
