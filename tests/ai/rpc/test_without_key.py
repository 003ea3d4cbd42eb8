"""The whole way without a key: each kind of job ends with a stored, useful answer in the engine's words."""

import json

import pytest

from experimentation.v1 import analysis_pb2, hypothesis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import analyze, arm, design, rate, suggest, sums

SUCCEEDED = analysis_pb2.JOB_STATE_SUCCEEDED


def is_of_engine(provenance: analysis_pb2.Provenance) -> bool:
    return (
        provenance.provider == analysis_pb2.AI_PROVIDER_HEURISTIC
        and provenance.model == "engine"
        and provenance.fallback_reason == analysis_pb2.FALLBACK_REASON_NO_KEY
        and provenance.grounding == analysis_pb2.GROUNDING_CLEAN
    )


def evidence(lab: Lab, provenance: analysis_pb2.Provenance) -> analysis_pb2.EvidencePack:
    request = pb.GetEvidenceRequest(sha256=provenance.evidence_sha256)
    return lab["vic"].GetEvidence(request).evidence_pack


def test_hypotheses_when_there_is_evidence_then_they_are_stored_with_what_bears_them(busy_lab: Lab) -> None:
    job = busy_lab.ended(busy_lab["ann"].SuggestHypotheses(suggest(max_count=3)).job)

    found = [
        busy_lab["vic"].GetHypothesis(pb.GetHypothesisRequest(hypothesis_id=each)).hypothesis
        for each in job.hypothesis_ids
    ]
    assert (job.state, len(found), job.attempt_count) == (SUCCEEDED, 3, 1)
    assert is_of_engine(job.provenance)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    known = {fact.evidence_id for fact in evidence(busy_lab, job.provenance).facts}
    for each in found:
        assert each.provenance == job.provenance
        assert each.state == hypothesis_pb2.HYPOTHESIS_STATE_PROPOSED
        assert each.statement
        assert each.falsifier
        assert each.primary_metric_id in {"signup", "purchase", "revenue"}
        assert 0 <= each.confidence.value <= 1
        assert each.required_test.relative_mde > 0
        assert each.because
        assert {one for said in each.because for one in said.evidence_ids} <= known
        assert [one.metric_id for one in each.metrics] == ["signup", "purchase", "revenue"]


def test_hypotheses_when_nothing_bears_any_then_none_is_an_answer(busy_lab: Lab) -> None:
    request = pb.SuggestHypothesesRequest(metrics=[rate(baseline=None, unit_count=0)], ignore_stored_experiments=True)

    job = busy_lab.ended(busy_lab["ann"].SuggestHypotheses(request).job)

    assert (job.state, list(job.hypothesis_ids)) == (SUCCEEDED, [])
    assert is_of_engine(job.provenance)


def test_design_when_of_a_hypothesis_then_its_metrics_are_taken(busy_lab: Lab) -> None:
    made = busy_lab.ended(busy_lab["ann"].SuggestHypotheses(suggest()).job)
    request = pb.ListHypothesesRequest(job_id=made.job_id, metric_id="signup")
    hypothesis = busy_lab["ann"].ListHypotheses(request).hypotheses[0]
    asked = pb.RecommendDesignRequest(hypothesis_id=hypothesis.hypothesis_id, traffic=suggest().traffic)

    job = busy_lab.ended(busy_lab["ann"].RecommendDesign(asked).job)

    stored = busy_lab["vic"].GetDesign(pb.GetDesignRequest(design_id=job.design_id)).design
    assert (job.state, stored.job_id, stored.hypothesis_id) == (SUCCEEDED, job.job_id, hypothesis.hypothesis_id)
    assert (stored.plan.primary_metric_id, stored.description) == ("signup", hypothesis.statement)
    assert is_of_engine(stored.provenance)
    assert stored.metrics == hypothesis.metrics


def test_design_when_described_then_it_says_how_much_it_takes_and_why(busy_lab: Lab) -> None:
    job = busy_lab.ended(busy_lab["ann"].RecommendDesign(design()).job)

    stored = busy_lab["vic"].GetDesign(pb.GetDesignRequest(design_id=job.design_id)).design
    assert stored.recommended
    assert stored.reachable
    assert stored.plan.duration.ToSeconds() % (7 * 24 * 3600) == 0
    assert list(stored.plan.arm_shares) == [0.5, 0.5]
    assert min(stored.required_units) > 0
    assert [each.week_count for each in stored.detectable_lifts] == list(range(1, len(stored.detectable_lifts) + 1))
    assert stored.reasons
    assert all(finding.severity != hypothesis_pb2.FINDING_SEVERITY_BLOCKING for finding in stored.findings)
    known = {fact.evidence_id for fact in evidence(busy_lab, stored.provenance).facts}
    assert {one for said in stored.reasons for one in said.evidence_ids} <= known


def test_design_when_too_little_traffic_comes_then_it_is_stored_and_not_recommended(busy_lab: Lab) -> None:
    scarce = design(traffic={"units_per_day": 20})

    job = busy_lab.ended(busy_lab["ann"].RecommendDesign(scarce).job)

    stored = busy_lab["vic"].GetDesign(pb.GetDesignRequest(design_id=job.design_id)).design
    assert (job.state, stored.recommended, stored.reachable) == (SUCCEEDED, False, False)
    assert stored.findings[0].severity == hypothesis_pb2.FINDING_SEVERITY_BLOCKING


def test_analysis_when_the_treatment_is_better_then_its_numbers_are_those_of_the_data(busy_lab: Lab) -> None:
    job = busy_lab.ended(busy_lab["ann"].AnalyzeExperiment(analyze("winner")).job)

    stored = busy_lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id=job.analysis_id)).analysis
    assert (job.state, stored.experiment_id, stored.version, stored.revision) == (SUCCEEDED, "winner", 1, 0)
    assert stored.data_source == analysis_pb2.DATA_SOURCE_AGGREGATES
    assert is_of_engine(stored.provenance)
    [primary] = stored.comparisons
    assert (primary.arm_id, primary.control_mean, primary.arm_mean) == ("short", 0.1, 0.125)
    assert primary.answer.difference.estimate == pytest.approx(0.025)
    assert primary.answer.relative_lift.estimate == pytest.approx(0.25)
    assert primary.status == analysis_pb2.COMPARISON_STATUS_BETTER
    assert (stored.unit_count, stored.sample.unit_count) == (20_000, 20_000)
    assert [each.arm_id for each in stored.arms] == ["control", "short"]
    assert stored.decision.verdict != analysis_pb2.DECISION_VERDICT_UNSPECIFIED
    assert stored.decision.text.text
    assert stored.statements
    assert stored.health
    known = {fact.evidence_id for fact in evidence(busy_lab, stored.provenance).facts}
    assert {one for said in stored.statements for one in said.evidence_ids} <= known


def test_analysis_when_there_is_an_earlier_one_then_they_are_versions(busy_lab: Lab) -> None:
    first = busy_lab.ended(busy_lab["ann"].AnalyzeExperiment(analyze("versions")).job)
    skewed = sums(arms=[arm("control", 10_000, 1_000, control=True), arm("short", 20_000, 2_000)])
    second = busy_lab.ended(busy_lab["ann"].AnalyzeExperiment(analyze("versions", aggregates=skewed)).job)

    listed = busy_lab["vic"].ListAnalyses(pb.ListAnalysesRequest(experiment_id="versions")).analyses

    assert [(each.analysis_id, each.version) for each in listed] == [(second.analysis_id, 2), (first.analysis_id, 1)]
    assert listed[0].decision.verdict == analysis_pb2.DECISION_VERDICT_INVESTIGATE
    assert (listed[0].decision_changed, listed[1].decision_changed) == (True, False)


def test_evidence_when_read_then_its_facts_are_named_and_its_text_is_whole(busy_lab: Lab) -> None:
    job = busy_lab.ended(busy_lab["ann"].AnalyzeExperiment(analyze("evidence")).job)

    pack = evidence(busy_lab, job.provenance)

    lifts = [fact for fact in pack.facts if fact.kind == "relative_lift"]
    assert [(fact.metric_id, fact.arm_id, fact.text) for fact in lifts] == [("signup", "short", "+25.0 %")]
    assert json.loads(pack.canonical_json)["facts"]
    assert pack.HasField("as_of")


def test_counters_when_jobs_have_ended_then_they_equal_the_rows(busy_lab: Lab) -> None:
    labels = (("outcome", "degraded"), ("provider", "heuristic"))

    def rows(name: str, request: object, field: str) -> int:
        return len(getattr(getattr(busy_lab["vic"], name)(request), field))

    assert busy_lab.samples("llm_hypotheses_generated_total") == {
        labels: rows("ListHypotheses", pb.ListHypothesesRequest(page_size=500), "hypotheses")
    }
    assert busy_lab.samples("llm_result_analyses_total") == {
        labels: rows("ListAnalyses", pb.ListAnalysesRequest(page_size=500), "analyses")
    }
    designs = busy_lab["vic"].ListDesigns(pb.ListDesignsRequest(page_size=500)).designs
    assert sum(busy_lab.samples("llm_experiment_designs_total").values()) == len(designs)
