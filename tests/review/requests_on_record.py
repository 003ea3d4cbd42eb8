"""Change requests that tests of review share."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.review.domain import changes, lifecycle
from services.review.domain.change_request import (
    NO_KEY,
    AnyChange,
    Assessment,
    Author,
    ChangeRequest,
    FieldDiff,
    RequestKey,
    Verdict,
    VerdictKind,
)
from services.review.domain.policy.evaluation import Requirement
from services.review.domain.policy.risk import RiskFactor
from tests.review.examples import NOW

BOB = Author("bob", "bob@example.com")
ROB = Author("rob", "rob@example.com")
RAE = Author("rae", "rae@example.com")
ANY_ONE = Requirement("any-one", ("matches every change",), approval_count=1)
ADMIN = Requirement("admins", (), approval_count=1, roles=("admin",), groups=("seniors",), audiences=("growth",))


def terms(change: AnyChange = changes.Start(), *requirements: Requirement, **fields: Any) -> lifecycle.Terms:  # noqa: B008 - it is frozen
    """Returns terms against revision 1."""
    factors = (RiskFactor("traffic_share", 20.0, "All units take part."),)
    assessment = Assessment(3, requirements or (ANY_ONE,), 20.0, factors)
    return replace(
        lifecycle.Terms(change, 1, "etag-1", (FieldDiff("state", '"DRAFT"', '"RUNNING"'),), assessment), **fields
    )


def request(
    change_request_id: str = "cr_1",
    asked: lifecycle.Terms | None = None,
    *,
    experiment_id: str = "checkout",
    author: Author = BOB,
    key: RequestKey = NO_KEY,
    draft: bool = False,
    now: datetime = NOW,
) -> ChangeRequest:
    """Returns a request that waits for one approval, unless the terms say otherwise."""
    return lifecycle.proposed(
        change_request_id, experiment_id, asked or terms(), author=author, reason="why", draft=draft, key=key, now=now
    )


def verdict(
    of: ChangeRequest, reviewer: Author = ROB, kind: VerdictKind = VerdictKind.APPROVE, **fields: Any
) -> Verdict:
    """Returns a verdict on the request as it is."""
    made = Verdict(
        reviewer, kind, of.request_revision, of.digest, NOW + timedelta(minutes=1), "so it is", frozenset({"reviewer"})
    )
    return replace(made, **fields)
