"""Where a hypothesis stands, and what moves it: reviewers, the start of its test, and results."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState
from shared.errors import FailedPrecondition, Reason


class Event(StrEnum):
    """Says what happened to a hypothesis."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    START_TEST = "START_TEST"


@dataclass(frozen=True, slots=True)
class TestResult:
    """Is what an analysis says of the experiment that tests a hypothesis.

    Attributes:
        shown: Direction in which the primary metric was shown to move; None: in none.
        ended: Whether the experiment has ended, or its method held at the look that stopped it.
        healthy: Whether no health check failed.
    """

    __test__ = False

    shown: EffectDirection | None
    ended: bool
    healthy: bool


_S = HypothesisState
_TESTED: Final = frozenset({_S.TESTED, _S.WON, _S.LOST, _S.INCONCLUSIVE})
_MOVES: Final[Mapping[Event, Mapping[HypothesisState, HypothesisState]]] = MappingProxyType(
    {
        Event.ACCEPT: {_S.PROPOSED: _S.ACCEPTED, _S.REJECTED: _S.ACCEPTED, _S.ACCEPTED: _S.ACCEPTED},
        Event.REJECT: {_S.PROPOSED: _S.REJECTED, _S.ACCEPTED: _S.REJECTED, _S.REJECTED: _S.REJECTED},
        Event.START_TEST: {
            _S.PROPOSED: _S.TESTED,
            _S.ACCEPTED: _S.TESTED,
            _S.TESTED: _S.TESTED,
            _S.INCONCLUSIVE: _S.TESTED,
        },
    }
)
"""Starting a test of what was only proposed accepts it; what was left open may be tested again."""


def moved(state: HypothesisState, event: Event) -> HypothesisState:
    """Returns the state after an event; the same event again changes nothing.

    Raises:
        FailedPrecondition: INVALID_STATE: the event does not fit the state.
    """
    after = _MOVES[event].get(state)
    if after is None:
        raise _misfit(state, event.value)
    return after


def with_result(state: HypothesisState, expected: EffectDirection, result: TestResult) -> HypothesisState:
    """Returns the state after a result; a later result of the test replaces an earlier one.

    A test that goes on, or whose data cannot be trusted, leaves the state as it is.

    Args:
        state: Before.
        expected: The direction that the hypothesis states.
        result: The newest there is.

    Raises:
        FailedPrecondition: INVALID_STATE: the hypothesis is not tested.
    """
    if state not in _TESTED:
        raise _misfit(state, "RESULT")
    if not (result.ended and result.healthy):
        return state
    if result.shown is None:
        return HypothesisState.INCONCLUSIVE
    return HypothesisState.WON if result.shown is expected else HypothesisState.LOST


def _misfit(state: HypothesisState, event: str) -> FailedPrecondition:
    return FailedPrecondition(
        Reason.INVALID_STATE,
        f"a hypothesis that is {state} does not take {event}",
        metadata={"state": state.value, "event": event},
    )
