"""Requests that the tests of the AI service share, and the refusals that they meet."""

from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import analysis_pb2, common_pb2, hypothesis_pb2, metrics_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from shared.errors import Reason

INVALID_FIELD = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)
INVALID_PAGE_TOKEN = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN)
NO_EXPERIMENT = (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND)
NO_JOB = (grpc.StatusCode.NOT_FOUND, Reason.JOB_NOT_FOUND)
NO_HYPOTHESIS = (grpc.StatusCode.NOT_FOUND, Reason.HYPOTHESIS_NOT_FOUND)
NO_DESIGN = (grpc.StatusCode.NOT_FOUND, Reason.DESIGN_NOT_FOUND)
NO_ANALYSIS = (grpc.StatusCode.NOT_FOUND, Reason.ANALYSIS_NOT_FOUND)
REUSED = (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
TAKEN = (grpc.StatusCode.ALREADY_EXISTS, Reason.EXPERIMENT_ALREADY_EXISTS)
MOVED = (grpc.StatusCode.ABORTED, Reason.ETAG_MISMATCH)
WRONG_STATE = (grpc.StatusCode.FAILED_PRECONDITION, Reason.INVALID_STATE)
NOT_PERMITTED = (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED)
TOO_MANY = (grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.LIMIT_EXCEEDED)

WEEK = 7 * 24 * 3600


def rate(metric_id: str = "signup", **fields: Any) -> metrics_pb2.MetricProfile:
    """Returns a rate of 10 %, of which a lot is known."""
    known = {"baseline": 0.1, "unit_count": 50_000, "kind": common_pb2.METRIC_KIND_PROPORTION, **fields}
    return metrics_pb2.MetricProfile(metric_id=metric_id, **known)


def money(metric_id: str = "revenue", **fields: Any) -> metrics_pb2.MetricProfile:
    """Returns a mean of 12, of which a lot is known."""
    known = {
        "baseline": 12.0,
        "standard_deviation": 30.0,
        "unit_count": 50_000,
        "kind": common_pb2.METRIC_KIND_MEAN,
        "revenue": True,
        **fields,
    }
    return metrics_pb2.MetricProfile(metric_id=metric_id, **known)


def traffic(units_per_day: float = 20_000) -> metrics_pb2.TrafficProfile:
    return metrics_pb2.TrafficProfile(units_per_day=units_per_day)


def past(experiment_id: str, lift: float, **fields: Any) -> metrics_pb2.PastExperiment:
    told = {
        "intervention": f"shorten the form of {experiment_id}",
        "metric_id": "signup",
        "standard_error": 0.01,
        "outcome": metrics_pb2.PAST_OUTCOME_WON if lift > 0 else metrics_pb2.PAST_OUTCOME_LOST,
        **fields,
    }
    return metrics_pb2.PastExperiment(experiment_id=experiment_id, relative_lift=lift, **told)


def suggest(**fields: Any) -> pb.SuggestHypothesesRequest:
    """Returns a request that hypotheses can be made of."""
    asked = {
        "metrics": [rate(funnel_step=1, trend=-0.08), rate("purchase", baseline=0.02, funnel_step=2), money()],
        "past_experiments": [past("form", 0.06), past("button", 0.04), past("colour", -0.03)],
        "traffic": traffic(),
        **fields,
    }
    return pb.SuggestHypothesesRequest(**asked)


def design(**fields: Any) -> pb.RecommendDesignRequest:
    """Returns a request that a design can be made of."""
    asked = {
        "description": "A shorter form makes more visitors sign up, as there is less to fill in.",
        "metrics": [rate(role=common_pb2.METRIC_ROLE_PRIMARY), money(relative_mde=0.05)],
        "traffic": traffic(),
        "relative_mde": 0.05,
        **fields,
    }
    return pb.RecommendDesignRequest(**asked)


def sums(**fields: Any) -> analysis_pb2.Aggregates:
    """Returns the data of a test in which the treatment is better."""
    told = {
        "metrics": [rate(role=common_pb2.METRIC_ROLE_PRIMARY)],
        "arms": [arm("control", 10_000, 1_000, control=True), arm("short", 10_000, 1_250)],
        **fields,
    }
    return analysis_pb2.Aggregates(**told)


def arm(arm_id: str, units: int, value_sum: float, *, control: bool = False, **more: Any) -> analysis_pb2.ArmAggregate:
    row = analysis_pb2.MetricSums(metric_id="signup", value_sum=value_sum)
    return analysis_pb2.ArmAggregate(arm_id=arm_id, control=control, unit_count=units, sums=[row], **more)


def analyze(experiment_id: str = "form", **fields: Any) -> pb.AnalyzeExperimentRequest:
    """Returns a request with data of its own, unless others are given."""
    asked = fields if {"aggregates", "warehouse_table"} & set(fields) else {"aggregates": sums(), **fields}
    return pb.AnalyzeExperimentRequest(experiment_id=experiment_id, **asked)


def plan(**fields: Any) -> hypothesis_pb2.DesignPlan:
    """Returns a plan of somebody's own."""
    told = {
        "primary_metric_id": "signup",
        "guardrail_metric_ids": ["revenue"],
        "arm_shares": [0.5, 0.5],
        "units_per_arm": [60_000, 60_000],
        "duration": Duration(seconds=2 * WEEK),
        "relative_mde": 0.05,
        **fields,
    }
    return hypothesis_pb2.DesignPlan(**told)
