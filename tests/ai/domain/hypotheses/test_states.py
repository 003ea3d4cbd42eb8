from itertools import product

import pytest

from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState
from services.ai.domain.hypotheses.states import Event, TestResult, moved, with_result
from shared.errors import FailedPrecondition, Reason

S, UP, DOWN = HypothesisState, EffectDirection.INCREASE, EffectDirection.DECREASE
MOVES = {
    (S.PROPOSED, Event.ACCEPT): S.ACCEPTED,
    (S.ACCEPTED, Event.ACCEPT): S.ACCEPTED,
    (S.REJECTED, Event.ACCEPT): S.ACCEPTED,
    (S.PROPOSED, Event.REJECT): S.REJECTED,
    (S.ACCEPTED, Event.REJECT): S.REJECTED,
    (S.REJECTED, Event.REJECT): S.REJECTED,
    (S.PROPOSED, Event.START_TEST): S.TESTED,
    (S.ACCEPTED, Event.START_TEST): S.TESTED,
    (S.TESTED, Event.START_TEST): S.TESTED,
    (S.INCONCLUSIVE, Event.START_TEST): S.TESTED,
}


@pytest.mark.parametrize(("state", "event"), MOVES)
def test_an_event_moves_to_its_state(state: HypothesisState, event: Event) -> None:
    assert moved(state, event) is MOVES[state, event]


@pytest.mark.parametrize(("state", "event"), sorted(set(product(S, Event)) - set(MOVES)))
def test_any_other_event_is_refused(state: HypothesisState, event: Event) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        moved(state, event)

    assert caught.value.reason is Reason.INVALID_STATE
    assert caught.value.metadata == {"state": state.value, "event": event.value}


@pytest.mark.parametrize("state", [S.TESTED, S.WON, S.LOST, S.INCONCLUSIVE])
@pytest.mark.parametrize(
    ("shown", "after"), [(UP, (S.WON, S.LOST)), (DOWN, (S.LOST, S.WON)), (None, (S.INCONCLUSIVE, S.INCONCLUSIVE))]
)
def test_a_result_decides_and_replaces_earlier_ones(
    state: HypothesisState, shown: EffectDirection | None, after: tuple[HypothesisState, HypothesisState]
) -> None:
    result = TestResult(shown, ended=True, healthy=True)

    assert (with_result(state, UP, result), with_result(state, DOWN, result)) == after


@pytest.mark.parametrize(("ended", "healthy"), [(False, True), (True, False), (False, False)])
def test_a_test_that_goes_on_or_is_sick_decides_nothing(*, ended: bool, healthy: bool) -> None:
    result = TestResult(UP, ended=ended, healthy=healthy)

    assert with_result(S.TESTED, UP, result) is S.TESTED
    assert with_result(S.LOST, UP, result) is S.LOST


@pytest.mark.parametrize("state", [S.PROPOSED, S.ACCEPTED, S.REJECTED])
def test_what_is_not_tested_takes_no_result(state: HypothesisState) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        with_result(state, UP, TestResult(UP, ended=True, healthy=True))

    assert caught.value.reason is Reason.INVALID_STATE
