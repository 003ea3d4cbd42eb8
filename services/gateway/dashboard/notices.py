"""What a page says once, after a form was sent: kept in a signed cookie until it is shown."""

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE: Final = "insights_notice"
LIFETIME_SECONDS: Final = 300
_MOST_CHARACTERS: Final = 600


@dataclass(frozen=True, slots=True)
class Notice:
    """Is what is said.

    Attributes:
        text: The words.
        bad: Whether something failed.
    """

    text: str
    bad: bool = False


class Notices:
    """Signs notices, so that a page never shows what others put there."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="notice")

    def sealed(self, notice: Notice, session_id: str) -> str:
        """Returns the notice as a cookie's value."""
        return self._serializer.dumps([session_id, notice.text[:_MOST_CHARACTERS], notice.bad])

    def opened(self, value: str, session_id: str) -> Notice | None:
        """Returns the notice; None where it is another session's, or too old."""
        try:
            for_session, text, bad = self._serializer.loads(value, max_age=LIFETIME_SECONDS)
        except BadData:
            return None
        return Notice(text, bad) if for_session == session_id else None
