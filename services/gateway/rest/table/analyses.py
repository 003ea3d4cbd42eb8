"""Analyses of experiments, and what they rest on."""

from typing import Final

from services.gateway.rest.route import WHOLE, Route

_TAG: Final = "analyses"

ROUTES: Final = (
    Route(
        "POST",
        "/experiments/{experiment_id}/analyze",
        "AnalysisService.AnalyzeExperiment",
        _TAG,
        body=WHOLE,
        answer="job",
        status=202,
        location="/jobs/{job_id}",
    ),
    Route("GET", "/experiments/{experiment_id}/analyses", "AnalysisService.ListAnalyses", _TAG),
    Route("GET", "/analyses", "AnalysisService.ListAnalyses", _TAG),
    Route("GET", "/analyses/{analysis_id}", "AnalysisService.GetAnalysis", _TAG, answer="analysis"),
    Route("GET", "/evidence/{sha256}", "AnalysisService.GetEvidence", _TAG, answer="evidence_pack"),
)
