"""Follows change requests: what a stream has not been told of yet."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.review.domain import standing
from services.review.domain.change_request import CLOSED, ChangeRequest, ChangeRequestState
from services.review.domain.model import ChangeRequestFilter
from services.review.domain.ports import ReviewStore
from services.review.service import refusals
from shared.clock import Clock

# Clocks of replicas differ, and a transaction becomes visible after the instant that it writes.
_OVERLAP: Final = timedelta(minutes=2)
_MOST: Final = 1000


class Follower:
    """Remembers what one stream was told of; for use by one thread."""

    def __init__(
        self, store: ReviewStore, kept: ChangeRequestFilter, change_request_id: str = "", *, clock: Clock
    ) -> None:
        """Follows the requests that are kept, or the one that is named."""
        self._store = store
        self._kept = kept
        self._change_request_id = change_request_id
        self._clock = clock
        self._told: dict[str, datetime] = {}
        self._since = clock() - _OVERLAP

    def begin(self) -> list[ChangeRequest]:
        """Returns the one that is named, or those that are kept and, unless states are given, open; the oldest first.

        Raises:
            NotFound: CHANGE_REQUEST_NOT_FOUND.
            Unavailable: STORE_UNAVAILABLE.
        """
        with self._store.transaction() as transaction:
            if self._change_request_id:
                one = transaction.requests.find(self._change_request_id)
                if one is None:
                    raise refusals.change_request_not_found(self._change_request_id)
                return self._untold([one])
            states = self._kept.states or frozenset(ChangeRequestState) - CLOSED
            found = transaction.requests.list_requests(replace(self._kept, states=states), after=None, limit=_MOST)
        return self._untold(list(reversed(found)))

    def news(self) -> list[ChangeRequest]:
        """Returns the requests that changed since they were told of, in the order of their changes.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        now = self._clock()
        with self._store.transaction() as transaction:
            found = transaction.requests.list_updated(self._since, limit=_MOST)
        # A full page goes on from its end; what is told already is passed over.
        self._since = found[-1].updated_at if len(found) == _MOST else now - _OVERLAP
        return self._untold([request for request in found if self._follows(request)])

    def _follows(self, request: ChangeRequest) -> bool:
        if self._change_request_id:
            return request.change_request_id == self._change_request_id
        kept = self._kept
        return (
            (not kept.states or request.state in kept.states)
            and kept.experiment_id in ("", request.experiment_id)
            and kept.requester in ("", request.requester)
            and (kept.awaits is None or standing.awaits(request, kept.awaits))
        )

    def _untold(self, requests: list[ChangeRequest]) -> list[ChangeRequest]:
        fresh = [each for each in requests if self._told.get(each.change_request_id) != each.updated_at]
        self._told.update({each.change_request_id: each.updated_at for each in fresh})
        return fresh
