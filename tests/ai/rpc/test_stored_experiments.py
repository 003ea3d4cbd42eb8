"""AnalyzeExperiment of experiments of the store: what the bandit recorded, and what is missing of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from shared import clock
from shared.definition.model import Experiment, ExperimentState
from tests.ai.rpc.lab import Lab
from tests.ai.store.recording import CHECKOUT, apply


def analysed(lab: Lab, experiment: Experiment) -> analysis_pb2.Job:
    return lab.ended(
        lab["ann"].AnalyzeExperiment(pb.AnalyzeExperimentRequest(experiment_id=experiment.experiment_id)).job
    )


def stored(engine: sqlalchemy.Engine, experiment_id: str, state: ExperimentState) -> Experiment:
    started = None if state is ExperimentState.DRAFT else clock.now() - timedelta(days=3)
    experiment = replace(CHECKOUT, experiment_id=experiment_id, state=state, started_at=started)
    apply(engine, experiment)
    return experiment


def test_analyze_when_nothing_is_recorded_yet_then_it_says_what_is_missing_and_invents_nothing(
    busy_lab: Lab, module_engine: sqlalchemy.Engine
) -> None:
    experiment = stored(module_engine, "empty", ExperimentState.RUNNING)

    job = analysed(busy_lab, experiment)

    found = busy_lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id=job.analysis_id)).analysis
    assert job.state == analysis_pb2.JOB_STATE_SUCCEEDED
    assert found.data_source == analysis_pb2.DATA_SOURCE_STORE
    assert found.unit_count == 0
    assert found.decision.verdict in {
        analysis_pb2.DECISION_VERDICT_CONTINUE,
        analysis_pb2.DECISION_VERDICT_INVESTIGATE,
    }
    for each in found.comparisons:
        assert each.status == analysis_pb2.COMPARISON_STATUS_INSUFFICIENT_DATA
        assert not each.answer.HasField("difference")
        assert not each.HasField("arm_mean")
    assert found.statements


@pytest.mark.parametrize("state", [ExperimentState.DRAFT])
def test_analyze_when_it_was_never_started_then_the_job_says_so(
    busy_lab: Lab, module_engine: sqlalchemy.Engine, state: ExperimentState
) -> None:
    job = analysed(busy_lab, stored(module_engine, "not-started", state))

    assert job.state == analysis_pb2.JOB_STATE_FAILED
    assert job.failure.reason == "INVALID_STATE"
    assert job.failure.message
    assert not job.HasField("provenance")
