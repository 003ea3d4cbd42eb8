"""What a hypothesis is: as it is drafted, as it is completed by code, and as it is stored."""

from dataclasses import dataclass
from enum import StrEnum

from services.ai.domain.grounding.claims import Claim


class EffectDirection(StrEnum):
    """Says which way an effect goes."""

    INCREASE = "INCREASE"
    DECREASE = "DECREASE"


class HypothesisState(StrEnum):
    """Says where a hypothesis stands."""

    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    TESTED = "TESTED"
    WON = "WON"
    LOST = "LOST"
    INCONCLUSIVE = "INCONCLUSIVE"


class Kinship(StrEnum):
    """Says how the intervention stands to that of a past experiment: the same, a variation of it, or its opposite."""

    SAME = "SAME"
    VARIATION = "VARIATION"
    OPPOSITE = "OPPOSITE"


@dataclass(frozen=True, slots=True)
class Kin:
    """Is a past experiment, by its alias, on which a draft builds."""

    experiment: str
    kinship: Kinship


@dataclass(frozen=True, slots=True)
class LiftRange:
    """Is a range of relative lifts, low <= high; a decrease is below 0."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Draft:
    """Is a hypothesis as a provider answers with it; what can be computed is not in it.

    Attributes:
        intervention: What is done, as a command: exactly one change; names may be slots, such as `{{X1}}`, which stands
            for a past experiment and for what was tried in it.
        metric: Alias of the metric that decides.
        direction: Which way it should move; None: not said.
        because: What bears it; empty: an idea that nothing bears.
        rationale: The mechanism that is supposed; nobody verifies it.
        segment: Alias of the segment that it is for; empty: all units.
        builds_on: Past experiments whose change it takes up.
        expected_lift: As the provider says; None: it leaves the magnitude to code.
    """

    intervention: str
    metric: str
    direction: EffectDirection | None
    because: tuple[Claim, ...] = ()
    rationale: str = ""
    segment: str = ""
    builds_on: tuple[Kin, ...] = ()
    expected_lift: LiftRange | None = None


@dataclass(frozen=True, slots=True)
class ConfidencePart:
    """Is one part of a confidence.

    Attributes:
        part: Such as `evidence_strength`.
        value: From 0 to 1.
        weight: With which it goes in; see `confidence.py`.
        description: What it was computed from.
    """

    part: str
    value: float
    weight: float
    description: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """Is how likely a hypothesis is to hold once its test decides, from 0 to 1, and how that came about.

    Attributes:
        uncalibrated: Before what came of earlier hypotheses was taken in.
    """

    value: float
    uncalibrated: float
    parts: tuple[ConfidencePart, ...]


@dataclass(frozen=True, slots=True)
class RequiredTest:
    """Is what it takes to find out.

    Attributes:
        relative_mde: The least lift that the test is to find, above 0.
        units_per_arm: 0: it cannot be planned.
        weeks: Whole ones; None: it cannot be planned.
    """

    relative_mde: float
    units_per_arm: int = 0
    weeks: int | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Is a hypothesis with everything that code adds to a draft.

    Attributes:
        statement: What should happen, in one sentence.
        expected_lift: Inside what was seen before; None: no magnitude is expected.
        falsifier: What would refute it.
        duplicate_of: Id of the stored hypothesis that it repeats; empty: none.
        ungrounded: That no evidence bears it: an idea, never promoted by itself.
        score: What the list is ordered by, from 0; see `scoring.py`.
        evidence_sha256: Of the pack that its claims cite.
    """

    intervention: str
    statement: str
    because: tuple[Claim, ...]
    rationale: str
    primary_metric_id: str
    expected_direction: EffectDirection
    expected_lift: LiftRange | None
    falsifier: str
    test: RequiredTest
    confidence: Confidence
    duplicate_of: str
    ungrounded: bool
    score: float
    evidence_sha256: str


@dataclass(frozen=True, slots=True)
class StoredHypothesis:
    """Is what later work needs of a hypothesis that is stored.

    Attributes:
        uncalibrated: Its confidence before calibration.
    """

    hypothesis_id: str
    intervention: str
    primary_metric_id: str
    expected_direction: EffectDirection
    state: HypothesisState
    confidence: float
    uncalibrated: float
