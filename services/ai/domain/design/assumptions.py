"""What a recommended design takes as given, a sentence each, for the people who are to agree to it."""

from services.ai.domain.design.allocation import floor_for
from services.ai.domain.design.choosing import Chosen
from services.ai.domain.design.plan import DesignPlan
from services.ai.domain.design.sizing import margin_of
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.metrics import MetricProfile
from shared.definition.allocation import FixedSplit
from shared.definition.model import MetricRole


def assumptions_of(wishes: DesignWishes, chosen: Chosen, plan: DesignPlan) -> list[str]:
    """Returns what holds for every design, what nobody said, and what the plan asks of those who carry it out."""
    said = [
        "baselines, their variation and the traffic stay as they are",
        "units of one arm do not reach those of another",
        "each unit counts once, in the arm that it saw first",
    ]
    if wishes.relative_mde is None and chosen.primary.relative_mde is None:
        said.append(f"a relative lift of {plan.relative_mde:.0%} is the smallest that matters, as nobody said")
    said += _of_guardrails(chosen)
    if plan.variance_reduction:
        said.append("the analysis adjusts for each unit's value from before the start")
    if not isinstance(plan.allocation_policy.algorithm, FixedSplit):
        said.append("a unit's reward is known before the weights are updated")
        said.append(
            f"units of each arm are those of an equal split; the bandit keeps {floor_for(wishes.arm_count):.1%} or more"
        )
    if plan.ramp:
        said.append(
            "the ramp is carried out by traffic changes that people propose: an experiment made of the design has "
            f"{plan.traffic_share:.0%} of the units from its start"
        )
    return said


def on_the_sample(plan: DesignPlan, *, alone: float, driver: MetricProfile | None) -> list[str]:
    """Returns why the sample is larger than that of the primary metric alone; nothing where no guardrail makes it so.

    Args:
        plan: With guardrails or without.
        alone: The units that the primary metric would take were there no guardrails.
        driver: The guardrail that takes the most units; None: the primary metric does.
    """
    if not plan.guardrail_metric_ids or plan.unit_count <= alone:
        return []
    beside = f"{plan.unit_count:,} units, and {plan.primary_metric_id} alone would take {alone:,.0f}"
    if driver:
        within = f"to be shown within its margin of {margin_of(driver):.1%}"
        return [f"the guardrail {driver.metric_id} sets the sample: {within} it takes {beside}"]
    names = ", ".join(plan.guardrail_metric_ids)
    return [f"the power is that of {plan.primary_metric_id} and the guardrails ({names}) together: it takes {beside}"]


def _of_guardrails(chosen: Chosen) -> list[str]:
    said = [
        f"{one.metric_id} may get worse by {margin_of(one):.1%} of the control at most, as nobody said"
        for one in chosen.guardrails
        if one.relative_mde is None
    ]
    said += [
        f"{one.metric_id} watches for harm, as no metric is marked to"
        for one in chosen.guardrails
        if one.role is not MetricRole.GUARDRAIL
    ]
    return said
