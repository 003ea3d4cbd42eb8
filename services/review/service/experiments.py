"""The use cases of experiments: create, read, and propose changes."""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.review.domain import apply, audit
from services.review.domain.model import (
    ChangeRequest,
    ChangeRequestState,
    ExperimentCursor,
    ExperimentFilter,
    Outcome,
    Page,
    Proposal,
    RequestKey,
    Revision,
)
from services.review.domain.ports import PolicyGate, ReviewStore, Transaction
from shared import errors
from shared.clock import Clock
from shared.definition import model
from shared.ids import NewId

_Item = TypeVar("_Item")

_MAX_ECHO = 64


class ExperimentService:
    """Is the only way to make or change an experiment; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE, and nothing happened, when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore, gate: PolicyGate, *, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._new_id = new_id

    def create(self, experiment: model.Experiment, *, actor: str, key: RequestKey) -> model.Experiment:
        """Returns the experiment as stored: a DRAFT, revision 1. A retry with the same key gets the same answer.

        Raises:
            InvalidArgument: INVALID_FIELD, every field at fault is named.
            AlreadyExists: EXPERIMENT_ALREADY_EXISTS or REQUEST_ID_REUSED.
        """
        now = self._clock()
        draft = apply.draft(experiment, creator=actor, now=now)
        with self._store.transaction() as transaction:
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
            return _found(transaction.experiments.find(experiment_id), experiment_id)

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> Page[model.Experiment]:
        """Returns at most limit experiments, newest first; with `after`, those that follow that place."""
        with self._store.transaction() as transaction:
            return _page(transaction.experiments.list_experiments(kept, after=after, limit=limit + 1), limit)

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> Page[Revision]:
        """Returns at most limit revisions, newest first; with `before`, those below that number.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
        """
        with self._store.transaction() as transaction:
            _found(transaction.experiments.find(experiment_id), experiment_id)
            return _page(transaction.experiments.list_revisions(experiment_id, before=before, limit=limit + 1), limit)

    def propose(self, proposal: Proposal) -> Outcome:
        """Returns what became of the proposal: applied at once, unless policy asks for approvals.

        Proposals for one experiment take effect one after the other. A retry with the same key gets the same answer.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            AlreadyExists: REQUEST_ID_REUSED.
            Aborted: ETAG_MISMATCH.
            FailedPrecondition: INVALID_STATE.
            InvalidArgument: INVALID_FIELD, every field at fault is named.
        """
        with self._store.transaction() as transaction:
            before = _found(transaction.experiments.lock(proposal.experiment_id), proposal.experiment_id)
            if proposal.key.request_id:
                earlier = transaction.requests.find_proposed(proposal.key.request_id)
                if earlier:
                    return _proposed_before(transaction, earlier, proposal.key)
            _require_current(proposal, before)
            return self._decide(transaction, proposal, before)

    def _decide(self, transaction: Transaction, proposal: Proposal, before: model.Experiment) -> Outcome:
        now = self._clock()
        served = transaction.experiments.served(before.experiment_id)
        after = apply.apply(proposal.change, before, now=now, served=served)
        request = self._change_request(proposal, before, now)
        if self._gate.approvals_required(proposal.change, before, after) > 0:
            return _file(transaction, Outcome(request, before), now)
        request = replace(request, state=ChangeRequestState.APPLIED, applied_revision=after.revision, applied_at=now)
        return _file(transaction, Outcome(request, after), now)

    def _change_request(self, proposal: Proposal, before: model.Experiment, now: datetime) -> ChangeRequest:
        return ChangeRequest(
            change_request_id=self._new_id("cr"),
            experiment_id=before.experiment_id,
            change=proposal.change,
            reason=proposal.reason,
            requester=proposal.requester,
            state=ChangeRequestState.PENDING,
            base_revision=before.revision,
            created_at=now,
            key=proposal.key,
        )


def _file(transaction: Transaction, outcome: Outcome, now: datetime) -> Outcome:
    """Writes the request and, when it is applied, the revision that it became."""
    request, experiment = outcome.change_request, outcome.experiment
    if not transaction.requests.add(request):
        raise _request_id_reused(request.key)
    applied = request.state is ChangeRequestState.APPLIED
    if applied:
        transaction.experiments.save(Revision(experiment, request.requester, now, request.change_request_id))
    details = {"change_request_id": request.change_request_id, "change": request.change.kind, "reason": request.reason}
    action = "change_request.apply" if applied else "change_request.propose"
    transaction.audit.append(_entry(action, experiment, request.requester, now, details))
    return outcome


def _entry(
    action: str, experiment: model.Experiment, actor: str, now: datetime, details: dict[str, str] | None = None
) -> audit.Entry:
    facts = {"revision": str(experiment.revision), "etag": experiment.etag, **(details or {})}
    return audit.Entry(actor, action, f"experiments/{experiment.experiment_id}", facts, now)


def _found(experiment: model.Experiment | None, experiment_id: str) -> model.Experiment:
    if experiment is None:
        # What no id can look like is not echoed in full: it would not fit into the trailers of an answer.
        raise errors.experiment_not_found(experiment_id[:_MAX_ECHO])
    return experiment


def _page(items: list[_Item], limit: int) -> Page[_Item]:
    return Page(tuple(items[:limit]), more=len(items) > limit)


def _require_current(proposal: Proposal, experiment: model.Experiment) -> None:
    if proposal.etag not in ("", experiment.etag):
        raise errors.Aborted(
            errors.Reason.ETAG_MISMATCH,
            f"experiment {experiment.experiment_id!r} has changed: its etag is {experiment.etag!r}; read it again",
            metadata={"experiment_id": experiment.experiment_id, "etag": experiment.etag},
        )


def _created_before(transaction: Transaction, experiment_id: str, key: RequestKey) -> model.Experiment:
    """Returns the first answer to a retry of a creation."""
    earlier = transaction.experiments.find_creation(key.request_id) if key.request_id else None
    if earlier is None:
        raise errors.AlreadyExists(
            errors.Reason.EXPERIMENT_ALREADY_EXISTS,
            f"there is an experiment {experiment_id!r} already",
            metadata={"experiment_id": experiment_id},
        )
    if earlier.digest != key.digest:
        raise _request_id_reused(key)
    return earlier.experiment


def _proposed_before(transaction: Transaction, earlier: ChangeRequest, key: RequestKey) -> Outcome:
    """Returns the first answer to a retry of a proposal."""
    if earlier.key.digest != key.digest:
        raise _request_id_reused(key)
    number = earlier.applied_revision or earlier.base_revision
    revision = transaction.experiments.find_revision(earlier.experiment_id, number)
    if revision is None:
        raise errors.Internal(errors.Reason.INTERNAL, f"revision {number} of {earlier.experiment_id!r} is lost")
    return Outcome(earlier, revision.experiment)


def _request_id_reused(key: RequestKey) -> errors.AlreadyExists:
    return errors.AlreadyExists(
        errors.Reason.REQUEST_ID_REUSED,
        f"request id {key.request_id!r} was used for a different request",
        metadata={"request_id": key.request_id},
    )
