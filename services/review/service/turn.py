"""A verb's turn at one change request: the request is locked, the verb acts once, and all of it is on record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.review.domain import lifecycle
from services.review.domain.change_request import ChangeRequest, ChangeRequestState, RequestKey
from services.review.domain.model import VerbCall
from services.review.domain.ports import ReviewStore, Transaction
from services.review.service import applying, journal, refusals
from shared import errors
from shared.clock import Clock
from shared.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class Turn:
    """Is what a verb works with; what it puts into `details` is said on the audit log."""

    verb: str
    transaction: Transaction
    request: ChangeRequest
    caller: Principal
    now: datetime
    details: dict[str, str] = field(default_factory=dict)
    steps: list[journal.Step] = field(default_factory=list)

    def carried_out(self, started: ChangeRequest) -> ChangeRequest:
        """Returns the request that is APPLYING as APPLIED or FAILED; see `applying.carried_out`."""
        after = applying.carried_out(self.transaction, started, self.now)
        self.steps.append(journal.applied(after, self.verb, **self.details))
        return after

    def carried_on(self, request: ChangeRequest) -> ChangeRequest:
        """Returns the request applied, where it is approved and is not to wait for being asked to; or as it is."""
        waits = not request.auto_apply and request.assessment.requirements
        if request.state is not ChangeRequestState.APPROVED or waits:
            return request
        after = applying.carried_out(self.transaction, lifecycle.applying(request, self.now), self.now)
        self.steps.extend([journal.Step(self.verb, request, self.details), journal.applied(after)])
        return after


Act = Callable[[Turn], ChangeRequest]


class Turns:
    """Gives verbs their turns; safe for use by many threads."""

    def __init__(self, store: ReviewStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def take(self, verb: str, change_request_id: str, caller: Principal, key: RequestKey, act: Act) -> ChangeRequest:
        """Returns the request after the verb; as it stands, where the same call was made before.

        Raises:
            NotFound: CHANGE_REQUEST_NOT_FOUND.
            AlreadyExists: REQUEST_ID_REUSED.
            PlatformError: Whatever the verb raises; then nothing happened, but that denied attempts are on record.
        """
        try:
            with self._store.transaction() as transaction:
                request = transaction.requests.lock(change_request_id)
                if request is None:
                    raise refusals.change_request_not_found(change_request_id)
                if _is_repeated(transaction, key):
                    return request
                turn = Turn(verb, transaction, request, caller, self._clock())
                after = act(turn)
                _record(turn, after, key)
                return after
        except errors.PermissionDenied as error:
            self._record_denied(verb, change_request_id, caller, error)
            raise

    def _record_denied(
        self, verb: str, change_request_id: str, caller: Principal, error: errors.PermissionDenied
    ) -> None:
        with self._store.transaction() as transaction:
            request = transaction.requests.find(change_request_id)
            if request is not None:
                denied = journal.Step(f"{verb}.denied", request, {"reason": error.reason.value, **error.metadata})
                entry = journal.entry(denied, actor=caller.principal_id, now=self._clock())
                transaction.audit.append(entry)


def _is_repeated(transaction: Transaction, key: RequestKey) -> bool:
    call = transaction.requests.find_call(key.request_id) if key.request_id else None
    if call is not None and call.key.digest != key.digest:
        raise refusals.request_id_reused(key)
    return call is not None


def _record(turn: Turn, after: ChangeRequest, key: RequestKey) -> None:
    turn.transaction.requests.save(after)
    call = VerbCall(key, after.change_request_id)
    if key.request_id and not turn.transaction.requests.add_call(call, turn.now):
        raise refusals.request_id_reused(key)
    steps = turn.steps or [journal.Step(turn.verb, after, turn.details)]
    journal.record(turn.transaction, *steps, actor=turn.caller.principal_id, now=turn.now)
