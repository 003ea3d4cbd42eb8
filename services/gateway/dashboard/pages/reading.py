"""Calls that several pages make."""

from experimentation.v1 import (
    analysis_pb2,
    analysis_service_pb2,
    audit_service_pb2,
    common_pb2,
    identity_service_pb2,
    review_service_pb2,
)
from experimentation.v1 import experiment_service_pb2 as experiments_pb2
from services.gateway.dashboard.answers import Answer
from services.gateway.dashboard.views.messages import newest_first
from services.gateway.dashboard.visit import Visit
from shared.errors import NotFound
from shared.identity.permission import Permission

MOST_ANALYSES = 60


async def experiment(visit: Visit, experiment_id: str) -> common_pb2.Experiment:
    """Returns one experiment."""
    request = experiments_pb2.GetExperimentRequest(experiment_id=experiment_id)
    answer = await visit.call(visit.upstream.experiments.GetExperiment, request, experiments_pb2.GetExperimentResponse)
    return answer.experiment


async def analyses(visit: Visit, experiment_id: str) -> list[analysis_pb2.ExperimentAnalysis]:
    """Returns the newest analyses of an experiment, the newest first."""
    request = analysis_service_pb2.ListAnalysesRequest(experiment_id=experiment_id, page_size=MOST_ANALYSES)
    answer = await visit.call(visit.upstream.analysis.ListAnalyses, request, analysis_service_pb2.ListAnalysesResponse)
    return newest_first(answer.analyses)


async def latest_analyses(visit: Visit, *, page_token: str = "") -> analysis_service_pb2.ListAnalysesResponse:
    """Returns a page of the newest analysis of each experiment."""
    request = analysis_service_pb2.ListAnalysesRequest(latest_only=True, page_size=100, page_token=page_token)
    return await visit.call(visit.upstream.analysis.ListAnalyses, request, analysis_service_pb2.ListAnalysesResponse)


async def revisions(visit: Visit, experiment_id: str) -> list[experiments_pb2.Revision]:
    """Returns the newest revisions of an experiment."""
    request = experiments_pb2.ListRevisionsRequest(experiment_id=experiment_id, page_size=15)
    answer = await visit.call(visit.upstream.experiments.ListRevisions, request, experiments_pb2.ListRevisionsResponse)
    return list(answer.revisions)


async def audit(visit: Visit, target: str) -> list[audit_service_pb2.AuditEvent]:
    """Returns the newest events of a target."""
    request = audit_service_pb2.ListAuditEventsRequest(target=target, page_size=15, newest_first=True)
    answer = await visit.call(visit.upstream.audit.ListAuditEvents, request, audit_service_pb2.ListAuditEventsResponse)
    return list(answer.events)


async def jobs(visit: Visit, state: "analysis_pb2.JobState.ValueType") -> list[analysis_pb2.Job]:
    """Returns the newest jobs in a state."""
    request = analysis_service_pb2.ListJobsRequest(page_size=10, state=state)
    answer = await visit.call(visit.upstream.analysis.ListJobs, request, analysis_service_pb2.ListJobsResponse)
    return list(answer.jobs)


async def caller(visit: Visit) -> identity_service_pb2.GetCallerResponse:
    """Returns who looks, and what they may do."""
    return await visit.call(
        visit.upstream.identities.GetCaller,
        identity_service_pb2.GetCallerRequest(),
        identity_service_pb2.GetCallerResponse,
    )


async def change_requests(
    visit: Visit, chosen: review_service_pb2.ChangeRequestFilter, *, page_token: str = ""
) -> review_service_pb2.ListChangeRequestsResponse:
    """Returns a page of change requests."""
    request = review_service_pb2.ListChangeRequestsRequest(page_size=50, page_token=page_token, filter=chosen)
    return await visit.call(
        visit.upstream.reviews.ListChangeRequests, request, review_service_pb2.ListChangeRequestsResponse
    )


def permissions(answer: Answer[identity_service_pb2.GetCallerResponse]) -> frozenset[str] | None:
    """Returns what whoever looks may do; None where that is not known just now."""
    return frozenset(answer.value.permissions) if answer.value is not None else None


def may(permission: Permission, answer: Answer[identity_service_pb2.GetCallerResponse]) -> bool:
    """Says whether to offer whoever looks what needs a permission: yes where that is not known just now."""
    allowed = permissions(answer)
    return allowed is None or permission in allowed


def must_exist(answer: Answer[common_pb2.Experiment]) -> None:
    """Lets a page pass, unless its experiment is known not to be here.

    Raises:
        NotFound: There is no such experiment.
    """
    if isinstance(answer.error, NotFound):
        raise answer.error
