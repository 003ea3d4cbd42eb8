"""The use cases of change requests: reading them, and the verbs that move them on."""

from dataclasses import dataclass
from datetime import datetime

from services.review.domain import lifecycle, standing
from services.review.domain.change_request import (
    AnyChange,
    ChangeRequest,
    Comment,
    RequestKey,
    Verdict,
    VerdictKind,
)
from services.review.domain.model import ChangeRequestCursor, ChangeRequestFilter, Page
from services.review.domain.ports import ReviewStore
from services.review.domain.verbs import Verb
from services.review.service import journal, refusals, reviewers, targets
from services.review.service.turn import Turn, Turns
from shared import errors
from shared.clock import Clock
from shared.identity.principal import Principal
from shared.ids import NewId


@dataclass(frozen=True, slots=True)
class Seen:
    """Names a request as the caller saw it; an empty digest means that only the revision counts."""

    change_request_id: str
    request_revision: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Is what is to be different; None keeps.

    Attributes:
        clear_schedule: Takes the scheduled time away.
        rebase: Makes the change one against the target as it is now.
    """

    change: AnyChange | None = None
    reason: str | None = None
    scheduled_at: datetime | None = None
    clear_schedule: bool = False
    auto_apply: bool | None = None
    rebase: bool = False


class ChangeRequestService:
    """Moves change requests on; safe for use by many threads.

    Every verb locks its request, so that of two at once one comes first and the other sees what it did. A retry with
    the same key gets the request as it stands. Each raises NotFound CHANGE_REQUEST_NOT_FOUND, AlreadyExists
    REQUEST_ID_REUSED, FailedPrecondition INVALID_STATE, and Unavailable STORE_UNAVAILABLE, when nothing happened.
    """

    def __init__(self, store: ReviewStore, *, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._turns = Turns(store, clock=clock)
        self._new_id = new_id

    def get(self, change_request_id: str) -> ChangeRequest:
        """Returns one request."""
        with self._store.transaction() as transaction:
            found = transaction.requests.find(change_request_id)
        if found is None:
            raise refusals.change_request_not_found(change_request_id)
        return found

    def list_requests(
        self, kept: ChangeRequestFilter, *, after: ChangeRequestCursor | None, limit: int
    ) -> Page[ChangeRequest]:
        """Returns at most limit requests, newest first; with `after`, those that follow that place."""
        with self._store.transaction() as transaction:
            found = transaction.requests.list_requests(kept, after=after, limit=limit + 1)
        return Page.of(found, limit)

    def edit(self, seen: Seen, edit: Edit, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the request with new terms; applied already where no rule asks for an approval any more.

        Raises:
            Aborted: STALE_REVISION; ETAG_MISMATCH, its target has moved and it is not to be rebased.
            InvalidArgument: INVALID_FIELD.
            PermissionDenied: PERMISSION_DENIED, it is about the policy rules, and the caller is no admin.
        """

        def act(turn: Turn) -> ChangeRequest:
            request = turn.request
            reviewers.require_rule_maker(request, caller)
            standing.require_seen(request, seen.request_revision, seen.digest)
            terms = _edited_terms(turn, edit)
            editor = reviewers.author(caller)
            return turn.carried_on(lifecycle.edited(request, terms, editor=editor, reason=edit.reason, now=turn.now))

        return self._turns.take(Verb.EDIT, seen.change_request_id, caller, key, act)

    def submit(self, seen: Seen, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the draft, submitted; applied already where no rule asks for an approval.

        Raises:
            Aborted: STALE_REVISION; ETAG_MISMATCH, its target has moved since.
            PermissionDenied: PERMISSION_DENIED, the caller is none of its authors, and no admin.
        """

        def act(turn: Turn) -> ChangeRequest:
            request = turn.request
            standing.require_seen(request, seen.request_revision, seen.digest)
            reviewers.require_author(request, caller)
            lifecycle.require_submittable(request)
            terms = targets.preview(turn.transaction, request.experiment_id, request.change, now=turn.now).terms
            if terms.target_etag != request.target_etag:
                raise refusals.target_moved(request, terms.target_etag)
            return turn.carried_on(lifecycle.submitted(request, terms.assessment, turn.now))

        return self._turns.take(Verb.SUBMIT, seen.change_request_id, caller, key, act)

    def judge(
        self, seen: Seen, kind: VerdictKind, comment: str, *, caller: Principal, key: RequestKey
    ) -> ChangeRequest:
        """Returns the request with the caller's verdict; the last approval applies it, if it was proposed so.

        Raises:
            Aborted: STALE_REVISION.
            PermissionDenied: APPROVAL_NOT_ALLOWED, the caller is no human, or wrote some of it, under any name.
        """

        def act(turn: Turn) -> ChangeRequest:
            reviewers.require_human(turn.request, caller)
            verdict = Verdict(
                reviewers.author(caller),
                kind,
                seen.request_revision,
                seen.digest,
                turn.now,
                comment,
                frozenset(role.value for role in caller.roles),
                caller.groups,
            )
            judged = lifecycle.judged(turn.request, verdict, turn.now)
            turn.transaction.requests.add_verdict(judged.change_request_id, verdict)
            turn.details.update(_if_said(comment))
            return turn.carried_on(judged) if kind is VerdictKind.APPROVE else judged

        return self._turns.take(Verb(kind.lower()), seen.change_request_id, caller, key, act)

    def comment(self, change_request_id: str, text: str, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the request with one more comment."""

        def act(turn: Turn) -> ChangeRequest:
            comment = Comment(self._new_id("comment"), caller.principal_id, text, turn.now)
            turn.transaction.requests.add_comment(change_request_id, comment)
            turn.details["comment_id"] = comment.comment_id
            return lifecycle.commented(turn.request, comment, turn.now)

        return self._turns.take(journal.COMMENT, change_request_id, caller, key, act)

    def cancel(self, change_request_id: str, comment: str, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the request, withdrawn.

        Raises:
            PermissionDenied: PERMISSION_DENIED, the caller is none of its authors, and no admin.
        """

        def act(turn: Turn) -> ChangeRequest:
            reviewers.require_author(turn.request, caller)
            turn.details.update(_if_said(comment))
            return lifecycle.cancelled(turn.request, turn.now)

        return self._turns.take(Verb.CANCEL, change_request_id, caller, key, act)

    def apply(self, seen: Seen, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the approved request as APPLIED, or as FAILED where its target moved or the change no longer fits.

        Raises:
            Aborted: STALE_REVISION.
            FailedPrecondition: APPROVAL_REQUIRED.
        """

        def act(turn: Turn) -> ChangeRequest:
            standing.require_seen(turn.request, seen.request_revision, seen.digest)
            return turn.carried_out(lifecycle.applying(turn.request, turn.now))

        return self._turns.take(Verb.APPLY, seen.change_request_id, caller, key, act)

    def emergency_apply(self, seen: Seen, justification: str, *, caller: Principal, key: RequestKey) -> ChangeRequest:
        """Returns the request as APPLIED without its approvals, or as FAILED; a review afterwards stays open.

        Raises:
            Aborted: STALE_REVISION.
            PermissionDenied: APPROVAL_NOT_ALLOWED, the caller is no human; PERMISSION_DENIED, as for an edit.
        """

        def act(turn: Turn) -> ChangeRequest:
            reviewers.require_human(turn.request, caller)
            reviewers.require_rule_maker(turn.request, caller)
            standing.require_seen(turn.request, seen.request_revision, seen.digest)
            turn.details["justification"] = justification
            actor = reviewers.author(caller)
            return turn.carried_out(
                lifecycle.applying_in_emergency(turn.request, actor=actor, justification=justification, now=turn.now)
            )

        return self._turns.take(Verb.EMERGENCY_APPLY, seen.change_request_id, caller, key, act)

    def sign_emergency(
        self, change_request_id: str, comment: str, *, caller: Principal, key: RequestKey
    ) -> ChangeRequest:
        """Returns the request, its emergency reviewed.

        Raises:
            PermissionDenied: APPROVAL_NOT_ALLOWED, the caller is no human, applied it, or wrote some of it.
        """

        def act(turn: Turn) -> ChangeRequest:
            reviewers.require_human(turn.request, caller)
            turn.details["comment"] = comment
            return lifecycle.signed(turn.request, signer=reviewers.author(caller), comment=comment, now=turn.now)

        return self._turns.take(Verb.SIGN_EMERGENCY, change_request_id, caller, key, act)


def _edited_terms(turn: Turn, edit: Edit) -> lifecycle.Terms:
    request = turn.request
    lifecycle.require_editable(request, turn.now)
    if edit.change is not None and edit.change.kind != request.change.kind:
        raise errors.invalid_field("change", f"is of kind {edit.change.kind}, must stay of kind {request.change.kind}")
    targets.require_future(edit.scheduled_at, turn.now)
    seen = targets.preview(
        turn.transaction,
        request.experiment_id,
        edit.change or request.change,
        now=turn.now,
        scheduled_at=None if edit.clear_schedule else edit.scheduled_at or request.scheduled_at,
        auto_apply=request.auto_apply if edit.auto_apply is None else edit.auto_apply,
    )
    if seen.terms.target_etag != request.target_etag and not edit.rebase:
        raise refusals.target_moved(request, seen.terms.target_etag)
    return seen.terms


def _if_said(comment: str) -> dict[str, str]:
    return {"comment": comment} if comment else {}
