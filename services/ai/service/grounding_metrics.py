"""Counts what becomes of answers when they are held against their evidence, for Prometheus."""

from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter

from services.ai.domain.asking import FallbackReason, Operation
from services.ai.domain.grounding.rules.violation import RuleId, Violation


class RepairResult(StrEnum):
    """Says what came of asking again: an answer that could stand, one that could not, or none."""

    PUBLISHED = "published"
    GIVEN_UP = "given_up"
    FAILED = "failed"


class GroundingMetrics:
    """Holds the families; safe for use by many threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self._checks = counter("llm_grounding_checks", "Answers checked, by rule and what it found.", "rule", "verdict")
        self._violations = counter("llm_grounding_violations", "Broken rules, each as often as broken.", "rule")
        self._own = counter("llm_engine_violations", "Rules that the engine's own words broke: defects.", "rule")
        self._repairs = counter("llm_repairs", "Answers that a provider was asked to put right.", "result")
        self._abstentions = counter("llm_abstentions", "Answers that gave way to the engine's own.", "reason")
        self._suspected = counter("llm_injection_suspected", "Names and notes that read like instructions.")
        self._leaks = counter("llm_canary_leaks", "Answers that repeat their instructions.", "operation")
        self._begin()

    def _begin(self) -> None:
        for rule in RuleId:
            self._violations.labels(rule.value)
            self._own.labels(rule.value)
        for result in RepairResult:
            self._repairs.labels(result.value)
        for reason in FallbackReason:
            self._abstentions.labels(reason.value)
        for operation in Operation:
            self._leaks.labels(operation.value)

    def checked(self, violations: Iterable[Violation]) -> None:
        """Counts one answer that was held against all rules."""
        broken = [violation.rule for violation in violations]
        for rule in RuleId:
            self._checks.labels(rule.value, "broken" if rule in broken else "kept").inc()
            self._violations.labels(rule.value).inc(broken.count(rule))

    def own_words_broke(self, violations: Iterable[Violation]) -> None:
        """Counts rules that the engine's own words broke."""
        for violation in violations:
            self._own.labels(violation.rule.value).inc()

    def repaired(self, result: RepairResult) -> None:
        """Counts an answer that was asked for again."""
        self._repairs.labels(result.value).inc()

    def abstained(self, reason: FallbackReason) -> None:
        """Counts an answer that gave way to the engine's own."""
        self._abstentions.labels(reason.value).inc()

    def suspected(self, field_count: int) -> None:
        """Counts names and notes that read like instructions."""
        self._suspected.inc(field_count)

    def canary_leaked(self, operation: Operation) -> None:
        """Counts an answer that repeats its instructions."""
        self._leaks.labels(operation.value).inc()
