"""What the service needs from the world around it."""

from contextlib import AbstractContextManager
from typing import Protocol

from services.review.domain import audit, changes
from services.review.domain.model import (
    ChangeRequest,
    Creation,
    ExperimentCursor,
    ExperimentFilter,
    RequestKey,
    Revision,
    Served,
)
from shared.definition import model


class PolicyGate(Protocol):
    """Decides how many approvals a change needs."""

    def approvals_required(self, change: changes.Change, before: model.Experiment, after: model.Experiment, /) -> int:
        """Returns how many people must approve before the change is applied; 0: it is applied at once."""


class Experiments(Protocol):
    """Keeps experiments and their revisions; a part of a transaction."""

    def create(self, revision: Revision, key: RequestKey) -> bool:
        """Adds an experiment with its first revision and announces it.

        Returns:
            False, and nothing was added, if the experiment id or the request id is taken.
        """

    def find_creation(self, request_id: str) -> Creation | None:
        """Returns the experiment that the request created, as it was then."""

    def find(self, experiment_id: str) -> model.Experiment | None:
        """Returns the experiment as of its newest revision."""

    def lock(self, experiment_id: str) -> model.Experiment | None:
        """Returns the same, and keeps other transactions from locking the experiment until this one ends."""

    def save(self, revision: Revision) -> None:
        """Makes the revision the newest of its experiment, which must be locked, and announces it."""

    def served(self, experiment_id: str) -> Served:
        """Returns the parts of all revisions since the experiment was first started."""

    def find_revision(self, experiment_id: str, number: int) -> Revision | None:
        """Returns one revision."""

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> list[Revision]:
        """Returns the newest revisions, newest first; with `before`, those below that number."""

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> list[model.Experiment]:
        """Returns the newest experiments, newest first, then by id; with `after`, those that follow that place."""


class ChangeRequests(Protocol):
    """Keeps change requests; a part of a transaction."""

    def add(self, request: ChangeRequest) -> bool:
        """Adds a change request; returns False, and nothing was added, if its request id is taken."""

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        """Returns the change request that was proposed with this request id."""


class AuditLog(Protocol):
    """Keeps the audit log; a part of a transaction."""

    def append(self, entry: audit.Entry) -> None:
        """Appends to the audit log. Must come last: from then on, all other writers wait for this transaction."""

    def list_events(self, *, after: int, limit: int) -> list[audit.Event]:
        """Returns the first events with a sequence above `after`, in order."""


class Transaction(Protocol):
    """Is one unit of work on the store: all of its writes happen, or none; for use by one thread.

    Every method of its parts raises Unavailable STORE_UNAVAILABLE when the store cannot be reached.
    """

    @property
    def experiments(self) -> Experiments:
        """The experiments."""

    @property
    def requests(self) -> ChangeRequests:
        """The change requests."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


class ReviewStore(Protocol):
    """Keeps what review owns; safe for use by many threads."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Returns a new transaction, which ends with the block: by an error, nothing happened.

        Raises:
            Unavailable: STORE_UNAVAILABLE, the store cannot be reached.
        """
