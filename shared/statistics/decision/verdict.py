r"""What the engine advises, and what others may say beside it: the lattice of verdicts.

          INVESTIGATE          believe nothing yet
               |
           ROLL_BACK           harm is shown
          /         \
    CONTINUE   STOP_INCONCLUSIVE
          \         /
              SHIP             the declared goal is shown

Higher is more conservative: it does less with a treatment. CONTINUE and STOP_INCONCLUSIVE are not in order, as going on
after the planned end and giving up before it are mistakes of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """Advises what to do with a treatment or an experiment."""

    SHIP = "SHIP"
    CONTINUE = "CONTINUE"
    STOP_INCONCLUSIVE = "STOP_INCONCLUSIVE"
    ROLL_BACK = "ROLL_BACK"
    INVESTIGATE = "INVESTIGATE"


class ReasonCode(StrEnum):
    """Says why; in the order in which an analysis is told."""

    HEALTH_FAILED = "HEALTH_FAILED"
    HEALTH_WARNED = "HEALTH_WARNED"
    SAMPLE_RATIO_UNCHECKED = "SAMPLE_RATIO_UNCHECKED"
    TOO_LITTLE_DATA = "TOO_LITTLE_DATA"
    PLANNED_END_REACHED = "PLANNED_END_REACHED"
    UNDERPOWERED = "UNDERPOWERED"
    MINIMUM_DURATION_NOT_REACHED = "MINIMUM_DURATION_NOT_REACHED"
    EARLY_STOP_NOT_DECLARED = "EARLY_STOP_NOT_DECLARED"
    PRIMARY_NOT_ESTIMABLE = "PRIMARY_NOT_ESTIMABLE"
    METHOD_IGNORES_ADAPTATION = "METHOD_IGNORES_ADAPTATION"
    LOOKED_TOO_EARLY = "LOOKED_TOO_EARLY"
    BEFORE_BURN_IN = "BEFORE_BURN_IN"
    CAUTIONED = "CAUTIONED"
    GOAL_MET = "GOAL_MET"
    GOAL_NOT_MET = "GOAL_NOT_MET"
    PRIMARY_WORSE = "PRIMARY_WORSE"
    INDIFFERENT = "INDIFFERENT"
    GUARDRAIL_REGRESSED = "GUARDRAIL_REGRESSED"
    GUARDRAIL_REGRESSION_UNCONFIRMED = "GUARDRAIL_REGRESSION_UNCONFIRMED"
    GUARDRAIL_NOT_SHOWN = "GUARDRAIL_NOT_SHOWN"
    GUARDRAIL_SHOWN = "GUARDRAIL_SHOWN"
    OTHER_TREATMENTS_OPEN = "OTHER_TREATMENTS_OPEN"
    BEST_TREATMENT_SHOWN = "BEST_TREATMENT_SHOWN"
    CANDIDATES_NOT_TOLD_APART = "CANDIDATES_NOT_TOLD_APART"


@dataclass(frozen=True, slots=True)
class VerdictReason:
    """Is one reason for a verdict.

    Attributes:
        text: A sentence for people; it names the numbers.
        numbers: What it follows from, by name; all finite.
        subject: The health check, the guardrail's metric id or the arm id that it is about, if it is about one.
    """

    code: ReasonCode
    text: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    subject: str = ""


_AT_LEAST: Final[Mapping[Verdict, frozenset[Verdict]]] = {
    Verdict.SHIP: frozenset(Verdict),
    Verdict.CONTINUE: frozenset({Verdict.CONTINUE, Verdict.ROLL_BACK, Verdict.INVESTIGATE}),
    Verdict.STOP_INCONCLUSIVE: frozenset({Verdict.STOP_INCONCLUSIVE, Verdict.ROLL_BACK, Verdict.INVESTIGATE}),
    Verdict.ROLL_BACK: frozenset({Verdict.ROLL_BACK, Verdict.INVESTIGATE}),
    Verdict.INVESTIGATE: frozenset({Verdict.INVESTIGATE}),
}


def is_as_conservative(verdict: Verdict, other: Verdict) -> bool:
    """Says whether a verdict is the other one or more conservative."""
    return verdict in _AT_LEAST[other]


def most_conservative(verdicts: Iterable[Verdict]) -> Verdict:
    """Returns the least conservative verdict that is as conservative as each of them (join); SHIP for none."""
    common = frozenset(Verdict).intersection(*(_AT_LEAST[verdict] for verdict in verdicts))
    return next(verdict for verdict in common if common <= _AT_LEAST[verdict])


def allowed(engine_verdict: Verdict) -> frozenset[Verdict]:
    """Returns what may be said beside the engine's verdict: the same, or what is more conservative.

    ROLL_BACK is the exception: it claims that a treatment harms, which only the engine can show.
    """
    unearned = frozenset({Verdict.ROLL_BACK}) - {engine_verdict}
    return _AT_LEAST[engine_verdict] - unearned
