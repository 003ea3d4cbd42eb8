"""Refuses ids that are words of paths: an experiment of that name could not be reached."""

from typing import Any, Final

from services.gateway.rest.route import Route
from shared.errors import invalid_field

RESERVED: Final = frozenset({"suggest-hypotheses"})

_CREATING: Final = {
    "ExperimentService.CreateExperiment": "experiment.experiment_id",
    "AnalysisService.CreateExperimentFromDesign": "experiment_id",
}


def check(route: Route, request: Any) -> None:
    """Returns if the request creates nothing under a reserved id.

    Raises:
        InvalidArgument: INVALID_FIELD, it would.
    """
    path = _CREATING.get(route.rpc)
    if path is None:
        return
    value = request
    for name in path.split("."):
        value = getattr(value, name)
    if value in RESERVED:
        raise invalid_field(path, f"{value!r} is reserved: it is a word of a path of this API")
