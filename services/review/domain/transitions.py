"""The one table of states: which change is open in which state, and where it leads."""

from collections.abc import Mapping
from types import MappingProxyType

from services.review.domain import changes
from shared import errors
from shared.definition import model

DRAFT, RUNNING, PAUSED, STOPPED = model.ExperimentState
_UNTIL_STOPPED = {DRAFT: DRAFT, RUNNING: RUNNING, PAUSED: PAUSED}

TRANSITIONS: Mapping[type[changes.Change], Mapping[model.ExperimentState, model.ExperimentState]] = MappingProxyType(
    {
        changes.Start: {DRAFT: RUNNING},
        changes.Pause: {RUNNING: PAUSED},
        changes.Resume: {PAUSED: RUNNING},
        changes.Stop: {RUNNING: STOPPED, PAUSED: STOPPED},
        changes.EditArms: _UNTIL_STOPPED,
        changes.EditMetrics: _UNTIL_STOPPED,
        changes.EditAllocation: _UNTIL_STOPPED,
        changes.EditTraffic: _UNTIL_STOPPED,
        changes.EditDetails: {**_UNTIL_STOPPED, STOPPED: STOPPED},
    }
)


def next_state(change: changes.Change, experiment: model.Experiment) -> model.ExperimentState:
    """Returns the state that the change leads to.

    Raises:
        FailedPrecondition: INVALID_STATE, the change is not open in the experiment's state.
    """
    open_states = TRANSITIONS[type(change)]
    if experiment.state not in open_states:
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"experiment {experiment.experiment_id!r} is {experiment.state}: "
            f"{change.kind} takes one that is {' or '.join(open_states)}",
            metadata={"experiment_id": experiment.experiment_id, "state": experiment.state.value},
        )
    return open_states[experiment.state]
