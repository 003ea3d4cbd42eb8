"""The verdict on a treatment: invariants over every combination of evidence, and cases one by one."""

import math
from dataclasses import replace
from functools import cache

import pytest

from shared.statistics.decision.evidence import Standing
from shared.statistics.decision.rule import GuardrailNeed, Needed, Progress, has_ended
from shared.statistics.decision.treatment import TreatmentVerdict, judge_treatment
from shared.statistics.decision.verdict import ReasonCode, Verdict, is_as_conservative
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.decision.cases import (
    BAD,
    DONE,
    EARLY,
    FLAT,
    GOOD,
    MIDWAY,
    TINY,
    UNKNOWN,
    Setting,
    finding,
    guardrail,
    rule,
    settings,
    treatment,
)

PASSED = (finding(Status.PASS),)
ADAPTIVE = {Validity.ADAPTIVE_FIXED_LOOK, Validity.ADAPTIVE_ANY_TIME}
ANY_TIME = {Validity.ANY_TIME, Validity.ADAPTIVE_ANY_TIME}


def judged(setting: Setting) -> TreatmentVerdict:
    return judge_treatment(setting.treatment, health=setting.health, rule=setting.rule, progress=setting.progress)


@cache
def table() -> list[tuple[Setting, Verdict]]:
    return [(setting, judged(setting).verdict) for setting in settings()]


def codes(verdict: TreatmentVerdict) -> set[ReasonCode]:
    return {reason.code for reason in verdict.reasons}


def test_verdicts_when_all_combinations_are_judged_then_each_one_occurs() -> None:
    assert len(table()) == 95_040
    assert {verdict for _, verdict in table()} == set(Verdict)


def test_verdict_when_a_health_check_failed_then_is_investigate() -> None:
    failed = [verdict for setting, verdict in table() if any(one.status is Status.FAIL for one in setting.health)]

    assert set(failed) == {Verdict.INVESTIGATE}


def test_ship_when_advised_then_the_goal_is_met_by_a_method_that_holds_now() -> None:
    for setting, verdict in table():
        if verdict is Verdict.SHIP:
            validity, progress = setting.treatment.primary.validity, setting.progress
            due = validity is Validity.PLANNED_LOOKS and progress.at_planned_look
            assert setting.treatment.primary.effect is GOOD
            assert has_ended(setting.rule, progress) or due or validity in ANY_TIME
            assert not progress.adaptive or validity in ADAPTIVE


def test_ship_when_advised_then_the_sample_ratio_was_checked_and_no_guardrail_is_worse() -> None:
    for setting, verdict in table():
        if verdict is Verdict.SHIP:
            assert any(one.status in (Status.PASS, Status.WARN) for one in setting.health)
            assert not any(one.harm_shown for one in setting.treatment.guardrails)


def test_ship_when_advised_then_the_rule_lets_it_end() -> None:
    for setting, verdict in table():
        if verdict is Verdict.SHIP and not has_ended(setting.rule, setting.progress):
            assert setting.rule.early_stop
            assert setting.progress.day_count >= setting.rule.minimum_day_count


def test_roll_back_when_advised_then_harm_is_shown() -> None:
    for setting, verdict in table():
        if verdict is Verdict.ROLL_BACK:
            assert setting.treatment.primary.effect is BAD or any(
                one.harm_shown for one in setting.treatment.guardrails
            )


@pytest.mark.parametrize("validity", [Validity.FIXED_LOOK, Validity.ANY_TIME, Validity.ADAPTIVE_ANY_TIME])
def test_verdict_when_a_violated_guardrail_is_added_then_is_never_less_conservative(validity: Validity) -> None:
    violated = guardrail(Standing.VIOLATED, harm_shown=True, validity=validity)

    for setting, before in table()[::7]:
        worse = replace(setting.treatment, guardrails=(*setting.treatment.guardrails, violated))
        after = judged(setting._replace(treatment=worse)).verdict
        assert is_as_conservative(after, before)


def test_verdict_when_arms_are_renamed_then_stays() -> None:
    for setting, before in table()[::101]:
        renamed = replace(setting.treatment, arm_id="other")
        assert judged(setting._replace(treatment=renamed)).verdict is before


def test_reasons_when_given_then_numbers_are_finite_and_texts_are_there() -> None:
    for setting, _ in table()[::53]:
        for reason in judged(setting).reasons:
            assert reason.text
            assert all(math.isfinite(number) for number in reason.numbers.values())


@pytest.mark.parametrize(
    ("effect", "validity", "progress", "verdict"),
    [
        (GOOD, Validity.FIXED_LOOK, DONE, Verdict.SHIP),
        (GOOD, Validity.FIXED_LOOK, MIDWAY, Verdict.CONTINUE),
        (GOOD, Validity.BAYESIAN, MIDWAY, Verdict.CONTINUE),
        (GOOD, Validity.ANY_TIME, MIDWAY, Verdict.SHIP),
        (GOOD, Validity.ANY_TIME, EARLY, Verdict.CONTINUE),
        (BAD, Validity.ANY_TIME, EARLY, Verdict.ROLL_BACK),
        (BAD, Validity.FIXED_LOOK, MIDWAY, Verdict.CONTINUE),
        (FLAT, Validity.ANY_TIME, MIDWAY, Verdict.CONTINUE),
        (FLAT, Validity.ANY_TIME, DONE, Verdict.STOP_INCONCLUSIVE),
        (TINY, Validity.ANY_TIME, MIDWAY, Verdict.STOP_INCONCLUSIVE),
        (UNKNOWN, Validity.ANY_TIME, MIDWAY, Verdict.CONTINUE),
        (UNKNOWN, Validity.ANY_TIME, DONE, Verdict.INVESTIGATE),
    ],
)
def test_verdict_when_the_evidence_is_plain_then_is_as_expected(
    effect: Interval | NotEstimable, validity: Validity, progress: Progress, verdict: Verdict
) -> None:
    found = judged(Setting(treatment(effect, validity), PASSED, rule(), progress))

    assert found.verdict is verdict


def test_verdict_when_nobody_checked_the_sample_ratio_then_nothing_ships() -> None:
    running = judged(Setting(treatment(), (), rule(), MIDWAY))
    ended = judged(Setting(treatment(), (finding(Status.PASS, Check.FRESHNESS),), rule(), DONE))

    assert running.verdict is Verdict.CONTINUE
    assert ended.verdict is Verdict.INVESTIGATE
    assert ReasonCode.SAMPLE_RATIO_UNCHECKED in codes(running) & codes(ended)


def test_verdict_when_weights_followed_the_data_and_the_method_did_not_then_says_so() -> None:
    found = judged(Setting(treatment(GOOD, Validity.ANY_TIME), PASSED, rule(), replace(MIDWAY, adaptive=True)))

    assert found.verdict is Verdict.CONTINUE
    assert ReasonCode.METHOD_IGNORES_ADAPTATION in codes(found)


def test_verdict_when_a_guardrail_is_not_shown_then_ships_only_where_the_rule_is_lenient() -> None:
    evidence = treatment(GOOD, Validity.ANY_TIME, guardrail(Standing.NOT_SHOWN))

    strict = judged(Setting(evidence, PASSED, rule(), DONE))
    lenient = judged(Setting(evidence, PASSED, rule(guardrails=GuardrailNeed.NOT_VIOLATED), DONE))

    assert (strict.verdict, lenient.verdict) == (Verdict.STOP_INCONCLUSIVE, Verdict.SHIP)
    assert ReasonCode.GUARDRAIL_NOT_SHOWN in codes(strict)


def test_verdict_when_it_is_before_burn_in_then_does_not_count() -> None:
    evidence = treatment(GOOD, Validity.ANY_TIME, caution=Caution.BEFORE_BURN_IN)

    found = judged(Setting(evidence, PASSED, rule(), MIDWAY))

    assert found.verdict is Verdict.CONTINUE
    assert ReasonCode.BEFORE_BURN_IN in codes(found)


def test_needed_when_going_on_then_is_what_the_plan_lacks() -> None:
    found = judged(Setting(treatment(FLAT), PASSED, rule(), MIDWAY))

    assert found.needed == Needed(unit_count=500, day_count=5)


def test_needed_when_traffic_is_unknown_then_days_are_not_made_up() -> None:
    found = judged(Setting(treatment(FLAT), PASSED, rule(), replace(MIDWAY, daily_unit_count=None)))

    assert found.needed == Needed(unit_count=500, day_count=None)


def test_needed_when_it_ships_then_is_nothing() -> None:
    assert judged(Setting(treatment(), PASSED, rule(), DONE)).needed is None
