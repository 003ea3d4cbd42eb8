"""What came of what was suggested: figures by provider, in the report and as gauges."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.ai.domain.asking import ProviderName
from services.ai.domain.hypotheses.model import Confidence, HypothesisState
from services.ai.domain.jobs import AnalysisInput, DesignInput, JobKind, RequestKey
from services.ai.domain.records import JobResult
from services.ai.service.effectiveness import EffectivenessReader
from services.ai.service.effectiveness_metrics import EffectivenessMetrics
from tests.ai.job_examples import hypotheses_answer, hypotheses_job
from tests.ai.service.analysis_world import NOW, stored
from tests.ai.service.test_analysis_task import SAME, design
from tests.fakes.ai_store import InMemoryAiStore

_S = HypothesisState
_ANTHROPIC, _HEURISTIC = ProviderName.ANTHROPIC, ProviderName.HEURISTIC
OLD = NOW - timedelta(days=30)


def filled() -> InMemoryAiStore:
    """Returns a store with hypotheses of two providers, a design that was adopted and one not, and an analysis."""
    store = InMemoryAiStore()
    states = {_ANTHROPIC: [(_S.WON, 0.8), (_S.LOST, 0.6), (_S.REJECTED, 0.5)], _HEURISTIC: [(_S.PROPOSED, 0.5)]}
    for number, (provider, told) in enumerate(states.items()):
        job = hypotheses_job(f"job_h{number}", created_at=OLD if provider is _HEURISTIC else NOW)
        answer = hypotheses_answer(job, len(told), now=job.created_at, provider=provider)
        records = tuple(
            replace(
                record,
                state=state,
                hypothesis=replace(record.hypothesis, confidence=Confidence(confidence, confidence, ())),
            )
            for record, (state, confidence) in zip(answer.hypotheses, told, strict=True)
        )
        store.jobs.open(job, RequestKey("ada", "", ""), limit=99)
        store.jobs.claim(job.job_id, "w", now=NOW, lease_until=NOW)
        assert store.jobs.finish(job.job_id, "w", replace(answer, hypotheses=records), now=NOW)
    made = design()
    for number in (1, 2):
        job = hypotheses_job(f"job_d{number}", created_at=NOW)
        asked = DesignInput(made.design.wishes)
        job = replace(job, kind=JobKind.RECOMMEND_DESIGN, input=asked)
        store.jobs.open(job, RequestKey("ada", "", ""), limit=99)
        store.jobs.claim(job.job_id, "w", now=NOW, lease_until=NOW)
        record = replace(
            made, design_id=f"d{number}", job_id=job.job_id, experiment_id="", requested_at=NOW, created_at=NOW
        )
        evidence = hypotheses_answer(job, 0).evidence
        assert store.jobs.finish(job.job_id, "w", JobResult(made.provenance, evidence, design=record), now=NOW)
    store.designs.adopt("d1", experiment_id="x", change_request_id="", now=NOW + timedelta(minutes=19))
    stored(store, AnalysisInput("checkout", SAME))
    return store


def test_report_then_the_figures_of_each_provider_by_name() -> None:
    report = EffectivenessReader(filled(), clock=lambda: NOW).report()

    anthropic, heuristic = report.providers
    assert (anthropic.provider, heuristic.provider) == ("ANTHROPIC", "HEURISTIC")
    own = anthropic.hypotheses
    assert (own.hypothesis_count, own.accepted_count, own.rejected_count, own.won_count, own.lost_count) == (
        3,
        2,
        1,
        1,
        1,
    )
    assert own.brier_score == pytest.approx((0.2**2 + 0.6**2) / 2)
    assert own.acceptance_rate == pytest.approx(2 / 3)
    assert (own.adoption_rate, own.win_rate) == (1.0, 0.5)
    assert (anthropic.design_count, anthropic.analysis_count) == (0, 0)
    assert (heuristic.design_count, heuristic.adopted_design_count, heuristic.analysis_count) == (2, 1, 1)
    assert heuristic.hypotheses.brier_score is None
    assert report.as_of == NOW
    assert (report.design_time.measured_count, report.design_time.median) == (1, timedelta(minutes=19))
    assert report.design_time.saved_share == pytest.approx(0.9)


def test_report_when_asked_since_then_what_is_older_does_not_count() -> None:
    report = EffectivenessReader(filled(), clock=lambda: NOW).report(since=NOW)

    counts = {one.provider: one.hypotheses.hypothesis_count for one in report.providers}
    assert counts == {"ANTHROPIC": 3, "HEURISTIC": 0}
    assert EffectivenessReader(filled(), clock=lambda: NOW).report(since=NOW + timedelta(1)).providers == ()


def test_report_when_there_is_nothing_then_no_figures() -> None:
    report = EffectivenessReader(InMemoryAiStore(), clock=lambda: NOW).report()

    assert (report.providers, report.design_time.median) == ((), None)


def test_metrics_then_what_the_store_has_now() -> None:
    store, registry = filled(), CollectorRegistry()
    metrics = EffectivenessMetrics(registry, EffectivenessReader(store, clock=lambda: NOW))

    metrics.refresh()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("llm_suggestions", provider="anthropic", kind="hypothesis") == 3
    assert value("llm_suggestions", provider="heuristic", kind="design") == 2
    assert value("llm_suggestions_reviewed", provider="anthropic", decision="rejected") == 1
    assert value("llm_suggestions_adopted", provider="heuristic", kind="design") == 1
    assert value("llm_suggestion_outcomes", provider="anthropic", outcome="won") == 1
    assert value("llm_hypothesis_brier_score", provider="anthropic") == pytest.approx(0.2)
    assert math.isnan(value("llm_hypothesis_brier_score", provider="heuristic") or 0.0)
    assert value("llm_design_seconds") == 19 * 60
    assert value("llm_design_saved_share") == pytest.approx(0.9)


def test_metrics_when_nothing_is_stored_then_times_are_not_known() -> None:
    registry = CollectorRegistry()

    EffectivenessMetrics(registry, EffectivenessReader(InMemoryAiStore(), clock=lambda: NOW)).refresh()

    assert math.isnan(registry.get_sample_value("llm_design_seconds") or 0.0)
