"""What the demo tells the AI service of the real experiment, and what it tells people."""

import io
import math

import pytest
from rich.console import Console
from scipy import stats
from statsmodels.stats import proportion

from experimentation.v1 import analysis_pb2, hypothesis_pb2, metrics_pb2
from services.admin.demo import insights, thornton
from services.admin.demo.insights import Insights
from services.admin.demo.thornton import RealArm


def arm(came: int, stayed: int, arm_id: str = "paid") -> RealArm:
    return RealArm(arm_id, arm_id, (1,) * came + (0,) * stayed)


CONTROL = arm(211, 412, "none")


@pytest.mark.parametrize("came", [60, 100, 130, 160])
def test_measured_when_compared_with_an_independent_interval_then_lift_and_error_agree(came: int) -> None:
    paid = arm(came, 212 - came)

    found = insights.measured(paid, CONTROL)

    # The interval of a ratio on the scale of logarithms is as wide there as the error by the delta method.
    low, high = proportion.confint_proportions_2indep(came, 212, 211, 623, method="log", compare="ratio", alpha=0.05)
    relative_error = math.log(high / low) / (2 * stats.norm.ppf(0.975))
    assert found.relative_lift == pytest.approx(math.sqrt(low * high) - 1, rel=1e-9)
    assert found.standard_error == pytest.approx((1 + found.relative_lift) * relative_error, rel=1e-9)
    tested = proportion.test_proportions_2indep(came, 212, 211, 623, compare="ratio", method="log").pvalue
    assert (found.outcome != metrics_pb2.PAST_OUTCOME_INCONCLUSIVE) == (tested < 0.05)


@pytest.mark.parametrize(
    ("came", "outcome"),
    [
        (40, metrics_pb2.PAST_OUTCOME_LOST),
        (72, metrics_pb2.PAST_OUTCOME_INCONCLUSIVE),
        (160, metrics_pb2.PAST_OUTCOME_WON),
    ],
)
def test_measured_when_the_effect_is_shown_or_not_then_the_outcome_says_so(
    came: int, outcome: "metrics_pb2.PastOutcome.ValueType"
) -> None:
    assert insights.measured(arm(came, 212 - came), CONTROL).outcome == outcome


def test_measured_when_of_the_real_arms_then_all_incentives_won() -> None:
    control, *others = thornton.load().arms

    found = [insights.measured(each, control) for each in others]

    assert {each.outcome for each in found} == {metrics_pb2.PAST_OUTCOME_WON}
    assert all(each.relative_lift > 1 for each in found[1:])
    assert [each.experiment_id for each in found] == [f"thornton-2004-{each.arm_id}" for each in others]


def told(made: Insights) -> str:
    """Returns what people see, its lines joined."""
    screen = io.StringIO()
    insights.tell(Console(file=screen, width=80), made)
    return " ".join(screen.getvalue().split())


ANALYSIS = analysis_pb2.ExperimentAnalysis(
    experiment_id="thornton-1",
    decision=analysis_pb2.Decision(
        verdict=analysis_pb2.DECISION_VERDICT_SHIP,
        arm_id="over-1usd",
        text=analysis_pb2.Statement(text="Ship it."),
        reasons=[analysis_pb2.Statement(text="It is [bold]better[/bold].")],
    ),
    provenance=analysis_pb2.Provenance(
        provider=analysis_pb2.AI_PROVIDER_HEURISTIC, model="engine", grounding=analysis_pb2.GROUNDING_CLEAN
    ),
)


def test_tell_when_nothing_came_of_the_data_then_the_analysis_alone() -> None:
    shown = told(Insights((ANALYSIS,), (), None, ""))

    assert "What the AI service says of thornton-1: SHIP OVER-1USD. Ship it. - It is [bold]better[/bold]." in shown
    assert "Words by heuristic, engine, grounding clean." in shown
    assert "Hypotheses" not in shown
    assert "Design" not in shown


def test_tell_when_all_came_of_them_then_to_the_request_that_waits() -> None:
    plan = hypothesis_pb2.DesignPlan(primary_metric_id="came_for_result", units_per_arm=[1500, 1500], relative_mde=0.1)
    plan.duration.FromSeconds(14 * 86400)
    design = hypothesis_pb2.Design(plan=plan, recommended=True)

    shown = told(Insights((ANALYSIS,), (hypothesis_pb2.Hypothesis(statement="If we pay more"),), design, "cr_1"))

    assert "the first of 1: If we pay more" in shown
    assert "3,000 units in 2 weeks for a lift of 10% on came_for_result; no rule blocks it." in shown
    assert "cr_1 is to start it, and waits for a reviewer." in shown
