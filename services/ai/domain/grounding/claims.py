"""What a provider answers with: typed claims that cite evidence, and prose in which numbers and names are slots.

`{{E17|pct1}}` is the value of a fact, `{{M1}}`, `{{V2}}`, `{{X1}}`, `{{S1}}` are names; see `slots.py` for the formats.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status


class ClaimKind(StrEnum):
    """Says what a claim is about."""

    EFFECT = "effect"
    COMPARISON = "comparison"
    HEALTH = "health"
    POWER = "power"
    ALLOCATION = "allocation"
    CAVEAT = "caveat"
    HISTORY = "history"


class Relation(StrEnum):
    """Says how the arm, segment or time stands to what it is compared with."""

    INCREASE = "increase"
    DECREASE = "decrease"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    INSUFFICIENT_DATA = "insufficient_data"
    SUFFICIENT_DATA = "sufficient_data"
    """The planned sample is there: for POWER."""
    HIGHEST = "highest"
    """No arm has a greater value of the cited fact's kind: for ALLOCATION."""
    LOWEST = "lowest"
    STATED = "stated"
    """The cited figures are told, and nothing is made of them."""


class Valence(StrEnum):
    """Says whether the relation is good, given the direction that is wanted of the metric."""

    BETTER = "better"
    WORSE = "worse"
    NEUTRAL = "neutral"


class Certainty(StrEnum):
    """Says how sure it is; code may lower it, and never raises it."""

    ESTABLISHED = "established"
    SUGGESTIVE = "suggestive"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Claim:
    """Is one statement: what it claims, typed, and the same in words.

    Attributes:
        evidence_ids: At least one; every slot of the text is among them.
        text: One sentence.
        metric: Alias; empty: it is about none.
        arm: Alias; empty: it is about none, or all.
        baseline: Alias of the arm that it is compared with; empty: the control.
        subject: Alias of a segment or a past experiment; empty: none.
        check: The health check that a HEALTH claim tells of.
        status: How that ended.
    """

    kind: ClaimKind
    evidence_ids: tuple[str, ...]
    text: str
    metric: str = ""
    arm: str = ""
    baseline: str = ""
    subject: str = ""
    relation: Relation = Relation.STATED
    valence: Valence = Valence.NEUTRAL
    certainty: Certainty = Certainty.INCONCLUSIVE
    check: Check | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Is an advice, or a next step that fits one: what to do, typed, and the same in words.

    Attributes:
        verdict: As the engine's, or more conservative.
        arm: Alias of the arm to ship; empty unless SHIP.
        evidence_ids: At least one; every slot of the text is among them.
        text: One sentence.
    """

    verdict: Verdict
    evidence_ids: tuple[str, ...]
    text: str
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Is what a provider makes of an evidence pack.

    Attributes:
        evidence_sha256: Of the pack that it was made for; the caller binds it, not the provider.
        recommendation: None where nothing is to be decided.
        reasons: For the recommendation, the weightiest first.
        statements: What the evidence says, in the order in which to read it.
        next_steps: What to do now.
        what_would_change: What would change the recommendation.
    """

    evidence_sha256: str
    recommendation: Recommendation | None = None
    reasons: tuple[Claim, ...] = ()
    statements: tuple[Claim, ...] = ()
    next_steps: tuple[Recommendation, ...] = ()
    what_would_change: tuple[Claim, ...] = ()
