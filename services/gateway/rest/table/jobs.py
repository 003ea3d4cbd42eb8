"""Jobs: what the AI is doing, and how it goes."""

from typing import Final

from services.gateway.rest.route import WHOLE, Events, Route

_TAG: Final = "jobs"
_ONE: Final = "/jobs/{job_id}"

ROUTES: Final = (
    Route("GET", "/jobs", "AnalysisService.ListJobs", _TAG),
    Route("GET", _ONE, "AnalysisService.GetJob", _TAG, answer="job"),
    Route("POST", f"{_ONE}/cancel", "AnalysisService.CancelJob", _TAG, body=WHOLE, answer="job"),
    Route("GET", f"{_ONE}/events", "AnalysisService.WatchJob", _TAG, events=Events("job", resume="after_version")),
    Route("GET", f"{_ONE}/provider-calls", "AnalysisService.ListProviderCalls", _TAG),
)
