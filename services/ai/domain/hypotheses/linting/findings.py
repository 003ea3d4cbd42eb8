"""What the rules find: a flaw, in which field, how bad, and what would mend it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.statistics.design.severity import Severity


class Flaw(StrEnum):
    """Names what can be wrong with a hypothesis."""

    VAGUE_INTERVENTION = "VAGUE_INTERVENTION"
    SEVERAL_INTERVENTIONS = "SEVERAL_INTERVENTIONS"
    SAME_ARMS = "SAME_ARMS"
    """It compares a thing with itself: an A/A test checks the platform, and is no hypothesis."""
    NO_MEASURABLE_METRIC = "NO_MEASURABLE_METRIC"
    MISSING_MECHANISM = "MISSING_MECHANISM"
    NOT_FALSIFIABLE = "NOT_FALSIFIABLE"
    UNGROUNDED = "UNGROUNDED"
    OUTCOME_MISMATCH = "OUTCOME_MISMATCH"
    INVENTED_MAGNITUDE = "INVENTED_MAGNITUDE"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Is one flaw.

    Attributes:
        field: Of the draft.
        severity: ERROR: the hypothesis is not stored; WARNING: it is, and less specific; INFO: it could be better.
        message: What is wrong.
        fix: What would mend it.
    """

    flaw: Flaw
    field: str
    severity: Severity
    message: str
    fix: str
