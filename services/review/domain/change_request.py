"""Change requests as values: what is asked for, what it needs, what reviewers said, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.review.domain import changes
from services.review.domain.policy.evaluation import Requirement
from services.review.domain.policy.risk import RiskFactor
from services.review.domain.policy.rules import PolicyRule


class ChangeRequestState(StrEnum):
    """Says where a change request stands."""

    DRAFT = "DRAFT"
    PENDING = "PENDING"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    APPROVED = "APPROVED"
    SCHEDULED = "SCHEDULED"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


CLOSED = frozenset(
    {
        ChangeRequestState.APPLIED,
        ChangeRequestState.REJECTED,
        ChangeRequestState.CANCELLED,
        ChangeRequestState.EXPIRED,
    }
)
"""The states that no verb leads out of."""


class VerdictKind(StrEnum):
    """Says what a reviewer says."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    REQUEST_CHANGES = "REQUEST_CHANGES"


@dataclass(frozen=True, slots=True)
class EditPolicyRules:
    """Replaces the policy rules."""

    kind: ClassVar[str] = "edit_policy_rules"
    rules: tuple[PolicyRule, ...]


AnyChange = changes.Change | EditPolicyRules


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Tells a retry from a new request.

    Attributes:
        request_id: Chosen by the caller; empty: every request is new.
        digest: Fingerprint of what the request says.
    """

    request_id: str = ""
    digest: str = ""


NO_KEY = RequestKey()


@dataclass(frozen=True, slots=True)
class Author:
    """Is somebody who wrote some of a request, or judged it: the principal, and the person behind it."""

    principal_id: str
    person_id: str
    is_agent: bool = False

    def is_same_person(self, other: "Author") -> bool:
        """Returns whether both are one person, be it under two names."""
        return self.principal_id == other.principal_id or (self.person_id != "" and self.person_id == other.person_id)


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """Is one field that a change alters; values are JSON texts, empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Is what a reviewer said of one revision of a request; roles and groups are those that they had then."""

    reviewer: Author
    kind: VerdictKind
    request_revision: int
    digest: str
    created_at: datetime
    comment: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comment:
    """Is a remark on a request."""

    comment_id: str
    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Emergency:
    """Says who applied a request without its approvals and why, and who reviewed that since."""

    actor: Author
    justification: str
    signed_by: str = ""
    sign_comment: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Is what the policy rules made of a request; kept with it, as the rules may change."""

    policy_version: int
    requirements: tuple[Requirement, ...] = ()
    risk_score: float = 0.0
    risk_factors: tuple[RiskFactor, ...] = ()


UNASSESSED = Assessment(policy_version=0)


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Is a proposed change and what became of it.

    Attributes:
        experiment_id: Names the target; empty: the policy rules.
        authors: Who wrote it, the requester first.
        base_revision: The target's revision, or the policy's version, that it was made against.
        target_etag: The etag of that.
        request_revision: Counts the edits, from 1.
        digest: Fingerprint of all that a reviewer judges, made by the latest edit.
        applied_revision: 0 until it is applied.
    """

    change_request_id: str
    experiment_id: str
    change: AnyChange
    reason: str
    authors: tuple[Author, ...]
    state: ChangeRequestState
    base_revision: int
    target_etag: str
    digest: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    request_revision: int = 1
    scheduled_at: datetime | None = None
    auto_apply: bool = False
    diff: tuple[FieldDiff, ...] = ()
    assessment: Assessment = UNASSESSED
    verdicts: tuple[Verdict, ...] = ()
    comments: tuple[Comment, ...] = ()
    emergency: Emergency | None = None
    failure: str = ""
    applied_revision: int = 0
    applied_at: datetime | None = None
    key: RequestKey = NO_KEY

    @property
    def requester(self) -> str:
        """Returns the principal who asked."""
        return self.authors[0].principal_id

    @property
    def target(self) -> str:
        """Returns the name of what it changes: `experiments/<id>`, or `policy`."""
        return f"experiments/{self.experiment_id}" if self.experiment_id else "policy"
