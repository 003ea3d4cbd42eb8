"""Counts what becomes of providers' answers when they are held against their evidence; labels are of closed sets."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from services.ai.domain.asking import FallbackReason
from services.ai.domain.grounding.rules.violation import RuleId, Violation


class GroundingMetrics:
    """Holds the families; safe for use by many threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self._checks = counter("llm_grounding_checks", "Answers checked, by rule and what it found.", "rule", "verdict")
        self._violations = counter("llm_grounding_violations", "Broken rules, each as often as broken.", "rule")
        self._repairs = counter("llm_repairs", "Answers that a provider was asked to put right.", "result")
        self._abstentions = counter("llm_abstentions", "Answers that gave way to the engine's own.", "reason")
        self._suspected = counter("llm_injection_suspected", "Names and notes that read like instructions.")

    def checked(self, violations: Iterable[Violation]) -> None:
        """Counts one answer that was held against all rules."""
        rules = [violation.rule for violation in violations]
        for rule in RuleId:
            self._checks.labels(rule.value, "broken" if rule in rules else "kept").inc()
            if rule in rules:
                self._violations.labels(rule.value).inc(rules.count(rule))

    def repaired(self, *, published: bool) -> None:
        """Counts an answer that was asked for again; `published`: whether it then could stand."""
        self._repairs.labels("published" if published else "given_up").inc()

    def abstained(self, reason: FallbackReason) -> None:
        """Counts an answer that gave way to the engine's own."""
        self._abstentions.labels(reason.value).inc()

    def suspected(self, field_count: int) -> None:
        """Counts names and notes that read like instructions."""
        self._suspected.inc(field_count)
