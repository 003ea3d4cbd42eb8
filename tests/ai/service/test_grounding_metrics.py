"""What becomes of checked answers is counted, by labels that are known beforehand."""

from prometheus_client import CollectorRegistry

from services.ai.domain.asking import FallbackReason, Operation
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.service.grounding_metrics import GroundingMetrics, RepairResult


def test_check_when_rules_are_broken_then_each_is_counted_once_and_each_breach_too() -> None:
    registry = CollectorRegistry()
    metrics = GroundingMetrics(registry)

    metrics.checked([Violation("a", RuleId.NUMBER, "1"), Violation("b", RuleId.NUMBER, "2")])
    metrics.checked([])

    def checks(rule: RuleId, verdict: str) -> float | None:
        return registry.get_sample_value("llm_grounding_checks_total", {"rule": rule.value, "verdict": verdict})

    assert (checks(RuleId.NUMBER, "broken"), checks(RuleId.NUMBER, "kept")) == (1, 1)
    assert (checks(RuleId.SLOT, "broken"), checks(RuleId.SLOT, "kept")) == (None, 2)
    assert registry.get_sample_value("llm_grounding_violations_total", {"rule": RuleId.NUMBER.value}) == 2


def test_families_when_nothing_happened_then_are_there_with_every_label() -> None:
    registry = CollectorRegistry()
    GroundingMetrics(registry)

    for family, label, values in (
        ("llm_grounding_violations", "rule", RuleId),
        ("llm_engine_violations", "rule", RuleId),
        ("llm_repairs", "result", RepairResult),
        ("llm_abstentions", "reason", FallbackReason),
        ("llm_canary_leaks", "operation", Operation),
    ):
        for value in values:
            assert registry.get_sample_value(f"{family}_total", {label: value.value}) == 0
    assert registry.get_sample_value("llm_injection_suspected_total") == 0
