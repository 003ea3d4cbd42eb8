"""The verdict on an experiment follows from those on its treatments."""

from dataclasses import replace

import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.decision.evidence import Treatment
from shared.statistics.decision.experiment import ExperimentVerdict, judge
from shared.statistics.decision.rule import Progress
from shared.statistics.decision.verdict import ReasonCode, Verdict
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.report import Interval
from tests.shared.statistics.decision.cases import BAD, DONE, FLAT, GOOD, MIDWAY, finding, rule, treatment


def named(arm_id: str, effect: Interval) -> Treatment:
    return replace(treatment(effect), arm_id=arm_id)


def judged(*treatments: Treatment, progress: Progress = DONE, best: str = "") -> ExperimentVerdict:
    return judge(treatments, health=[finding(Status.PASS)], rule=rule(), progress=progress, best_arm_id=best)


@pytest.mark.parametrize(
    ("effects", "progress", "verdict", "arm_id"),
    [
        ((GOOD, FLAT), DONE, Verdict.SHIP, "a"),
        ((FLAT, GOOD), DONE, Verdict.SHIP, "b"),
        ((GOOD, FLAT), MIDWAY, Verdict.CONTINUE, ""),
        ((BAD, GOOD), MIDWAY, Verdict.SHIP, "b"),
        ((BAD, FLAT), DONE, Verdict.STOP_INCONCLUSIVE, ""),
        ((BAD, BAD), MIDWAY, Verdict.ROLL_BACK, ""),
    ],
)
def test_judge_when_treatments_differ_then_none_that_is_open_is_passed_over(
    effects: tuple[Interval, Interval], progress: Progress, verdict: Verdict, arm_id: str
) -> None:
    found = judged(named("a", effects[0]), named("b", effects[1]), progress=progress)

    assert (found.verdict, found.arm_id) == (verdict, arm_id)


def test_judge_when_one_treatments_health_failed_then_investigates_all() -> None:
    sick = replace(named("b", GOOD), health=(finding(Status.FAIL, Check.SURPRISING_LIFT),))

    found = judged(named("a", GOOD), sick)

    assert found.verdict is Verdict.INVESTIGATE
    assert [one.verdict for one in found.treatments] == [Verdict.SHIP, Verdict.INVESTIGATE]
    assert [reason.code for reason in found.reasons] == [ReasonCode.OTHER_TREATMENTS_OPEN]


def test_judge_when_several_may_ship_then_says_that_the_data_do_not_tell_them_apart() -> None:
    better = Interval(0.06, 0.03, 0.09)

    found = judged(named("a", GOOD), named("b", better))

    assert found.arm_id == "b"
    assert [reason.code for reason in found.reasons] == [ReasonCode.CANDIDATES_NOT_TOLD_APART]


def test_judge_when_the_best_arm_is_shown_then_it_ships() -> None:
    found = judged(named("a", GOOD), named("b", Interval(0.06, 0.03, 0.09)), best="a")

    assert found.arm_id == "a"
    assert [reason.code for reason in found.reasons] == [ReasonCode.BEST_TREATMENT_SHOWN]


def test_judge_when_the_best_arm_may_not_ship_then_it_does_not() -> None:
    assert judged(named("a", FLAT), named("b", GOOD), best="a").arm_id == "b"


def test_judge_when_treatments_come_in_another_order_then_the_verdict_stays() -> None:
    first, second = named("a", GOOD), named("b", GOOD)

    assert judged(first, second).arm_id == judged(second, first).arm_id == "a"


@pytest.mark.parametrize("treatments", [(), (treatment(), treatment())])
def test_judge_when_treatments_are_missing_or_repeated_then_is_refused(treatments: tuple[Treatment, ...]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        judged(*treatments)

    assert caught.value.reason is Reason.INVALID_FIELD
