"""What review keeps beside experiments: revisions, change requests, and the questions asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from services.review.domain import changes
from shared.definition import model

_Item = TypeVar("_Item")


class ChangeRequestState(StrEnum):
    """Says where a change request stands."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Tells a retry from a new request.

    Attributes:
        request_id: Chosen by the caller; empty: every request is new.
        digest: Fingerprint of what the request says.
    """

    request_id: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Is what a requester asks for; an empty etag means whatever is current."""

    experiment_id: str
    change: changes.Change
    requester: str
    reason: str = ""
    etag: str = ""
    key: RequestKey = RequestKey()


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Is a proposal on record; `applied_revision` is 0 and `applied_at` None until it is applied."""

    change_request_id: str
    experiment_id: str
    change: changes.Change
    reason: str
    requester: str
    state: ChangeRequestState
    base_revision: int
    created_at: datetime
    applied_revision: int = 0
    applied_at: datetime | None = None
    key: RequestKey = RequestKey()


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
class Page(Generic[_Item]):
    """Is a part of a list; `more` says whether something follows."""

    items: tuple[_Item, ...]
    more: bool
