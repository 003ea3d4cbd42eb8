"""What is counted of answers: all families with all their labels from the start, and each answer as it came out."""

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from services.ai.domain.asking import ProviderName
from services.ai.domain.design.engine import recommend
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.jobs import DesignInput, JobKind
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.domain.records import DesignRecord, JobResult
from services.ai.service.job_metrics import OUTCOMES, JobMetrics
from shared.definition.model import MetricKind
from tests.ai.job_examples import NOW, hypotheses_answer, hypotheses_job

FAMILIES = ("llm_hypotheses_generated_total", "llm_experiment_designs_total", "llm_result_analyses_total")
PROVIDERS = ("anthropic", "heuristic", "replay")
METRICS = (MetricProfile("conversion", MetricKind.PROPORTION, baseline=0.05, relative_mde=0.1),)


def test_metrics_when_nothing_happened_then_each_family_is_there_with_zeros() -> None:
    registry = CollectorRegistry()
    JobMetrics(registry, provider=ProviderName.ANTHROPIC)

    for family in FAMILIES:
        for provider in PROVIDERS:
            for outcome in OUTCOMES:
                assert registry.get_sample_value(family, {"provider": provider, "outcome": outcome}) == 0


@pytest.mark.parametrize(("daily_units", "outcome"), [(10_000, "accepted"), (10, "rejected")])
def test_stored_when_it_is_a_design_then_one_that_is_not_recommended_counts_as_rejected(
    daily_units: float, outcome: str
) -> None:
    registry = CollectorRegistry()
    wishes = DesignWishes("a shorter form", METRICS, TrafficProfile(daily_units))
    evidence = EvidencePack(NOW)
    provenance = Provenance(ProviderName.HEURISTIC, "engine", Grounding.CLEAN, evidence.sha256, "1")
    design = DesignRecord("design_1", "job_1", recommend(wishes), (), (), provenance, NOW, NOW)
    job = replace(hypotheses_job("job_1"), kind=JobKind.RECOMMEND_DESIGN, input=DesignInput(wishes))

    metrics = JobMetrics(registry, provider=ProviderName.ANTHROPIC)
    metrics.stored(job, JobResult(provenance, evidence, design=design), now=NOW)

    counted = {
        each: registry.get_sample_value(FAMILIES[1], {"provider": "heuristic", "outcome": each}) for each in OUTCOMES
    }
    assert counted == {each: float(each == outcome) for each in OUTCOMES}


def test_stored_when_no_hypothesis_came_then_none_is_counted() -> None:
    registry = CollectorRegistry()
    job = hypotheses_job("job_1")

    JobMetrics(registry, provider=ProviderName.ANTHROPIC).stored(job, hypotheses_answer(job, 0), now=NOW)

    assert registry.get_sample_value(FAMILIES[0], {"provider": "heuristic", "outcome": "accepted"}) == 0
