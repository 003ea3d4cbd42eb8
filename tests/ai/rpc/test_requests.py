"""SuggestHypotheses, RecommendDesign and AnalyzeExperiment: the job that is returned, retries, limits."""

from typing import Any

import pytest
import sqlalchemy

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.config import JobOptions
from tests.ai.rpc import lab as labs
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import NOT_PERMITTED, REUSED, TOO_MANY, analyze, design, suggest

STARTS = [
    pytest.param("SuggestHypotheses", suggest, analysis_pb2.JOB_KIND_SUGGEST_HYPOTHESES, id="hypotheses"),
    pytest.param("RecommendDesign", design, analysis_pb2.JOB_KIND_RECOMMEND_DESIGN, id="design"),
    pytest.param("AnalyzeExperiment", analyze, analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT, id="analysis"),
]


def start(lab: Lab, name: str, request: Any, who: str = "ann") -> analysis_pb2.Job:
    job: analysis_pb2.Job = getattr(lab[who], name)(request).job
    return job


@pytest.mark.parametrize(("name", "make", "kind"), STARTS)
def test_start_when_asked_then_the_job_waits_and_is_stored(lab: Lab, name: str, make: Any, kind: int) -> None:
    job = start(lab, name, make())

    assert (job.kind, job.state, job.stage) == (kind, analysis_pb2.JOB_STATE_QUEUED, analysis_pb2.JOB_STAGE_WAITING)
    assert (job.queue, job.creator, job.version) == (analysis_pb2.JOB_QUEUE_INTERACTIVE, "ann", 1)
    assert job.HasField("created_at")
    assert not job.HasField("started_at")
    assert not job.HasField("provenance")
    assert lab["vic"].GetJob(pb.GetJobRequest(job_id=job.job_id)).job == job


@pytest.mark.parametrize(("name", "make", "kind"), STARTS)
def test_start_when_nobody_waits_then_it_goes_to_the_bulk(lab: Lab, name: str, make: Any, kind: int) -> None:
    job = start(lab, name, make(queue=analysis_pb2.JOB_QUEUE_BULK))

    assert (job.kind, job.queue) == (kind, analysis_pb2.JOB_QUEUE_BULK)


def test_analyze_when_asked_then_the_job_names_the_experiment(lab: Lab) -> None:
    assert start(lab, "AnalyzeExperiment", analyze("banner")).experiment_id == "banner"


@pytest.mark.parametrize(("name", "make", "kind"), STARTS)
def test_start_when_tried_again_then_the_same_job(lab: Lab, name: str, make: Any, kind: int) -> None:
    first = start(lab, name, make(request_id="r1"))

    again = start(lab, name, make(request_id="r1"))
    of_another = start(lab, name, make(request_id="r1"), who="bob")
    without_id = start(lab, name, make())

    assert again == first
    assert len({first.job_id, of_another.job_id, without_id.job_id}) == 3
    assert len(lab["ann"].ListJobs(pb.ListJobsRequest()).jobs) == 3


def test_start_when_the_request_id_was_used_for_something_else_then_refused(lab: Lab, refused: Refused) -> None:
    start(lab, "SuggestHypotheses", suggest(request_id="r1"))

    other_text = refused(lab["ann"].SuggestHypotheses, suggest(request_id="r1", goal="more signups"))
    other_kind = refused(lab["ann"].RecommendDesign, design(request_id="r1"))

    assert other_text.reason == other_kind.reason == REUSED
    assert other_text.error.metadata == {"request_id": "r1"}
    assert len(lab["ann"].ListJobs(pb.ListJobsRequest()).jobs) == 1


def test_start_when_too_many_wait_then_refused(engine: sqlalchemy.Engine, refused: Refused) -> None:
    with labs.opened(engine, jobs=JobOptions(queue_limit=2)) as lab:
        start(lab, "SuggestHypotheses", suggest(request_id="r1"))
        start(lab, "SuggestHypotheses", suggest())

        answer = refused(labs.once(lab, "ann").SuggestHypotheses, suggest())

        assert answer.reason == TOO_MANY
        assert start(lab, "SuggestHypotheses", suggest(request_id="r1")).version == 1


@pytest.mark.parametrize(("name", "make", "kind"), STARTS)
def test_start_when_a_viewer_asks_then_denied(lab: Lab, refused: Refused, name: str, make: Any, kind: int) -> None:
    assert refused(getattr(lab["vic"], name), make()).reason == NOT_PERMITTED
