"""What makes the share of the analysis split valid, and which policies it goes with."""

from typing import Final

from services.review.domain import checks
from shared import errors
from shared.definition import model

_SHARE: Final = "traffic.analysis_share"


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with the analysis split, its fit to algorithm and controls included."""
    share = experiment.traffic.analysis_share
    if not 0 <= share < 1:
        yield errors.FieldViolation(_SHARE, f"is {share:g}, must be from 0 to below 1")
    if share == 0:
        return
    policy = experiment.allocation_policy
    if isinstance(policy.algorithm, model.FixedSplit):
        yield errors.FieldViolation(
            _SHARE, "is given, but a fixed split learns nothing: all of its units can be analysed"
        )
    if policy.controls.shadow:
        yield errors.FieldViolation(_SHARE, "is given, but in shadow everybody gets the control")
    if policy.controls.budget is not None:
        yield errors.FieldViolation(_SHARE, "is given, but a budget cannot bound what fixed shares cost")
