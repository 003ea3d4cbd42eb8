"""What the delivery of notices needs from the world around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.review.domain.notices import Notice
from services.review.domain.redelivery import Answer, Claim, Settlement


class Notices(Protocol):
    """Takes notices; a part of the transaction that makes what they tell of."""

    def add(self, notices: Iterable[Notice]) -> None:
        """Adds those whose audience has not been told of the occasion, due at once, and announces them."""


class Outbox(Protocol):
    """Keeps notices until they are delivered; safe for use by many threads and processes.

    Every method raises Unavailable STORE_UNAVAILABLE when the store cannot be reached.
    """

    def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Claim]:
        """Returns notices that are due, the longest due first, one attempt on; nobody else gets them before `until`."""

    def settle(self, settlements: Iterable[Settlement]) -> None:
        """Writes what became of claims; a claim that somebody else has by now is passed over."""

    def count_waiting(self) -> int:
        """Returns how many notices are neither delivered nor parked."""


@dataclass(frozen=True, slots=True)
class Post:
    """Is one notice to be sent to one webhook."""

    webhook_id: str
    notice: Notice


class Webhooks(Protocol):
    """Sends notices to those who want them; safe for use by many threads."""

    def listening(self, audience: str) -> Sequence[str]:
        """Returns the ids of the audience's webhooks; empty: nobody listens."""

    def post(self, posts: Sequence[Post]) -> list[Answer]:
        """Returns how the webhooks took them, an answer for each post; each webhook gets its own in their order."""
