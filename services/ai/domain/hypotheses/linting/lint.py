"""Looks a draft over by all rules."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting import intervention_rules, rules
from services.ai.domain.hypotheses.linting.findings import Flaw, LintFinding
from services.ai.domain.hypotheses.model import Draft
from shared.statistics.design.severity import Severity

LintRule: TypeAlias = Callable[[Draft, Knowledge], Iterator[LintFinding]]

RULES: Final[tuple[LintRule, ...]] = (
    intervention_rules.vagueness,
    intervention_rules.singleness,
    intervention_rules.sameness,
    rules.metric,
    rules.direction,
    rules.outcome,
    rules.mechanism,
    rules.grounds,
    rules.magnitude,
)
_ORDER: Final = tuple(Severity)


def lint(draft: Draft, knowledge: Knowledge) -> tuple[LintFinding, ...]:
    """Returns what is wrong with a draft, the worst first."""
    found = [one for rule in RULES for one in rule(draft, knowledge)]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))


def is_acceptable(findings: tuple[LintFinding, ...]) -> bool:
    """Says whether nothing found keeps the draft from being stored."""
    return all(one.severity is not Severity.ERROR for one in findings)


def specificity(findings: tuple[LintFinding, ...]) -> float:
    """Returns the share of flaws that a draft does not have, from 0 to 1."""
    return 1 - len({one.flaw for one in findings}) / len(Flaw)
