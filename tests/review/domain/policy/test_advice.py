"""Which changes the newest analysis advises against."""

import pytest

from services.review.domain import apply, changes
from services.review.domain.policy.advice import Advice, AdviceVerdict, disagrees
from shared.definition import model
from shared.statistics.decision.verdict import Verdict
from tests.review.examples import LATER, THIRD, paused, running

_V = AdviceVerdict
SHIP = Advice(_V.SHIP, "treatment")
MORE, LESS = (changes.EditTraffic(model.Traffic(share)) for share in (0.8, 0.2))
HALF = running(traffic=model.Traffic(0.5))


def told(advice: Advice | None, change: changes.Change, before: model.Experiment) -> bool:
    after = apply.apply(change, before, now=LATER)
    return disagrees(advice, change.kind, before, after)


@pytest.mark.parametrize(
    ("advice", "shipped", "expected"),
    [
        (SHIP, "treatment", False),
        (Advice(_V.SHIP, "third"), "treatment", True),
        (Advice(_V.CONTINUE), "treatment", True),
        (Advice(_V.ROLL_BACK), "treatment", True),
        (Advice(_V.STOP_INCONCLUSIVE), "treatment", True),
        (Advice(_V.INVESTIGATE), "treatment", True),
        (None, "treatment", False),
        # Whatever was decided, nobody is kept from going back.
        (SHIP, "", False),
        (SHIP, "control", False),
        (Advice(_V.CONTINUE), "control", False),
    ],
)
def test_stop_then_the_analysis_has_to_have_decided_to_ship_that_arm(
    advice: Advice | None, shipped: str, *, expected: bool
) -> None:
    assert told(advice, changes.Stop(shipped), running()) is expected


@pytest.mark.parametrize("verdict", list(_V))
def test_resume_and_more_traffic_then_it_has_to_have_decided_that_units_may_come(verdict: AdviceVerdict) -> None:
    against = verdict in (_V.ROLL_BACK, _V.STOP_INCONCLUSIVE, _V.INVESTIGATE)

    assert told(Advice(verdict), changes.Resume(), paused()) is against
    assert told(Advice(verdict), MORE, HALF) is against
    assert told(Advice(verdict), LESS, HALF) is False


@pytest.mark.parametrize(
    "change",
    [
        changes.Pause(),
        changes.EditDetails("Name"),
        changes.EditArms((*running().arms, THIRD)),
        changes.EditMetrics(running().metrics),
    ],
)
def test_other_changes_then_an_analysis_does_not_speak_of_them(change: changes.Change) -> None:
    assert not any(told(Advice(verdict), change, running()) for verdict in _V)


def test_verdicts_are_those_of_the_statistics() -> None:
    assert {one.value for one in _V} == {one.value for one in Verdict}
