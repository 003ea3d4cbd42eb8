"""Changes and what policy knows of them, as the tests of policy share them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.review.domain import apply, changes
from services.review.domain.policy import facts
from services.review.domain.policy.catalogue import Facts
from services.review.domain.policy.facts import Surroundings
from shared.definition import model
from tests.review.examples import CONVERSION, LATER, REVENUE, draft, running

EARNINGS = replace(REVENUE, metric_id="earnings", revenue=True)
LATENCY = replace(REVENUE, metric_id="latency", role=model.MetricRole.GUARDRAIL, display_name="Latency")
EARNINGS_GUARDRAIL = replace(EARNINGS, role=model.MetricRole.GUARDRAIL)
WITH_GUARDRAIL = (CONVERSION, LATENCY)
WITH_EARNINGS = (CONVERSION, EARNINGS)
WITH_EARNINGS_GUARDRAIL = (CONVERSION, EARNINGS_GUARDRAIL)

SURROUNDINGS = Surroundings(LATER, paused_arm_ids=frozenset(), analysis_disagrees=False)
"""Everything is known, and nothing is wrong."""


def after(change: changes.Change, before: model.Experiment) -> model.Experiment:
    """Returns the revision that the change makes."""
    return apply.apply(change, before, now=LATER)


def paused(**fields: Any) -> model.Experiment:
    """Returns a paused experiment."""
    return after(changes.Pause(), running(**fields))


def in_state(state: model.ExperimentState, **fields: Any) -> model.Experiment:
    """Returns an experiment in the state."""
    match state:
        case model.ExperimentState.DRAFT:
            return draft(**fields)
        case model.ExperimentState.RUNNING:
            return running(**fields)
        case model.ExperimentState.PAUSED:
            return paused(**fields)
        case model.ExperimentState.STOPPED:
            return after(changes.Stop(), running(**fields))


def facts_of(change: changes.Change, before: model.Experiment, **known: Any) -> Facts:
    """Returns the facts of the change; `known` is what the surroundings say."""
    surroundings = replace(SURROUNDINGS, **known)
    return facts.of_change(change.kind, before, after(change, before), surroundings)


def learning(algorithm: model.Algorithm | None = None, **controls: Any) -> model.AllocationPolicy:
    """Returns a policy that learns, by default by Beta-Thompson sampling with a floor of 0.01."""
    return model.AllocationPolicy(algorithm or model.BetaThompson(), model.AllocationControls(**controls))


def days(count: float) -> timedelta:
    """Returns a time span."""
    return timedelta(days=count)
