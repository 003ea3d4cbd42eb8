"""Policy rules: what needs approvals."""

from typing import Final

from services.gateway.rest.route import WHOLE, Route

_TAG: Final = "policies"

ROUTES: Final = (
    Route("GET", "/policies", "ReviewService.ListPolicies", _TAG),
    Route(
        "POST",
        "/policies",
        "ReviewService.ProposePolicy",
        _TAG,
        body=WHOLE,
        answer="change_request",
        status=201,
        location="/change-requests/{change_request_id}",
    ),
    Route("GET", "/policies/current", "ReviewService.GetPolicy", _TAG, answer="policy"),
    Route("GET", "/policies/{version}", "ReviewService.GetPolicy", _TAG, answer="policy"),
    Route("POST", "/experiments/{experiment_id}/test-policy", "ReviewService.TestPolicy", _TAG, body=WHOLE),
)
