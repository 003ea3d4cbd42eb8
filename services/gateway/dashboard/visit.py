"""One request of somebody who is signed in."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from starlette.datastructures import FormData
from starlette.requests import Request

from services.gateway.dashboard.notices import Notice
from services.gateway.dashboard.sessions import Session
from services.gateway.upstream.origin import Origin
from services.gateway.upstream.services import Upstream
from shared.errors import invalid_field

_Response = TypeVar("_Response", bound=Message)

KNOWN: Final = "known"
"""Is the part of a query that says what a page shows already, when it asks whether there is news."""

CALL_SECONDS: Final = 2.0
"""Bounds each call of a page: what is not there by then is missing."""

CHANGE_SECONDS: Final = 10.0
"""Bounds each call of a form."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Is a request, with who makes it.

    Attributes:
        request: The request.
        session: Whose it is.
        upstream: The services.
        origin: What calls carry.
        now: When it came.
        csrf_token: Goes into the forms of the page.
        notice: Is to be shown once; None: nothing is.
        form: What was sent; empty where nothing was.
    """

    request: Request
    session: Session
    upstream: Upstream
    origin: Origin
    now: datetime
    csrf_token: str
    notice: Notice | None
    form: FormData

    async def call(self, method: Any, request: Message, response: type[_Response]) -> _Response:
        """Returns the response of a call that reads.

        Raises:
            PlatformError: The call failed.
        """
        answer = await self.upstream.call(method, request, self.origin, timeout_seconds=CALL_SECONDS)
        assert isinstance(answer, response)
        return answer

    async def change(self, method: Any, request: Message) -> Any:
        """Returns the response of a call that changes something.

        Raises:
            PlatformError: The call failed.
        """
        return await self.upstream.call(method, request, self.origin, timeout_seconds=CHANGE_SECONDS)

    def is_news(self, key: str) -> bool:
        """Says whether to answer with the page: unless it only asks for news, and shows what the key stands for."""
        return "hx-request" not in self.request.headers or self.asked(KNOWN) != key

    def named(self, name: str) -> str:
        """Returns a part of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """Returns a part of the query."""
        return self.request.query_params.get(name, default)

    def chosen(self, name: str, choices: tuple[str, ...]) -> str:
        """Returns a part of the query that is one of some words, the first unless another is given."""
        given = self.asked(name)
        return given if given in choices else choices[0]

    def sent(self, name: str) -> str:
        """Returns a field of the form, without the spaces around it; empty where it was not sent."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def sent_number(self, name: str, *, scale: float = 1.0) -> float | None:
        """Returns a field of the form as a number, divided by the scale; None where it was left empty.

        Raises:
            InvalidArgument: It is no number.
        """
        text = self.sent(name)
        if not text:
            return None
        try:
            number = float(text) / scale
        except ValueError as error:
            raise invalid_field(name, "must be a number") from error
        if not math.isfinite(number):
            raise invalid_field(name, "must be finite")
        return number

    def sent_count(self, name: str, *, most: int) -> int:
        """Returns a field of the form as a whole number; 0 where it was left empty.

        Raises:
            InvalidArgument: It is none, or more than the most.
        """
        number = self.sent_number(name) or 0.0
        if number != int(number) or not 0 <= number <= most:
            raise invalid_field(name, f"must be a whole number from 0 to {most}")
        return int(number)
