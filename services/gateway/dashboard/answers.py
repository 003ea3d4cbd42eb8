"""Calls that a page can do without: made side by side, and each answers with a value or with why there is none."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import PlatformError, Unauthenticated

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Value_co]):
    """Is what came of a call.

    Attributes:
        value: What it returned; None where it failed.
        error: Why it failed; None where it did not.
    """

    value: _Value_co | None = None
    error: PlatformError | None = None

    def got(self) -> _Value_co:
        """Returns the value.

        Raises:
            PlatformError: The call failed.
        """
        if self.value is None:
            raise self.error or AssertionError("an answer has a value or an error")
        return self.value


@dataclass(frozen=True, slots=True)
class Missing:
    """Says what a page cannot show, and why.

    Attributes:
        part: What is missing, as people call it.
        why: The message of the service.
    """

    part: str
    why: str


async def ask(call: Awaitable[_Value]) -> Answer[_Value]:
    """Returns what came of the call.

    Raises:
        Unauthenticated: The session's token is good no more, and nothing can be shown.
    """
    try:
        return Answer(value=await call)
    except Unauthenticated:
        raise
    except PlatformError as error:
        return Answer(error=error)


def missing(**parts: Answer[object]) -> tuple[Missing, ...]:
    """Returns the parts that failed; underscores in their names are spaces."""
    return tuple(
        Missing(name.replace("_", " "), answer.error.message)
        for name, answer in parts.items()
        if answer.error is not None
    )
