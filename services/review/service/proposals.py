"""The use cases of proposing a change, of an experiment or of the policy rules."""

from datetime import datetime

from services.review.domain import lifecycle
from services.review.domain.change_request import Author, ChangeRequest, ChangeRequestState, EditPolicyRules, RequestKey
from services.review.domain.model import Outcome, PolicyProposal, Proposal
from services.review.domain.ports import ReviewStore, Transaction
from services.review.service import applying, journal, refusals, reviewers, targets
from shared import errors
from shared.clock import Clock
from shared.definition import model
from shared.identity.permission import Permission
from shared.ids import NewId


class ProposalService:
    """Is the only way to a change request; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE, and nothing happened, when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore, *, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    def propose(self, proposal: Proposal) -> Outcome:
        """Returns what became of the proposal: applied at once, where no rule asks for an approval.

        Proposals for one experiment take effect one after the other. A retry with the same key gets the same answer.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            AlreadyExists: REQUEST_ID_REUSED.
            Aborted: ETAG_MISMATCH.
            FailedPrecondition: INVALID_STATE.
            InvalidArgument: INVALID_FIELD, every field at fault is named.
        """
        experiment_id = proposal.experiment_id
        with self._store.transaction() as transaction:
            before = refusals.experiment_found(transaction.experiments.lock(experiment_id), experiment_id)
            earlier = _proposed_before(transaction, proposal.key)
            if earlier:
                return Outcome(earlier, _experiment_after(transaction, earlier))
            if proposal.etag not in ("", before.etag):
                raise refusals.etag_mismatch(before)
            return self._decide(transaction, proposal)

    def propose_policy(self, proposal: PolicyProposal) -> ChangeRequest:
        """Returns the request for new policy rules, which always waits for an approval.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED.
            Aborted: ETAG_MISMATCH, the policy is no longer at the base version.
            InvalidArgument: INVALID_FIELD, every field at fault is named.
        """
        with self._store.transaction() as transaction:
            earlier = _proposed_before(transaction, proposal.key)
            if earlier:
                return earlier
            current = targets.policy_in_force(transaction)
            if proposal.base_version not in (None, current.version):
                raise targets.policy_moved(current)
            now = self._clock()
            terms = targets.preview(transaction, "", EditPolicyRules(proposal.rules), now=now).terms
            request = lifecycle.proposed(
                "" if proposal.validate_only else self._new_id("cr"),
                "",
                terms,
                author=proposal.author,
                reason=proposal.reason,
                draft=False,
                key=proposal.key,
                now=now,
            )
            return request if proposal.validate_only else _filed(transaction, request, now)

    def _decide(self, transaction: Transaction, proposal: Proposal) -> Outcome:
        now = self._clock()
        targets.require_future(proposal.scheduled_at, now)
        seen = targets.preview(
            transaction,
            proposal.experiment_id,
            proposal.change,
            now=now,
            scheduled_at=proposal.scheduled_at,
            auto_apply=proposal.auto_apply,
        )
        request = lifecycle.proposed(
            "" if proposal.validate_only else self._new_id("cr"),
            proposal.experiment_id,
            seen.terms,
            author=proposal.author,
            contributors=_askers(transaction, proposal),
            reason=proposal.reason,
            draft=proposal.draft,
            key=proposal.key,
            now=now,
        )
        if not proposal.validate_only:
            request = _filed(transaction, request, now)
        return Outcome(request, _experiment_after(transaction, request))


def _askers(transaction: Transaction, proposal: Proposal) -> tuple[Author, ...]:
    """Returns who asked for what an agent proposes: they had a hand in it, so that somebody else approves it."""
    if not proposal.on_behalf_of:
        return ()
    if not proposal.author.is_agent:
        raise errors.PermissionDenied(
            errors.Reason.PERMISSION_DENIED,
            "only an agent proposes on behalf of somebody else",
            metadata={"permission": Permission.CHANGES_PROPOSE},
        )
    asker = transaction.identities.find_principal(proposal.on_behalf_of)
    if asker is None:
        raise errors.invalid_field("on_behalf_of", f"there is no principal {proposal.on_behalf_of!r}")
    return (reviewers.author(asker),)


def _filed(transaction: Transaction, request: ChangeRequest, now: datetime) -> ChangeRequest:
    """Writes the request; where nothing holds it back, the change is in effect after it."""
    if not transaction.requests.add(request):
        raise refusals.request_id_reused(request.key)
    steps = [journal.Step(journal.PROPOSE, request, {"reason": request.reason} if request.reason else {})]
    if request.state is ChangeRequestState.APPROVED:
        request = applying.carried_out(transaction, lifecycle.applying(request, now), now)
        transaction.requests.save(request)
        steps.append(journal.applied(request))
    journal.record(transaction, *steps, actor=request.requester, now=now)
    return request


def _proposed_before(transaction: Transaction, key: RequestKey) -> ChangeRequest | None:
    """Returns the request of a retry as it stands now."""
    earlier = transaction.requests.find_proposed(key.request_id) if key.request_id else None
    if earlier and earlier.key.digest != key.digest:
        raise refusals.request_id_reused(key)
    return earlier


def _experiment_after(transaction: Transaction, request: ChangeRequest) -> model.Experiment:
    """Returns the experiment as the request left it: as it was read, or as the revision that it became."""
    number = request.applied_revision or request.base_revision
    revision = transaction.experiments.find_revision(request.experiment_id, number)
    if revision is None:
        raise errors.Internal(errors.Reason.INTERNAL, f"revision {number} of {request.experiment_id!r} is lost")
    return revision.experiment
