"""Judges a design by every rule."""

from dataclasses import dataclass
from typing import Final

from shared.statistics.design import (
    bandit_rules,
    duration_rules,
    metric_rules,
    monitoring_rules,
    power_rules,
    split_rules,
    unit_rules,
)
from shared.statistics.design.case import Case
from shared.statistics.design.model import Design
from shared.statistics.design.rule import Broken, Unchecked
from shared.statistics.design.severity import Severity
from shared.statistics.design.thresholds import DEFAULT, Profile

RULES: Final = tuple(
    sorted(
        (
            *power_rules.RULES,
            *duration_rules.RULES,
            *metric_rules.RULES,
            *split_rules.RULES,
            *unit_rules.RULES,
            *monitoring_rules.RULES,
            *bandit_rules.RULES,
        ),
        key=lambda rule: rule.rule_id,
    )
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Is one rule that a design breaks.

    Attributes:
        title: What the rule asks for.
        message: What is wrong, with the numbers.
        fix: What would mend it, with the numbers.
    """

    rule_id: str
    severity: Severity
    title: str
    message: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Is one rule that could not be judged, and what was missing."""

    rule_id: str
    title: str
    because: str


@dataclass(frozen=True, slots=True)
class Validation:
    """Is what the rules say of a design.

    Attributes:
        findings: The rules that it breaks: errors first, then by id.
        not_checked: The rules that nothing can be said of, by id.
    """

    profile: str
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def is_recommendable(self) -> bool:
        """Says whether no rule blocks the design."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def validate(design: Design, profile: Profile = DEFAULT) -> Validation:
    """Returns what the profile's rules say of a design."""
    case = Case(design, profile.thresholds)
    findings, not_checked = [], []
    for rule in RULES:
        if rule.rule_id in profile.disabled:
            continue
        judgement = rule.judge(case)
        if isinstance(judgement, Broken):
            severity = profile.severities.get(rule.rule_id, judgement.severity)
            findings.append(Finding(rule.rule_id, severity, rule.title, judgement.message, judgement.fix, rule.source))
        elif isinstance(judgement, Unchecked):
            not_checked.append(NotChecked(rule.rule_id, rule.title, judgement.because))
    order = list(Severity)
    findings.sort(key=lambda finding: (order.index(finding.severity), finding.rule_id))
    return Validation(profile.name, tuple(findings), tuple(not_checked))
