"""Reasons say which number they are about: the scale, the direction, the bound; and guardrails that hold are named."""

import pytest

from shared.definition.model import Metric, MetricDirection, MetricKind, MetricRole
from shared.statistics.aggregates.moments import Moments
from shared.statistics.decision.evidence import Guardrail, Primary, Scale, Standing, Treatment, primary_from
from shared.statistics.decision.rule import DecisionRule, Goal, GuardrailNeed
from shared.statistics.decision.treatment import judge_treatment
from shared.statistics.decision.verdict import ReasonCode, VerdictReason
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.health.finding import Status
from shared.statistics.result.method import Validity
from shared.statistics.result.report import Interval
from tests.shared.statistics.decision.cases import BAD, DONE, FLAT, GOOD, MIDWAY, finding, guardrail, rule, treatment

STANDINGS = {ReasonCode.GOAL_MET, ReasonCode.GOAL_NOT_MET, ReasonCode.PRIMARY_WORSE}


def reasons(evidence: Treatment, declared: DecisionRule | None = None) -> tuple[VerdictReason, ...]:
    found = judge_treatment(evidence, health=(finding(Status.PASS),), rule=declared or rule(), progress=DONE)
    return found.reasons


def standing(primary: Primary, declared: DecisionRule | None = None) -> str:
    (found,) = [one for one in reasons(Treatment("new", primary), declared) if one.code in STANDINGS]
    return found.text


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (GOOD, "the primary metric's lift is +5 %; its lower confidence bound, +2 %, is above 0"),
        (FLAT, "the primary metric's lift is +0 %; its lower confidence bound, -3 %, is not above 0"),
        (BAD, "the primary metric is worse: the upper confidence bound of its lift is -2 %"),
    ],
)
def test_reason_when_about_the_goal_then_names_the_bound(effect: Interval, text: str) -> None:
    assert standing(Primary(effect, Validity.ANY_TIME)) == text


@pytest.mark.parametrize(
    ("scale", "lower", "text"),
    [
        (Scale.LIFT, True, "the primary metric's relative decrease is +5 %"),
        (Scale.DIFFERENCE, False, "the primary metric's difference is +0.05; its lower confidence bound, +0.02,"),
        (Scale.DIFFERENCE, True, "the primary metric's decrease is +0.05"),
    ],
)
def test_reason_when_about_another_scale_or_direction_then_says_so(*, scale: Scale, lower: bool, text: str) -> None:
    assert standing(Primary(GOOD, Validity.ANY_TIME, scale=scale, is_lower_better=lower)).startswith(text)


def test_reason_when_a_posterior_is_meant_then_its_bound_is_a_credible_one() -> None:
    assert "its lower credible bound, +2 %" in standing(Primary(GOOD, Validity.BAYESIAN))


def test_reason_when_there_is_a_margin_then_it_is_on_the_same_scale() -> None:
    declared = DecisionRule(1000, 28, goal=Goal.NON_INFERIORITY, margin=0.04)

    assert standing(Primary(FLAT, Validity.ANY_TIME), declared).endswith("-3 %, is above the margin, -4 %")


@pytest.mark.parametrize(("direction", "lower"), [(MetricDirection.MAXIMIZE, False), (MetricDirection.MINIMIZE, True)])
@pytest.mark.parametrize("scale", Scale)
def test_primary_when_made_of_a_report_then_knows_its_scale_and_direction(
    *, direction: MetricDirection, lower: bool, scale: Scale
) -> None:
    arms = means(Moments.of_values([100, 100], [50.0, 51.0], [99.0, 99.0]))
    metric = Metric("x", MetricKind.MEAN, MetricRole.PRIMARY, direction)

    found = primary_from(compare(arms[1:], arms[:1]).report(0), metric, scale=scale)

    assert (found.scale, found.is_lower_better) == (scale, lower)


@pytest.mark.parametrize("need", GuardrailNeed)
def test_guardrail_when_shown_to_hold_then_is_among_the_reasons(need: GuardrailNeed) -> None:
    found = reasons(treatment(GOOD, Validity.ANY_TIME, guardrail()), rule(guardrails=need))

    (shown,) = [one for one in found if one.code is ReasonCode.GUARDRAIL_SHOWN]
    assert shown.subject == "latency_ms"
    assert shown.text == "guardrail latency_ms is shown to be within its margin"


@pytest.mark.parametrize(
    "found",
    [
        guardrail(Standing.NOT_SHOWN),
        guardrail(Standing.VIOLATED, harm_shown=True),
        guardrail(Standing.SHOWN, harm_shown=True),
    ],
)
def test_guardrail_when_worse_or_not_shown_then_is_not_said_to_hold(found: Guardrail) -> None:
    codes = [one.code for one in reasons(treatment(GOOD, Validity.ANY_TIME, found))]

    assert ReasonCode.GUARDRAIL_SHOWN not in codes


def test_guardrail_when_its_method_does_not_hold_now_then_is_not_said_to_hold() -> None:
    evidence = treatment(GOOD, Validity.ANY_TIME, guardrail(validity=Validity.FIXED_LOOK))

    found = judge_treatment(evidence, health=(finding(Status.PASS),), rule=rule(), progress=MIDWAY)

    assert ReasonCode.GUARDRAIL_SHOWN not in [one.code for one in found.reasons]
