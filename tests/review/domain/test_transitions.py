"""The table of states, pair by pair."""

import itertools
from typing import get_args

import pytest

from services.review.domain import changes, transitions
from shared import errors
from shared.definition.model import ExperimentState
from tests.review.examples import BETA, CONTROL, CONVERSION, TREATMENT, experiment

D, R, P, S = ExperimentState
EVERY_CHANGE: dict[changes.Change, dict[ExperimentState, ExperimentState]] = {
    changes.Start(): {D: R},
    changes.Pause(): {R: P},
    changes.Resume(): {P: R},
    changes.Stop(): {R: S, P: S},
    changes.EditArms((CONTROL, TREATMENT)): {D: D, R: R, P: P},
    changes.EditMetrics((CONVERSION,)): {D: D, R: R, P: P},
    changes.EditAllocation(BETA): {D: D, R: R, P: P},
    changes.EditTraffic(experiment().traffic): {D: D, R: R, P: P},
    changes.EditDetails("New"): {D: D, R: R, P: P, S: S},
}
PAIRS = list(itertools.product(EVERY_CHANGE, ExperimentState))


def test_transitions_when_listed_then_every_kind_of_change_has_its_row() -> None:
    assert set(transitions.TRANSITIONS) == set(get_args(changes.Change)) == {type(change) for change in EVERY_CHANGE}


@pytest.mark.parametrize(("change", "state"), [pair for pair in PAIRS if pair[1] in EVERY_CHANGE[pair[0]]])
def test_next_state_when_the_change_is_open_then_it_leads_there(change: changes.Change, state: ExperimentState) -> None:
    assert transitions.next_state(change, experiment(state=state)) is EVERY_CHANGE[change][state]


@pytest.mark.parametrize(("change", "state"), [pair for pair in PAIRS if pair[1] not in EVERY_CHANGE[pair[0]]])
def test_next_state_when_the_change_is_not_open_then_it_is_refused(
    change: changes.Change, state: ExperimentState
) -> None:
    with pytest.raises(errors.FailedPrecondition) as caught:
        transitions.next_state(change, experiment(state=state))

    assert caught.value.reason is errors.Reason.INVALID_STATE
    assert caught.value.metadata == {"experiment_id": "checkout", "state": state.value}
