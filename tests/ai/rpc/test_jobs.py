"""GetJob, ListJobs, CancelJob and ListProviderCalls."""

import pytest

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import INVALID_FIELD, INVALID_PAGE_TOKEN, NO_JOB, NOT_PERMITTED, analyze, design, suggest


@pytest.fixture(scope="module")
def jobs(shared_lab: Lab) -> list[analysis_pb2.Job]:
    """Are jobs of all kinds, the newest first; the last one that is asked for is cancelled."""
    ann = shared_lab["ann"]
    made = [
        ann.SuggestHypotheses(suggest()).job,
        ann.AnalyzeExperiment(analyze("banner")).job,
        ann.RecommendDesign(design()).job,
        ann.AnalyzeExperiment(analyze("form")).job,
        ann.AnalyzeExperiment(analyze("banner")).job,
    ]
    made[-1] = ann.CancelJob(pb.CancelJobRequest(job_id=made[-1].job_id)).job
    return made[::-1]


def listed(lab: Lab, **fields: object) -> list[analysis_pb2.Job]:
    return list(lab["vic"].ListJobs(pb.ListJobsRequest(**fields)).jobs)  # type: ignore[arg-type]


def test_list_when_nothing_is_asked_for_then_all_newest_first(shared_lab: Lab, jobs: list[analysis_pb2.Job]) -> None:
    assert listed(shared_lab) == jobs


def test_list_when_filtered_then_those_alone(shared_lab: Lab, jobs: list[analysis_pb2.Job]) -> None:
    analyses = [job for job in jobs if job.kind == analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT]

    assert listed(shared_lab, kind=analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT) == analyses
    assert listed(shared_lab, state=analysis_pb2.JOB_STATE_CANCELLED) == jobs[:1]
    assert listed(shared_lab, experiment_id="banner") == [jobs[0], jobs[3]]
    assert listed(shared_lab, experiment_id="banner", state=analysis_pb2.JOB_STATE_QUEUED) == [jobs[3]]
    assert listed(shared_lab, experiment_id="nowhere") == []


def test_list_when_paged_then_every_job_once(shared_lab: Lab, jobs: list[analysis_pb2.Job]) -> None:
    found: list[analysis_pb2.Job] = []
    token = ""
    for _ in range(3):
        page = shared_lab["vic"].ListJobs(pb.ListJobsRequest(page_size=2, page_token=token))
        found, token = [*found, *page.jobs], page.next_page_token

    assert (found, token) == (jobs, "")


def test_list_when_the_page_is_of_another_list_then_refused(
    shared_lab: Lab, jobs: list[analysis_pb2.Job], refused: Refused
) -> None:
    token = shared_lab["vic"].ListJobs(pb.ListJobsRequest(page_size=2)).next_page_token

    other = refused(shared_lab["vic"].ListJobs, pb.ListJobsRequest(page_token=token, experiment_id="banner"))
    garbled = refused(shared_lab["vic"].ListJobs, pb.ListJobsRequest(page_token="x"))
    negative = refused(shared_lab["vic"].ListJobs, pb.ListJobsRequest(page_size=-1))

    assert other.reason == garbled.reason == INVALID_PAGE_TOKEN
    assert (negative.reason, negative.fields) == (INVALID_FIELD, ["page_size"])


def test_get_when_there_is_no_such_job_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answers = [
        refused(shared_lab["ann"].GetJob, pb.GetJobRequest(job_id="job_0")),
        refused(shared_lab["ann"].CancelJob, pb.CancelJobRequest(job_id="job_0")),
        refused(shared_lab["ann"].ListProviderCalls, pb.ListProviderCallsRequest(job_id="job_0")),
    ]

    assert [each.reason for each in answers] == [NO_JOB] * 3
    assert answers[0].error.metadata == {"job_id": "job_0"}


def test_get_when_no_id_is_given_then_refused(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(shared_lab["ann"].GetJob, pb.GetJobRequest())

    assert (answer.reason, answer.fields) == (INVALID_FIELD, ["job_id"])


def test_cancel_when_it_waits_then_it_ends_at_once(shared_lab: Lab) -> None:
    job = shared_lab["ann"].SuggestHypotheses(suggest()).job

    ended = shared_lab["bob"].CancelJob(pb.CancelJobRequest(job_id=job.job_id)).job
    again = shared_lab["bob"].CancelJob(pb.CancelJobRequest(job_id=job.job_id)).job

    assert ended.state == analysis_pb2.JOB_STATE_CANCELLED
    assert ended.HasField("ended_at")
    assert ended.version > job.version
    assert again == ended
    assert shared_lab["vic"].GetJob(pb.GetJobRequest(job_id=job.job_id)).job == ended


def test_cancel_when_a_viewer_asks_then_denied(shared_lab: Lab, refused: Refused) -> None:
    job = shared_lab["ann"].SuggestHypotheses(suggest()).job

    assert refused(shared_lab["vic"].CancelJob, pb.CancelJobRequest(job_id=job.job_id)).reason == NOT_PERMITTED


def test_list_provider_calls_when_nobody_was_asked_then_none(shared_lab: Lab) -> None:
    job = shared_lab["ann"].SuggestHypotheses(suggest()).job

    calls = shared_lab["vic"].ListProviderCalls(pb.ListProviderCallsRequest(job_id=job.job_id))

    assert calls == pb.ListProviderCallsResponse()
