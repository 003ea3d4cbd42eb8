"""Plans an experiment, has the design judged, analyses results and bandit data, and decides; needs no running service.

Usage: .venv/bin/python docs/examples/plan_analyse_decide.py
"""

from dataclasses import replace

import numpy as np

from shared.definition.model import Metric, MetricDirection, MetricKind, MetricRole
from shared.statistics.adaptive import aipw
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments
from shared.statistics.decision.evidence import Treatment, guardrail_from, primary_from
from shared.statistics.decision.experiment import judge
from shared.statistics.decision.rule import DecisionRule, Progress
from shared.statistics.design.model import Design, DesignMetric, Hypothesis, Interference, SampleRatioPlan
from shared.statistics.design.validate import validate
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.health.sample_ratio import sample_ratio
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.plan import Plan, StandardError
from shared.statistics.planning.sample_size import sample_size

DAYS = 14

# 1. How many units does it take to find a lift of 5 % on a conversion of 10 %, with one guardrail?
conversion, latency = Baseline.proportion(0.10), Baseline.mean(200.0, 100.0**2)
plan = Plan(guardrail_count=1, standard_error=StandardError.POOLED)  # as the score test of step 3 takes it
size = sample_size(conversion, plan, difference=0.05 * 0.10)
print(f"units of each arm: {size.arms.tolist()}")

# 2. Is the design sound?
design = Design(
    hypothesis=Hypothesis("a shorter form", "purchase", "up", "by 5 % or more", "new visitors"),
    metrics=(
        DesignMetric("purchase", MetricRole.PRIMARY, baseline=conversion, baseline_days=28, minimum_lift=0.05),
        DesignMetric(
            "latency_ms", MetricRole.GUARDRAIL, MetricDirection.MINIMIZE, latency, baseline_days=28, margin=0.02
        ),
    ),
    plan=plan,
    days=DAYS,
    eligible_unit_count=160_000,
    interference=Interference.NONE,
    sample_ratio=SampleRatioPlan(alpha=0.001, any_time=True),
    decision_rule="ship if purchase is up and latency is shown to be worse by less than 2 %",
)
print(f"findings on the design: {len(validate(design).findings)}; with 12 days instead of {DAYS}:")
for finding in validate(replace(design, days=12)).findings:
    print(f"  {finding.rule_id} {finding.severity}: {finding.message}; {finding.fix}")

# 3. What do the results say? The control comes first.
units = np.array([80_140, 79_860])
purchase = compare_proportions(
    treatment_successes=[8_580], treatment_count=units[1:], control_successes=[7_980], control_count=units[:1]
)
speed = means(Moments.of_values(units, [200.4, 200.1], units * 100.0**2))
latency_result = compare(speed[1:], speed[:1])
lift = purchase.report(0).lift
print(f"purchase: lift {lift}, p = {purchase.report(0).p_value:.2g}")

# 4. What follows, by the rule that was declared before the start?
treatment = Treatment(
    "short_form",
    primary_from(purchase.report(0), Metric("purchase", MetricKind.PROPORTION, MetricRole.PRIMARY)),
    guardrails=(
        guardrail_from(
            latency_result.report(0),
            Metric("latency_ms", MetricKind.MEAN, MetricRole.GUARDRAIL, MetricDirection.MINIMIZE),
            margin=0.02,
        ),
    ),
)
verdict = judge(
    [treatment],
    health=[sample_ratio(units, [0.5, 0.5]).finding()],
    rule=DecisionRule(planned_unit_count=int(size.arms.sum()), maximum_day_count=28),
    progress=Progress(day_count=DAYS, unit_count=int(units.sum())),
)
print(f"verdict: {verdict.verdict} {verdict.arm_id}")
for reason in (*verdict.reasons, *verdict.treatments[0].reasons):
    print(f"  {reason.code}: {reason.text}")

# 5. The same on a bandit's data: successes and units of each policy version, and the propensities that were logged.
batches = Batches.of(
    Moments.of_successes([[50, 62], [30, 152], [12, 224]], [[500, 500], [300, 1200], [100, 1900]]),
    propensities=[[0.5, 0.5], [0.2, 0.8], [0.05, 0.95]],
)
print(f"bandit: {aipw.compare(batches, treatment=1).report(0).difference}")
