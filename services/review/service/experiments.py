"""The use cases of experiments: create and read."""

from datetime import datetime

from services.review.domain import apply, audit
from services.review.domain.change_request import RequestKey
from services.review.domain.model import (
    ExperimentCursor,
    ExperimentFilter,
    Page,
    Revision,
)
from services.review.domain.ports import ReviewStore, Transaction
from services.review.service import refusals
from shared import errors
from shared.clock import Clock
from shared.definition import model

_MAX_ECHO = 64


class ExperimentService:
    """Is the only way to make an experiment; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE, and nothing happened, when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(
        self, experiment: model.Experiment, *, actor: str, key: RequestKey, validate_only: bool = False
    ) -> model.Experiment:
        """Returns the experiment as stored: a DRAFT, revision 1. A retry with the same key gets the same answer.

        With validate_only nothing is written.

        Raises:
            InvalidArgument: INVALID_FIELD, every field at fault is named.
            AlreadyExists: EXPERIMENT_ALREADY_EXISTS or REQUEST_ID_REUSED.
        """
        now = self._clock()
        draft = apply.draft(experiment, creator=actor, now=now)
        with self._store.transaction() as transaction:
            if validate_only:
                if transaction.experiments.find(draft.experiment_id):
                    raise _taken(draft.experiment_id)
                return draft
            if not transaction.experiments.create(Revision(draft, actor, now), key):
                return _created_before(transaction, draft.experiment_id, key)
            transaction.audit.append(_entry("experiment.create", draft, actor, now))
        return draft

    def get(self, experiment_id: str) -> model.Experiment:
        """Returns the experiment as of its newest revision.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
        """
        with self._store.transaction() as transaction:
            return refusals.experiment_found(transaction.experiments.find(experiment_id), experiment_id)

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> Page[model.Experiment]:
        """Returns at most limit experiments, newest first; with `after`, those that follow that place."""
        with self._store.transaction() as transaction:
            return Page.of(transaction.experiments.list_experiments(kept, after=after, limit=limit + 1), limit)

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> Page[Revision]:
        """Returns at most limit revisions, newest first; with `before`, those below that number.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
        """
        with self._store.transaction() as transaction:
            refusals.experiment_found(transaction.experiments.find(experiment_id), experiment_id)
            return Page.of(transaction.experiments.list_revisions(experiment_id, before=before, limit=limit + 1), limit)


def _entry(action: str, experiment: model.Experiment, actor: str, now: datetime) -> audit.Entry:
    facts = {"revision": str(experiment.revision), "etag": experiment.etag}
    return audit.Entry(actor, action, f"experiments/{experiment.experiment_id}", facts, now)


def _created_before(transaction: Transaction, experiment_id: str, key: RequestKey) -> model.Experiment:
    """Returns the first answer to a retry of a creation."""
    earlier = transaction.experiments.find_creation(key.request_id) if key.request_id else None
    if earlier is None:
        raise _taken(experiment_id)
    if earlier.digest != key.digest:
        raise refusals.request_id_reused(key)
    return earlier.experiment


def _taken(experiment_id: str) -> errors.AlreadyExists:
    return errors.AlreadyExists(
        errors.Reason.EXPERIMENT_ALREADY_EXISTS,
        f"there is an experiment {experiment_id!r} already",
        metadata={"experiment_id": experiment_id},
    )
