"""What becomes of a notice after an attempt to deliver it: delivered, tried again later, or parked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from services.review.domain.notices import Notice

MAX_ATTEMPTS: Final = 10
"""With the pauses below, over two hours at the most."""

_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=30)
_GROWTH: Final = 5.0
_SPREAD: Final = 0.2
_LONGEST_RETRY_AFTER: Final = timedelta(days=1)


class AnswerKind(StrEnum):
    """Says how a webhook took a notice."""

    DELIVERED = "delivered"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """Is how a webhook took a notice.

    Attributes:
        problem: What went wrong, without a secret; empty: nothing did.
        retry_after: How long the receiver asks to wait; None: it did not ask.
    """

    kind: AnswerKind
    problem: str = ""
    retry_after: timedelta | None = None


class ParkedFor(StrEnum):
    """Says why a notice is not tried any more."""

    NO_WEBHOOK = "no_webhook"
    GONE = "gone"
    ATTEMPTS = "attempts"


@dataclass(frozen=True, slots=True)
class Claim:
    """Is a notice that this process may deliver, for a while.

    Attributes:
        attempt_count: How many attempts there were, this one included.
        answers: What is settled with the webhooks, by their ids: DELIVERED or GONE.
    """

    notice: Notice
    attempt_count: int
    answers: Mapping[str, AnswerKind]


@dataclass(frozen=True, slots=True)
class Settlement:
    """Is what became of a claim: delivered, due again, or parked; exactly one of these three is set.

    Attributes:
        claim: What it settles.
        answers: As in `Claim`, after the attempt.
        last_error: What went wrong in the attempt; empty: nothing did.
    """

    claim: Claim
    answers: Mapping[str, AnswerKind]
    delivered_at: datetime | None = None
    next_attempt_at: datetime | None = None
    parked_for: ParkedFor | None = None
    last_error: str = ""


def settle(claim: Claim, answered: Mapping[str, Answer], *, now: datetime, rng: Random) -> Settlement:
    """Returns what becomes of a claim.

    Args:
        claim: What was tried.
        answered: How the webhooks took it that had not settled before, by their ids.
        now: When they did.
        rng: Spreads the attempts of many notices.
    """
    refused = [answer for answer in answered.values() if answer.kind is AnswerKind.REFUSED]
    settled = {key: answer.kind for key, answer in answered.items() if answer.kind is not AnswerKind.REFUSED}
    answers = {**claim.answers, **settled}
    last_error = "; ".join(answer.problem for answer in answered.values() if answer.problem)
    if refused and claim.attempt_count < MAX_ATTEMPTS:
        pause = max([_pause(claim.attempt_count, rng), *map(_asked, refused)])
        return Settlement(claim, answers, next_attempt_at=now + pause, last_error=last_error)
    parked_for = _parked_for(answers, refused=bool(refused))
    if parked_for:
        return Settlement(claim, answers, parked_for=parked_for, last_error=last_error or "a webhook was gone before")
    return Settlement(claim, answers, delivered_at=now)


def without_webhooks(claim: Claim) -> Settlement:
    """Returns what becomes of a notice to an audience that nobody listens for: it is kept, parked."""
    problem = f"no webhook listens for the audience {claim.notice.audience!r}"
    return Settlement(claim, claim.answers, parked_for=ParkedFor.NO_WEBHOOK, last_error=problem)


def interrupted(claim: Claim) -> Settlement:
    """Returns what becomes of a notice whose attempts, all but the last, nobody saw the end of."""
    problem = f"given up: its {MAX_ATTEMPTS} attempts did not end"
    return Settlement(claim, claim.answers, parked_for=ParkedFor.ATTEMPTS, last_error=problem)


def _parked_for(answers: Mapping[str, AnswerKind], *, refused: bool) -> ParkedFor | None:
    if refused:
        return ParkedFor.ATTEMPTS
    return ParkedFor.GONE if AnswerKind.GONE in answers.values() else None


def _pause(attempt_count: int, rng: Random) -> timedelta:
    # 5^attempt_count is above any limit soon, and a timedelta has one.
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * _GROWTH ** min(attempt_count - 1, 10))
    return longest * rng.uniform(1.0 - _SPREAD, 1.0)


def _asked(answer: Answer) -> timedelta:
    return min(answer.retry_after or timedelta(), _LONGEST_RETRY_AFTER)
