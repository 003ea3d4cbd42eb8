"""What the services answer in tests of pages: one experiment in the middle of its life, and all around it."""

from tests.gateway.dashboard.examples.analyses import analyses, analysis, evidence, listed_analyses, provenance, said
from tests.gateway.dashboard.examples.answers import Answer, answers
from tests.gateway.dashboard.examples.bandits import bandit, snapshot
from tests.gateway.dashboard.examples.comparisons import comparisons
from tests.gateway.dashboard.examples.experiments import audit_events, experiment, experiments, revisions
from tests.gateway.dashboard.examples.ideas import design, designs, hypotheses, hypothesis, lifts, metric_profile
from tests.gateway.dashboard.examples.ids import (
    ANALYSIS_ID,
    DAYS,
    DESIGN_ID,
    DIGEST,
    EVIDENCE,
    EXPERIMENT_ID,
    HYPOTHESIS_ID,
    JOB_ID,
    REQUEST_ID,
    at,
    instant,
)
from tests.gateway.dashboard.examples.jobs import job, provider_call
from tests.gateway.dashboard.examples.requests import change_request, change_requests

__all__ = [
    "ANALYSIS_ID",
    "DAYS",
    "DESIGN_ID",
    "DIGEST",
    "EVIDENCE",
    "EXPERIMENT_ID",
    "HYPOTHESIS_ID",
    "JOB_ID",
    "REQUEST_ID",
    "Answer",
    "analyses",
    "analysis",
    "answers",
    "at",
    "audit_events",
    "bandit",
    "change_request",
    "change_requests",
    "comparisons",
    "design",
    "designs",
    "evidence",
    "experiment",
    "experiments",
    "hypotheses",
    "hypothesis",
    "instant",
    "job",
    "lifts",
    "listed_analyses",
    "metric_profile",
    "provenance",
    "provider_call",
    "revisions",
    "said",
    "snapshot",
]
