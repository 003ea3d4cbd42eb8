"""Form tokens: a form counts only where its page was made for the same session, lately."""

from datetime import timedelta
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from shared.errors import PermissionDenied, Reason

FIELD: Final = "csrf_token"


class FormTokens:
    """Makes and checks the tokens of forms."""

    def __init__(self, secret: str, *, lifetime: timedelta) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="form")
        self._lifetime = lifetime

    def token_for(self, session_id: str) -> str:
        """Returns a token for the forms of a session."""
        return self._serializer.dumps(session_id)

    def check(self, token: str, session_id: str) -> None:
        """Lets the forms of this session pass.

        Raises:
            PermissionDenied: The token is another session's, too old, altered, or missing.
        """
        try:
            bound_to = self._serializer.loads(token, max_age=int(self._lifetime.total_seconds()))
        except BadData:
            bound_to = None
        if bound_to != session_id:
            message = "the form is too old or was not made for this session: load the page again, then send it again"
            raise PermissionDenied(Reason.PERMISSION_DENIED, message)
