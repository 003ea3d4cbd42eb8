"""One-time sign-in links: a token sealed into a code that is good once, for a short while."""

import json
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

LIFETIME: Final = timedelta(minutes=10)
_MOST_KEPT: Final = 10_000


class SignInCodes:
    """Makes codes, and takes each once; which were taken is known in memory alone, for as long as it matters."""

    def __init__(self) -> None:
        """Makes a key of its own: another process does not know which codes were taken, and must take none of these."""
        self._fernet = Fernet(Fernet.generate_key())
        self._taken: OrderedDict[str, datetime] = OrderedDict()

    def make(self, token: str, now: datetime) -> str:
        """Returns a code that signs in with the token."""
        content = json.dumps({"code_id": secrets.token_urlsafe(16), "token": token}).encode()
        return self._fernet.encrypt_at_time(content, int(now.timestamp())).decode()

    def take(self, code: str, now: datetime) -> str | None:
        """Returns the token; None where the code was taken before, is too old, or was not made here."""
        try:
            content = self._fernet.decrypt_at_time(
                code.encode(), ttl=int(LIFETIME.total_seconds()), current_time=int(now.timestamp())
            )
        except (InvalidToken, UnicodeEncodeError):
            return None
        self._forget(now)
        # By what is in it: one code can be spelled in several ways.
        known = json.loads(content)
        if known["code_id"] in self._taken or len(self._taken) >= _MOST_KEPT:
            return None
        self._taken[known["code_id"]] = now
        return str(known["token"])

    def _forget(self, now: datetime) -> None:
        while self._taken and now - next(iter(self._taken.values())) > LIFETIME:
            self._taken.popitem(last=False)
