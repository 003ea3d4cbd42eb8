"""What review keeps beside change requests, what it is asked for, and the questions asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from services.review.domain import changes
from services.review.domain.change_request import NO_KEY, Author, ChangeRequest, ChangeRequestState, RequestKey
from services.review.domain.policy.rules import PolicyRule
from shared.definition import model

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Is what a requester asks for.

    Attributes:
        etag: Of the target as the requester saw it; empty: whatever is current.
        draft: Whether it is kept a draft.
        scheduled_at: When it is to be applied by itself; None: when asked to.
        auto_apply: Whether the last approval applies it.
        validate_only: Whether nothing is to be written.
        on_behalf_of: The principal who asked an agent to propose it; empty: nobody.
    """

    experiment_id: str
    change: changes.Change
    author: Author
    reason: str = ""
    etag: str = ""
    draft: bool = False
    scheduled_at: datetime | None = None
    auto_apply: bool = False
    validate_only: bool = False
    on_behalf_of: str = ""
    key: RequestKey = NO_KEY


@dataclass(frozen=True, slots=True)
class PolicyProposal:
    """Is what a requester asks for of the policy rules; no base version means whatever is in force."""

    rules: tuple[PolicyRule, ...]
    author: Author
    reason: str
    base_version: int | None = None
    validate_only: bool = False
    key: RequestKey = NO_KEY


@dataclass(frozen=True, slots=True)
class Outcome:
    """Is what became of a proposal: the request, and the experiment after it."""

    change_request: ChangeRequest
    experiment: model.Experiment


@dataclass(frozen=True, slots=True)
class Revision:
    """Is an experiment as it was from one applied change to the next; revision 1 has no change request."""

    experiment: model.Experiment
    author: str
    created_at: datetime
    change_request_id: str = ""


@dataclass(frozen=True, slots=True)
class Creation:
    """Is an experiment as it was created, with the fingerprint of the request that asked for it."""

    experiment: model.Experiment
    digest: str


@dataclass(frozen=True, slots=True)
class Served:
    """Holds the parts of all revisions that ever served: their ids are in the data for good."""

    arm_ids: frozenset[str] = frozenset()
    metrics: tuple[model.Metric, ...] = ()


@dataclass(frozen=True, slots=True)
class ExperimentFilter:
    """Keeps experiments in one of the states, with all the labels, with the text in id or name; empty keeps all."""

    states: frozenset[model.ExperimentState] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentCursor:
    """Is a place in the list of experiments: newest first, then by id."""

    created_at: datetime
    experiment_id: str


@dataclass(frozen=True, slots=True)
class VerbCall:
    """Is a call of a verb with a request id, which tells a retry."""

    key: RequestKey
    change_request_id: str


@dataclass(frozen=True, slots=True)
class ChangeRequestFilter:
    """Keeps change requests; empty keeps all.

    Attributes:
        states: Keeps those in one of the states.
        experiment_id: Keeps those of the experiment.
        requester: Keeps those of the principal.
        awaits: Keeps those that this reviewer may judge and has not yet, and emergencies that they may sign.
    """

    states: frozenset[ChangeRequestState] = frozenset()
    experiment_id: str = ""
    requester: str = ""
    awaits: Author | None = None


@dataclass(frozen=True, slots=True)
class ChangeRequestCursor:
    """Is a place in the list of change requests: newest first, then by id."""

    created_at: datetime
    change_request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Keeps audit events; empty keeps all."""

    after_sequence: int = 0
    actor: str = ""
    action_prefix: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[_Item]):
    """Is a part of a list; `more` says whether something follows."""

    items: tuple[_Item, ...]
    more: bool

    @classmethod
    def of(cls, found: Sequence[_Item], limit: int) -> "Page[_Item]":
        """Returns the first `limit` of what was found, when one more than that was asked for."""
        return cls(tuple(found[:limit]), more=len(found) > limit)
