"""What the demo has the AI service make of its data: analyses, hypotheses, a design, and a request that waits."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.padding import Padding

from experimentation.v1 import analysis_pb2, common_pb2, hypothesis_pb2, metrics_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import analyses, designs, hypotheses, jobs
from services.admin.clients import CALL_SECONDS
from services.admin.demo.definition import METRIC_ID
from services.admin.demo.replay import Run
from services.admin.demo.thornton import RealArm
from services.admin.words import plural
from shared.rpc import client

UNITS_PER_DAY: Final = 1000.0
"""Of the made-up clinic that the design is for."""
RELATIVE_MDE: Final = 0.1
"""The least lift that would matter to that clinic."""
PLANNED_LIFT: Final = 0.5
"""What a run is planned to find: the incentives more than doubled who came."""
GOAL: Final = "More people who come for their result"
_JOB_SECONDS: Final = 120.0
_NORMAL_QUANTILE: Final = 1.96


@dataclass(frozen=True, slots=True)
class Insights:
    """Is what the AI service made of the runs; the lists may be empty, where the data bear nothing.

    Attributes:
        analyses: Of each run, the last one last.
        hypotheses: Best first.
        design: Of the first hypothesis's test. None: there was no hypothesis.
        change_request_id: That is to start the experiment that the design became; empty: there is none.
    """

    analyses: tuple[analysis_pb2.ExperimentAnalysis, ...]
    hypotheses: tuple[hypothesis_pb2.Hypothesis, ...]
    design: hypothesis_pb2.Design | None
    change_request_id: str


def gather(stub: AnalysisServiceStub, arms: Sequence[RealArm], runs: Sequence[Run]) -> Insights:
    """Asks for everything, one thing after the other.

    Args:
        stub: Is called as an experimenter.
        arms: As they really were, the control first.
        runs: That were replayed.

    Raises:
        PlatformError: A job failed, or a call.
    """
    made = tuple(_analysis(stub, run, len(arms)) for run in runs)
    suggested = tuple(_suggested(stub, arms, runs[-1]))
    if not suggested:
        return Insights(made, (), None, "")
    design = _design(stub, suggested[0])
    return Insights(made, suggested, *_adopted(stub, design, runs[-1]))


def tell(console: Console, insights: Insights) -> None:
    """Writes what came of it."""
    last = insights.analyses[-1]
    console.print(f"\n[bold]What the AI service says[/bold] of {last.experiment_id}:")
    _say(console, f"{analyses.verdict(last).upper()}. {last.decision.text.text}")
    for one in last.decision.reasons:
        _say(console, f"- {one.text}")
    _say(console, jobs.words_by(last.provenance))
    _say(console, "A replay takes seconds. An analysis ships nothing before seven days, however clear the data are.")
    if insights.hypotheses:
        console.print(f"\n[bold]Hypotheses[/bold] from the field experiment, the first of {len(insights.hypotheses)}:")
        _say(console, insights.hypotheses[0].statement)
    if insights.design is not None:
        console.print("\n[bold]Design[/bold] of its test:")
        plan = insights.design.plan
        weeks = plural(plan.duration.ToTimedelta().days // 7, "week")
        units = f"{plural(sum(plan.units_per_arm), 'unit')} in {weeks}"
        recommended = "no rule blocks it" if insights.design.recommended else "a rule blocks it"
        _say(console, f"{units} for a lift of {plan.relative_mde:.0%} on {plan.primary_metric_id}; {recommended}.")
    if insights.change_request_id:
        _say(console, f"{insights.change_request_id} is to start it, and waits for a reviewer.")


def _say(console: Console, text: str) -> None:
    console.print(Padding(text, (0, 0, 0, 2), expand=False), markup=False)


def _analysis(stub: AnalysisServiceStub, run: Run, arm_count: int) -> analysis_pb2.ExperimentAnalysis:
    plan = analysis_pb2.AnalysisPlan(
        units_per_arm=run.unit_count // arm_count,
        relative_mde=PLANNED_LIFT,
        looking_policy=analysis_pb2.LOOKING_POLICY_ANY_TIME,
    )
    request = pb.AnalyzeExperimentRequest(
        experiment_id=run.experiment_id, plan=plan, request_id=f"{run.experiment_id}-analyze"
    )
    job = client.call(stub.AnalyzeExperiment, request, timeout_seconds=CALL_SECONDS).job
    return analyses.get(stub, _done(stub, job).analysis_id)


def measured(arm: RealArm, control: RealArm) -> metrics_pb2.PastExperiment:
    """Returns the effect that an arm really had: a ratio of rates, its standard error by the delta method."""
    ratio = arm.rate / control.rate
    variance = sum((1 - each.rate) / (each.rate * len(each.outcomes)) for each in (arm, control))
    error = ratio * math.sqrt(variance)
    is_shown = abs(ratio - 1) > _NORMAL_QUANTILE * error
    won = metrics_pb2.PAST_OUTCOME_WON if ratio > 1 else metrics_pb2.PAST_OUTCOME_LOST
    return metrics_pb2.PastExperiment(
        experiment_id=f"thornton-2004-{arm.arm_id}",
        intervention=f"Offer {arm.display_name} to everybody who comes for the result",
        metric_id=METRIC_ID,
        relative_lift=ratio - 1,
        standard_error=error,
        outcome=won if is_shown else metrics_pb2.PAST_OUTCOME_INCONCLUSIVE,
    )


def _suggested(stub: AnalysisServiceStub, arms: Sequence[RealArm], last: Run) -> Iterator[hypothesis_pb2.Hypothesis]:
    control, *others = arms
    metric = metrics_pb2.MetricProfile(
        metric_id=METRIC_ID,
        display_name="Came for the test result",
        kind=common_pb2.METRIC_KIND_PROPORTION,
        baseline=control.rate,
        unit_count=len(control.outcomes),
        relative_mde=RELATIVE_MDE,
    )
    request = pb.SuggestHypothesesRequest(
        metrics=[metric],
        past_experiments=[measured(arm, control) for arm in others],
        goal=GOAL,
        traffic=metrics_pb2.TrafficProfile(units_per_day=UNITS_PER_DAY),
        request_id=f"{last.experiment_id}-suggest",
    )
    job = client.call(stub.SuggestHypotheses, request, timeout_seconds=CALL_SECONDS).job
    for hypothesis_id in _done(stub, job).hypothesis_ids:
        yield hypotheses.get(stub, hypothesis_id)


def _design(stub: AnalysisServiceStub, hypothesis: hypothesis_pb2.Hypothesis) -> hypothesis_pb2.Design:
    request = pb.RecommendDesignRequest(
        hypothesis_id=hypothesis.hypothesis_id,
        traffic=metrics_pb2.TrafficProfile(units_per_day=UNITS_PER_DAY),
        request_id=f"{hypothesis.hypothesis_id}-design",
    )
    job = client.call(stub.RecommendDesign, request, timeout_seconds=CALL_SECONDS).job
    return designs.get(stub, _done(stub, job).design_id)


def _adopted(stub: AnalysisServiceStub, design: hypothesis_pb2.Design, last: Run) -> tuple[hypothesis_pb2.Design, str]:
    """Makes an experiment of a design that is recommended; returns it and the request that is to start it."""
    if not design.recommended:
        return design, ""
    request = pb.CreateExperimentFromDesignRequest(
        design_id=design.design_id,
        experiment_id=f"next-{last.experiment_id.removeprefix('thornton-')}",
        request_id=f"{design.design_id}-create",
    )
    made = client.call(stub.CreateExperimentFromDesign, request, timeout_seconds=CALL_SECONDS)
    return made.design, made.change_request_id


def _done(stub: AnalysisServiceStub, job: analysis_pb2.Job) -> analysis_pb2.Job:
    for found in jobs.followed(stub, job, timeout_seconds=_JOB_SECONDS):
        job = found
    return jobs.checked(job)
