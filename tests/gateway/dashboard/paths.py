"""All pages, by name."""

from typing import Final

from tests.gateway.dashboard import examples

EXPERIMENT: Final = f"/insights/experiments/{examples.EXPERIMENT_ID}"
BANDIT: Final = f"{EXPERIMENT}/bandit"
REVIEW: Final = f"/insights/reviews/{examples.REQUEST_ID}"
DESIGN: Final = f"/insights/designs/{examples.DESIGN_ID}"
JOB: Final = f"/insights/jobs/{examples.JOB_ID}"

PAGES: Final = {
    "overview": "/",
    "experiment": EXPERIMENT,
    "report": f"{EXPERIMENT}/report",
    "bandit": BANDIT,
    "experiment-analysis": f"{EXPERIMENT}/analyses",
    "experiment-changes": f"{EXPERIMENT}/reviews",
    "analyses": "/insights/analyses",
    "analysis": f"/insights/analyses/{examples.ANALYSIS_ID}",
    "evidence": f"/insights/evidence/{examples.EVIDENCE}",
    "hypotheses": "/insights/hypotheses",
    "designs": "/insights/designs",
    "design": DESIGN,
    "reviews": "/insights/reviews",
    "review": REVIEW,
    "job": JOB,
}
