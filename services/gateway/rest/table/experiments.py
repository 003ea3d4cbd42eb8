"""Experiments and their revisions."""

from typing import Final

from services.gateway.rest.route import WHOLE, Etag, Route

_TAG: Final = "experiments"

ROUTES: Final = (
    Route(
        "POST",
        "/experiments",
        "ExperimentService.CreateExperiment",
        _TAG,
        body="experiment",
        answer="experiment",
        status=201,
        location="/experiments/{experiment_id}",
        etag=Etag.FIELD,
    ),
    Route("GET", "/experiments", "ExperimentService.ListExperiments", _TAG),
    Route(
        "GET",
        "/experiments/{experiment_id}",
        "ExperimentService.GetExperiment",
        _TAG,
        answer="experiment",
        etag=Etag.FIELD,
    ),
    Route("GET", "/experiments/{experiment_id}/revisions", "ExperimentService.ListRevisions", _TAG),
    Route(
        "POST",
        "/experiments/{experiment_id}/changes",
        "ExperimentService.ProposeChange",
        _TAG,
        body=WHOLE,
        status=201,
        location="/change-requests/{change_request.change_request_id}",
        if_match=Etag.FIELD,
    ),
)
