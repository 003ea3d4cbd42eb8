"""Hypotheses: suggested by the AI, accepted or rejected by people."""

from typing import Final

from services.gateway.rest.route import WHOLE, Etag, Route

_TAG: Final = "hypotheses"
_ONE: Final = "/hypotheses/{hypothesis_id}"

ROUTES: Final = (
    Route(
        "POST",
        "/experiments/suggest-hypotheses",
        "AnalysisService.SuggestHypotheses",
        _TAG,
        body=WHOLE,
        answer="job",
        status=202,
        location="/jobs/{job_id}",
    ),
    Route("GET", "/hypotheses", "AnalysisService.ListHypotheses", _TAG),
    Route("GET", _ONE, "AnalysisService.GetHypothesis", _TAG, answer="hypothesis", etag=Etag.FIELD),
    Route(
        "POST",
        f"{_ONE}/review",
        "AnalysisService.ReviewHypothesis",
        _TAG,
        body=WHOLE,
        answer="hypothesis",
        etag=Etag.FIELD,
        if_match=Etag.FIELD,
    ),
    Route("GET", "/effectiveness", "AnalysisService.GetEffectiveness", _TAG),
)
