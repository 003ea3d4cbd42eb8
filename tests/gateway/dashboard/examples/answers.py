"""What each method of the services answers."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from experimentation.v1 import (
    analysis_pb2,
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    review_service_pb2,
)
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from shared.errors import PlatformError
from tests.gateway.dashboard.examples.analyses import analysis, evidence, listed_analyses
from tests.gateway.dashboard.examples.bandits import bandit, snapshot
from tests.gateway.dashboard.examples.experiments import audit_events, experiment, experiments, revisions
from tests.gateway.dashboard.examples.ideas import design, designs, hypotheses, hypothesis, lifts
from tests.gateway.dashboard.examples.ids import REQUEST_ID
from tests.gateway.dashboard.examples.jobs import job, provider_call
from tests.gateway.dashboard.examples.requests import change_request, change_requests

Answer = Message | PlatformError | Callable[[Any], Message]


def answers() -> dict[str, Answer]:
    """Returns what each method answers."""
    made = job(state=analysis_pb2.JOB_STATE_QUEUED, stage=analysis_pb2.JOB_STAGE_WAITING)
    reviewed = change_request()
    return {
        "ListExperiments": requests_pb2.ListExperimentsResponse(experiments=experiments()),
        "GetExperiment": requests_pb2.GetExperimentResponse(experiment=experiment()),
        "ProposeChange": requests_pb2.ProposeChangeResponse(change_request=reviewed, experiment=experiment()),
        "ListRevisions": requests_pb2.ListRevisionsResponse(revisions=revisions()),
        "ListAuditEvents": audit_service_pb2.ListAuditEventsResponse(events=audit_events()),
        "ListChangeRequests": review_service_pb2.ListChangeRequestsResponse(change_requests=change_requests()),
        "GetChangeRequest": review_service_pb2.GetChangeRequestResponse(change_request=reviewed),
        "ApproveChangeRequest": review_service_pb2.ApproveChangeRequestResponse(change_request=reviewed),
        "RejectChangeRequest": review_service_pb2.RejectChangeRequestResponse(change_request=reviewed),
        "RequestChanges": review_service_pb2.RequestChangesResponse(change_request=reviewed),
        "AddComment": review_service_pb2.AddCommentResponse(change_request=reviewed),
        "SubmitChangeRequest": review_service_pb2.SubmitChangeRequestResponse(change_request=reviewed),
        "CancelChangeRequest": review_service_pb2.CancelChangeRequestResponse(change_request=reviewed),
        "ApplyChangeRequest": review_service_pb2.ApplyChangeRequestResponse(change_request=reviewed),
        "EmergencyApply": review_service_pb2.EmergencyApplyResponse(change_request=reviewed),
        "SignEmergency": review_service_pb2.SignEmergencyResponse(change_request=reviewed),
        "GetBandit": bandit_service_pb2.GetBanditResponse(bandit=bandit()),
        "ListPolicySnapshots": bandit_service_pb2.ListPolicySnapshotsResponse(
            snapshots=[snapshot(version) for version in range(9, 0, -1)]
        ),
        "Freeze": bandit_service_pb2.FreezeResponse(),
        "Unfreeze": bandit_service_pb2.UnfreezeResponse(),
        "ServeControl": bandit_service_pb2.ServeControlResponse(),
        "ServeArms": bandit_service_pb2.ServeArmsResponse(),
        "ListAnalyses": listed_analyses,
        "GetAnalysis": analysis_service_pb2.GetAnalysisResponse(analysis=analysis()),
        "GetEvidence": analysis_service_pb2.GetEvidenceResponse(evidence_pack=evidence()),
        "ListProviderCalls": analysis_service_pb2.ListProviderCallsResponse(provider_calls=[provider_call()]),
        "ListHypotheses": analysis_service_pb2.ListHypothesesResponse(hypotheses=hypotheses()),
        "ReviewHypothesis": analysis_service_pb2.ReviewHypothesisResponse(hypothesis=hypothesis()),
        "ListDesigns": analysis_service_pb2.ListDesignsResponse(designs=designs()),
        "GetDesign": analysis_service_pb2.GetDesignResponse(design=design()),
        "ValidateDesign": analysis_service_pb2.ValidateDesignResponse(acceptable=True, findings=design().findings),
        "PlanSampleSize": analysis_service_pb2.PlanSampleSizeResponse(
            units_per_arm=31234, unit_count=62468, weeks=3, detectable_lifts=lifts()
        ),
        "CreateExperimentFromDesign": analysis_service_pb2.CreateExperimentFromDesignResponse(
            experiment=experiment(), change_request_id=REQUEST_ID, design=design()
        ),
        "SuggestHypotheses": analysis_service_pb2.SuggestHypothesesResponse(job=made),
        "RecommendDesign": analysis_service_pb2.RecommendDesignResponse(job=made),
        "AnalyzeExperiment": analysis_service_pb2.AnalyzeExperimentResponse(job=made),
        "GetJob": analysis_service_pb2.GetJobResponse(job=job()),
        "ListJobs": analysis_service_pb2.ListJobsResponse(jobs=[job()]),
        "CancelJob": analysis_service_pb2.CancelJobResponse(job=job(cancel_requested=True)),
    }
