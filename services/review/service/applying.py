"""Applies a change request: exactly once, in the transaction that holds it locked."""

from datetime import datetime

from services.review.domain import lifecycle
from services.review.domain.change_request import ChangeRequest
from services.review.domain.ports import Transaction
from services.review.service import targets
from shared import errors

# What an apply fails by; anything else, such as a store that is away, ends the transaction instead.
_UNFIT = (errors.Aborted, errors.FailedPrecondition, errors.InvalidArgument, errors.NotFound)


def carried_out(transaction: Transaction, applying: ChangeRequest, now: datetime) -> ChangeRequest:
    """Returns the request that is APPLYING as APPLIED, its change in effect; or as FAILED, and why."""
    try:
        revision = targets.put_into_effect(transaction, applying, now)
    except _UNFIT as error:
        return lifecycle.failed(applying, error.message, now)
    return lifecycle.completed(applying, revision, now)
