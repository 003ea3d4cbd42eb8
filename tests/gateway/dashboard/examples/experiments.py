"""An experiment in the middle of its life, others beside it, and what became of it."""

from typing import Any

from experimentation.v1 import (
    audit_service_pb2,
    common_pb2,
)
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from tests.gateway.dashboard.examples.ids import DAYS, EXPERIMENT_ID, REQUEST_ID, at


def experiment(**changes: Any) -> common_pb2.Experiment:
    """Returns the experiment."""
    fields: dict[str, Any] = {
        "experiment_id": EXPERIMENT_ID,
        "display_name": "Checkout button",
        "description": "A green button is seen sooner, so that more carts are paid for.\nAmber is the cautious choice.",
        "arms": [
            common_pb2.Arm(arm_id="control", display_name="Grey (control)", control=True),
            common_pb2.Arm(arm_id="green", display_name="Green"),
            common_pb2.Arm(arm_id="amber", display_name="Amber"),
        ],
        "metrics": [
            _metric("bought", "Bought", common_pb2.METRIC_KIND_PROPORTION, common_pb2.METRIC_ROLE_PRIMARY),
            _metric("order-value", "Order value", common_pb2.METRIC_KIND_MEAN, common_pb2.METRIC_ROLE_GUARDRAIL),
            _metric(
                "errors", "Page errors", common_pb2.METRIC_KIND_PROPORTION, common_pb2.METRIC_ROLE_GUARDRAIL, less=True
            ),
            _metric("items", "Items in the cart", common_pb2.METRIC_KIND_MEAN, common_pb2.METRIC_ROLE_SECONDARY),
        ],
        "allocation_policy": common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson()),
        "traffic": common_pb2.Traffic(share=0.8),
        "state": common_pb2.EXPERIMENT_STATE_RUNNING,
        "revision": 3,
        "etag": "3",
        "creator": "ann",
        "created_at": at(days=DAYS + 2),
        "started_at": at(days=DAYS),
    }
    return common_pb2.Experiment(**{**fields, **changes})


def experiments() -> list[common_pb2.Experiment]:
    """Returns the experiment among others."""
    return [
        experiment(),
        experiment(experiment_id="free-shipping", display_name="Free shipping from 40", started_at=at(days=21)),
        experiment(
            experiment_id="search-order",
            display_name="Order of search results",
            state=common_pb2.EXPERIMENT_STATE_PAUSED,
            allocation_policy=common_pb2.AllocationPolicy(fixed_split=common_pb2.FixedSplit()),
        ),
        experiment(
            experiment_id="gift-wrap",
            display_name="Gift wrapping",
            state=common_pb2.EXPERIMENT_STATE_DRAFT,
            started_at=None,
        ),
        experiment(
            experiment_id="newsletter",
            display_name="Newsletter at the end",
            state=common_pb2.EXPERIMENT_STATE_STOPPED,
            started_at=at(days=60),
            stopped_at=at(days=30),
        ),
    ]


def _metric(
    metric_id: str,
    name: str,
    kind: "common_pb2.MetricKind.ValueType",
    role: "common_pb2.MetricRole.ValueType",
    *,
    less: bool = False,
) -> common_pb2.Metric:
    direction = common_pb2.METRIC_DIRECTION_MINIMIZE if less else common_pb2.METRIC_DIRECTION_MAXIMIZE
    return common_pb2.Metric(metric_id=metric_id, display_name=name, kind=kind, role=role, direction=direction)


def revisions() -> list[requests_pb2.Revision]:
    """Returns the revisions, the newest first."""
    return [
        requests_pb2.Revision(
            experiment=experiment(revision=revision),
            change_request_id=REQUEST_ID if revision > 1 else "",
            author="ann",
            created_at=at(days=DAYS + 3 - revision),
        )
        for revision in (3, 2, 1)
    ]


def audit_events() -> list[audit_service_pb2.AuditEvent]:
    """Returns who did what, the newest first."""
    actions = (("change_request.apply", "ada"), ("change_request.approve", "rae"), ("change_request.propose", "ann"))
    return [
        audit_service_pb2.AuditEvent(
            sequence=12 - place,
            actor=actor,
            action=action,
            target=f"experiments/{EXPERIMENT_ID}",
            details={"change_request_id": REQUEST_ID},
            occurred_at=at(hours=place + 1),
        )
        for place, (action, actor) in enumerate(actions)
    ]
