"""An experiment's file as a design, for the rules that judge designs."""

from typing import Final

from experimentation.v1 import common_pb2 as pb
from services.admin.files.experiment import ExperimentFile
from services.admin.files.places import line_of
from services.admin.files.plan import PLAN, MetricSection, MonitoringPlan, PlanSection
from services.admin.files.tree import FileProblems, Problem
from shared.definition import model
from shared.definition.convert import experiment_from_proto
from shared.errors import InvalidArgument
from shared.statistics.design.model import BanditDesign, Design, DesignMetric, Hypothesis, Interference, SampleRatioPlan
from shared.statistics.design.validate import Validation, validate
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import AnyTime, FixedLook, GroupSequential, Monitoring
from shared.statistics.planning.plan import Plan

_HOURS: Final = 3600.0


def judged(file: ExperimentFile, section: PlanSection, planned: pb.Experiment) -> Validation:
    """Returns what the rules say of an experiment as it would be.

    Args:
        file: Where the plan stands.
        section: The plan.
        planned: The experiment as it would be.

    Raises:
        FileProblems: INVALID_FIELD, the plan is out of range.
        ValueError: The experiment lacks what it must have; the service says what.
    """
    try:
        return validate(_design(section, experiment_from_proto(planned)))
    except InvalidArgument as error:
        places = [(f"{PLAN}.{each.field}", each.description) for each in error.violations]
        problems = [Problem(line_of(file.tree, place), place, text) for place, text in places]
        raise FileProblems(file.path, problems) from error


def _design(section: PlanSection, experiment: model.Experiment) -> Design:
    said = section.hypothesis
    return Design(
        hypothesis=Hypothesis(said.change, said.metric, said.direction, said.magnitude, said.population),
        metrics=tuple(_metric(metric, section.metrics.get(metric.metric_id)) for metric in experiment.metrics),
        plan=_plan(section, experiment),
        days=section.days,
        eligible_unit_count=section.units,
        look_count=section.looks,
        bandit=_bandit(section, experiment),
        high_risk=section.high_risk,
        interference=None if section.interference is None else Interference[section.interference.name],
        sample_ratio=None
        if section.sample_ratio_alpha is None
        else SampleRatioPlan(section.sample_ratio_alpha, any_time=section.looks > 1),
        decision_rule=section.decision_rule,
    )


def _metric(metric: model.Metric, known: MetricSection | None) -> DesignMetric:
    section = known or MetricSection()
    return DesignMetric(
        metric.metric_id,
        metric.role,
        metric.direction,
        _baseline(metric, section),
        section.baseline_days,
        section.minimum_lift,
        section.margin,
    )


def _baseline(metric: model.Metric, section: MetricSection) -> Baseline | None:
    if section.baseline is None:
        return None
    if metric.kind is model.MetricKind.PROPORTION:
        return Baseline.proportion(section.baseline)
    if section.standard_deviation is None:
        return None
    return Baseline.mean(section.baseline, section.standard_deviation**2)


def _plan(section: PlanSection, experiment: model.Experiment) -> Plan:
    roles = [metric.role for metric in experiment.metrics]
    comparisons = len(experiment.arms) - 1
    return Plan(
        shares=_shares(experiment),
        alpha=section.alpha,
        power=section.power,
        monitoring=_monitoring(section),
        multiplicity=Multiplicity.BONFERRONI if comparisons > 1 else Multiplicity.NONE,
        guardrail_count=roles.count(model.MetricRole.GUARDRAIL),
    )


def _shares(experiment: model.Experiment) -> tuple[float, ...]:
    """Returns the arms' shares, the control's first; equal ones where they follow the data, or are not all above 0."""
    arms = sorted(experiment.arms, key=lambda arm: not arm.control)
    algorithm = experiment.allocation_policy.algorithm
    weights = (
        {each.arm_id: each.weight for each in algorithm.weights} if isinstance(algorithm, model.FixedSplit) else {}
    )
    shares = tuple(weights.get(arm.arm_id, 0.0) for arm in arms)
    return shares if all(share > 0 for share in shares) else (1 / len(arms),) * len(arms)


def _monitoring(section: PlanSection) -> Monitoring:
    match section.monitoring:
        case MonitoringPlan.ONCE:
            return FixedLook()
        case MonitoringPlan.ANY_TIME:
            return AnyTime(section.looks)
        case MonitoringPlan.GROUP_SEQUENTIAL:
            return GroupSequential(tuple((look + 1) / section.looks for look in range(section.looks)))


def _bandit(section: PlanSection, experiment: model.Experiment) -> BanditDesign | None:
    policy = experiment.allocation_policy
    if isinstance(policy.algorithm, model.FixedSplit):
        return None
    update_hours = max(policy.controls.update_interval.total_seconds() / _HOURS, 1 / _HOURS)
    lag = section.reward_lag_hours
    return BanditDesign(
        update_interval_hours=update_hours,
        reward_lag_hours=experiment.attribution_window.total_seconds() / _HOURS if lag is None else lag,
        exploration_floor=policy.controls.exploration_floor,
        first_batch_units_per_arm=policy.controls.burn_in_unit_count,
        batch_count=max(int(section.days * 24 / update_hours), 1),
        propensities_logged=True,
        effects_wanted=section.effects_wanted,
    )
