"""The rules that an answer is held to, and what breaking one looks like to a program."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RuleId(StrEnum):
    """Names a rule; the number is that of its family."""

    PACK = "R0_PACK"
    """The answer was made for this pack, to the byte."""
    SHAPE = "R1_SHAPE"
    """Every field is there, of its type, and of the known values."""
    MEMBERSHIP = "R2_MEMBERSHIP"
    """Metrics, arms, subjects and facts are those of the pack."""
    CITATION = "R2_CITATION"
    """Evidence is cited that is of the right kind and about the claim's metric and arm, and nothing else is."""
    NUMBER = "R3_NUMBER"
    """No digit, %, currency or number word is written outside a slot."""
    SLOT = "R3_SLOT"
    """Slots are well-formed, cited, and in a format that their unit has."""
    ROLE = "R3_ROLE"
    """Each number stands where a number of its kind belongs."""
    MARKUP = "R3_MARKUP"
    """Plain text: no markup, links, foreign scripts or invisible characters; one sentence."""
    RELATION = "R4_RELATION"
    """The relation is the engine's."""
    VALENCE = "R4_VALENCE"
    """The valence follows from the relation and the wanted direction."""
    SCOPE = "R4_SCOPE"
    """The text names the claim's metric and arms, no others, and each in its place."""
    WORDING = "R4_WORDING"
    """The words say what the typed claim says."""
    CONTEXT = "R4_CONTEXT"
    """Times, parts of the units and other quantities are not told unless cited facts bear them."""
    VOCABULARY = "R4_VOCABULARY"
    """All words are known: of others it cannot be shown that they agree."""
    CERTAINTY = "R5_CERTAINTY"
    """Certainty is at most what the engine bears; what is above is lowered."""
    ASSURANCE = "R5_ASSURANCE"
    """Words of certainty and significance fit the certainty."""
    CAVEAT = "R5_CAVEAT"
    """Each failed health check is told."""
    VERDICT = "R6_VERDICT"
    """The advice is the engine's or more conservative, and ships no other arm."""
    ACTION = "R6_ACTION"
    """The words of an advice say its verdict, and no other text advises."""
    HYPOTHESIS = "R7_HYPOTHESIS"
    """A hypothesis has one intervention, a metric, a direction, and an effect inside the historical band."""
    DESIGN = "R8_DESIGN"
    """A design is one of those that were computed, with a guardrail."""
    RATIONALE = "R10_RATIONALE"
    """Mechanisms stay in the rationale, which claims no results and no feelings."""


HIGH_PRECISION: Final = frozenset(
    {
        RuleId.SHAPE,
        RuleId.MEMBERSHIP,
        RuleId.CITATION,
        RuleId.NUMBER,
        RuleId.SLOT,
        RuleId.MARKUP,
        RuleId.VERDICT,
        RuleId.DESIGN,
    }
)
"""Rules whose violations may be fed back to a provider: telling it of a false alarm makes right answers wrong."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Is one broken rule.

    Attributes:
        path: Where, from the answer's root, such as `statements[2].text`.
        got: What was found; untrusted text.
        allowed: What would have been right, where that can be listed.
    """

    path: str
    rule: RuleId
    got: str
    allowed: tuple[str, ...] = ()
