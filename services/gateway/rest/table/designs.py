"""Designs: recommended, validated, sized, and made into experiments."""

from typing import Final

from services.gateway.rest.route import WHOLE, Route

_TAG: Final = "designs"


def _recommendation(path: str) -> Route:
    return Route(
        "POST",
        path,
        "AnalysisService.RecommendDesign",
        _TAG,
        body=WHOLE,
        answer="job",
        status=202,
        location="/jobs/{job_id}",
    )


ROUTES: Final = (
    _recommendation("/designs"),
    # What is to be an experiment and is none yet goes by the id of its hypothesis.
    _recommendation("/experiments/{hypothesis_id}/recommend-design"),
    Route("GET", "/designs", "AnalysisService.ListDesigns", _TAG),
    Route("POST", "/designs/validate", "AnalysisService.ValidateDesign", _TAG, body=WHOLE),
    Route("POST", "/designs/plan-sample-size", "AnalysisService.PlanSampleSize", _TAG, body=WHOLE),
    Route("GET", "/designs/{design_id}", "AnalysisService.GetDesign", _TAG, answer="design"),
    Route(
        "POST",
        "/designs/{design_id}/create-experiment",
        "AnalysisService.CreateExperimentFromDesign",
        _TAG,
        body=WHOLE,
        status=201,
        location="/experiments/{experiment.experiment_id}",
    ),
)
