"""The risk score of a change: points for what it does and for what it is done to, of its facts."""

import math
from dataclasses import dataclass
from typing import Any, Final

from services.review.domain.policy.catalogue import EDIT_POLICY_RULES, Facts
from shared.definition.model import ExperimentState

MAX_SCORE: Final = 100.0
POLICY_EDIT_SCORE: Final = 50.0
"""The score of a change of the rules themselves: they bear on every experiment, and no fact of one tells how."""


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """Says what one fact adds to the score, and why."""

    fact: str
    points: float
    description: str


@dataclass(frozen=True, slots=True)
class Risk:
    """Is the score, from 0 to 100, and what it is made of, the heaviest first."""

    score: float = 0.0
    factors: tuple[RiskFactor, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """Says what a fact can add: `points` if it is true or for each whole of a number, up to `most`.

    A fact that is not known adds the most.
    """

    fact: str
    points: float
    most: float
    words: str


def _flag(fact: str, points: float, words: str) -> Term:
    return Term(fact, points, points, words)


DEEDS: Final = (
    _flag("begins_serving", 10, "units begin to get the arms"),
    _flag("ships_arm", 20, "everyone gets another arm than the control, for good"),
    _flag("ships_paused_arm", 40, "a guardrail paused the arm that is shipped"),
    Term("traffic_change", 20, 20, "change of the share of units that take part"),
    Term("holdout_change", 10, 10, "change of the share that is held out"),
    Term("analysis_share_change", 10, 10, "change of the share of the analysis split"),
    Term("weight_change", 20, 20, "largest change of an arm's share"),
    Term("exploration_floor_change", 100, 10, "change of the exploration floor"),
    Term("arms_added", 5, 15, "arms added"),
    Term("arms_removed", 5, 15, "arms removed"),
    _flag("algorithm_changed", 15, "the algorithm changes, or what it goes by"),
    _flag("primary_metric_changed", 20, "what decides the experiment changes"),
    _flag("guardrail_changed", 25, "a guardrail changes"),
    _flag("metrics_changed", 5, "what is measured changes"),
)
"""What a change does."""

CIRCUMSTANCES: Final = (
    Term("traffic_share", 20, 20, "share of units that take part"),
    Term("arm_count", 0.5, 5, "arms"),
    Term("running_days", 10 / 28, 10, "days since the start"),
    _flag("revenue_metric", 10, "revenue is measured"),
    _flag("revenue_guardrail", 10, "revenue is a guardrail"),
    _flag("analysis_disagrees", 20, "the newest analysis advises against it"),
)
"""What it is done to; they count where the change does something."""

_SERVING_NOBODY: Final = (ExperimentState.DRAFT, ExperimentState.STOPPED)


def assess(facts: Facts) -> Risk:
    """Returns the risk score; 0 for what does nothing to units: words, edits of drafts, a pause."""
    if facts.get("change_kind") == EDIT_POLICY_RULES:
        return Risk(POLICY_EDIT_SCORE, (RiskFactor("change_kind", POLICY_EDIT_SCORE, "the policy rules change"),))
    deeds = _factors(DEEDS, facts)
    if not deeds or _serves_nobody(facts):
        return Risk()
    factors = sorted(deeds + _factors(CIRCUMSTANCES, facts), key=lambda factor: -factor.points)
    return Risk(min(MAX_SCORE, math.fsum(factor.points for factor in factors)), tuple(factors))


def _serves_nobody(facts: Facts) -> bool:
    return facts.get("begins_serving") is False and facts.get("experiment_state") in _SERVING_NOBODY


def _factors(terms: tuple[Term, ...], facts: Facts) -> list[RiskFactor]:
    factors = (_factor(term, facts.get(term.fact)) for term in terms)
    return [factor for factor in factors if factor.points > 0]


def _factor(term: Term, value: Any) -> RiskFactor:
    match value:
        case bool():
            return RiskFactor(term.fact, term.points if value else 0.0, term.words)
        case int() | float() if not math.isnan(value):
            return RiskFactor(term.fact, min(term.most, term.points * value), f"{term.words}: {value:.4g}")
        case _:
            return RiskFactor(term.fact, term.most, f"{term.words}: not known, which counts in full")
