"""Change requests of the experiment."""

from typing import Any

from experimentation.v1 import experiment_service_pb2 as requests_pb2
from experimentation.v1 import (
    review_pb2,
)
from tests.gateway.dashboard.examples.ids import DIGEST, EXPERIMENT_ID, REQUEST_ID, at


def change_request(**changes: Any) -> requests_pb2.ChangeRequest:
    """Returns ann's request to ship green, which waits for two approvals."""
    fields: dict[str, Any] = {
        "change_request_id": REQUEST_ID,
        "experiment_id": EXPERIMENT_ID,
        "change": requests_pb2.Change(stop=requests_pb2.StopChange(shipped_arm_id="green")),
        "reason": "Bought is up, order value holds.",
        "requester": "ann",
        "state": requests_pb2.CHANGE_REQUEST_STATE_PENDING,
        "base_revision": 3,
        "created_at": at(hours=5),
        "updated_at": at(hours=1),
        "request_revision": 2,
        "digest": DIGEST,
        "target_etag": "3",
        "expires_at": at(days=-13),
        "diff": [
            review_pb2.FieldDiff(path="state", before='"RUNNING"', after='"STOPPED"'),
            review_pb2.FieldDiff(path="shipped_arm_id", before="", after='"green"'),
        ],
        "policy_version": 1,
        "requirements": [
            review_pb2.Requirement(
                rule_id="ship-revenue",
                reasons=["ships_arm is true", "revenue_guardrail is true"],
                approval_count=2,
                roles=["reviewer", "admin"],
                approved_by=["rae"],
            )
        ],
        "risk_score": 62.0,
        "risk_factors": [
            review_pb2.RiskFactor(fact="ships_arm", points=20, description="everyone gets another arm, for good"),
            review_pb2.RiskFactor(fact="traffic_share", points=16, description="80 % of units take part"),
            review_pb2.RiskFactor(fact="revenue_guardrail", points=10, description="revenue is a guardrail"),
        ],
        "verdicts": [
            review_pb2.Verdict(
                reviewer="bob",
                kind=review_pb2.VERDICT_KIND_REQUEST_CHANGES,
                request_revision=1,
                stale=True,
                comment="Say what became of order value.",
                created_at=at(hours=4),
            ),
            review_pb2.Verdict(
                reviewer="rae",
                kind=review_pb2.VERDICT_KIND_APPROVE,
                request_revision=2,
                digest=DIGEST,
                created_at=at(hours=1),
            ),
        ],
        "comments": [
            review_pb2.Comment(comment_id="c1", author="ann", text="Done: it holds within 1 %.", created_at=at(hours=2))
        ],
    }
    return requests_pb2.ChangeRequest(**{**fields, **changes})


def change_requests() -> list[requests_pb2.ChangeRequest]:
    """Returns the request among others."""
    return [
        change_request(),
        change_request(
            change_request_id="cr_2",
            experiment_id="free-shipping",
            change=requests_pb2.Change(edit_traffic=requests_pb2.EditTrafficChange()),
            reason="More traffic before the holidays",
            requester="bob",
            risk_score=22,
            state=requests_pb2.CHANGE_REQUEST_STATE_APPROVED,
        ),
    ]
