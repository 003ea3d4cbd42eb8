"""All routes of the REST surface, by resource."""

from typing import Final

from services.gateway.rest.route import Route
from services.gateway.rest.table import (
    allocation,
    analyses,
    audit,
    bandit,
    caller,
    change_requests,
    designs,
    experiments,
    hypotheses,
    jobs,
    policies,
)

# What is written out stands before what a parameter would match.
ROUTES: Final[tuple[Route, ...]] = (
    *hypotheses.ROUTES,
    *designs.ROUTES,
    *analyses.ROUTES,
    *jobs.ROUTES,
    *experiments.ROUTES,
    *change_requests.ROUTES,
    *policies.ROUTES,
    *bandit.ROUTES,
    *allocation.ROUTES,
    *audit.ROUTES,
    *caller.ROUTES,
)
