"""Who is signed in: a session sealed into a cookie, as the gateway keeps no state."""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

COOKIE: Final = "insights_session"
_LEAST_SECRET_BYTES: Final = 16
# Browsers drop cookies of more than 4096, name and all, without a word.
_MOST_CHARACTERS: Final = 4000


@dataclass(frozen=True, slots=True)
class Session:
    """Is somebody's stay on the pages.

    Attributes:
        session_id: Names it; forms are bound to it.
        token: Is the API token that calls are made with.
        principal_id: Names who signed in.
        display_name: Is how they are called.
    """

    session_id: str
    token: str
    principal_id: str
    display_name: str

    def __repr__(self) -> str:
        return f"Session({self.session_id}, {self.principal_id})"


def new_session(token: str, principal_id: str, display_name: str) -> Session:
    """Returns a session with a fresh id."""
    return Session(secrets.token_urlsafe(16), token, principal_id, display_name)


class SessionSeal:
    """Seals sessions by authenticated encryption, so that a cookie can be neither read nor altered."""

    def __init__(self, secret: str, *, lifetime: timedelta) -> None:
        """Takes the secret that all replicas of the gateway share.

        Raises:
            ValueError: It is too short to be one.
        """
        self._fernet = Fernet(derived_key(secret, "session"))
        self.lifetime = lifetime

    def seal(self, session: Session, now: datetime) -> str:
        """Returns the session as a cookie's value.

        Raises:
            ValueError: It is longer than browsers keep, as tokens of others may be.
        """
        content = json.dumps(asdict(session), ensure_ascii=False).encode()
        value = self._fernet.encrypt_at_time(content, int(now.timestamp())).decode()
        if len(value) > _MOST_CHARACTERS:
            raise ValueError(f"the session has {len(value)} characters, a cookie at most {_MOST_CHARACTERS}")
        return value

    def open(self, value: str, now: datetime) -> Session | None:
        """Returns the session; None where it is over, or was not sealed here."""
        seconds = int(self.lifetime.total_seconds())
        try:
            content = self._fernet.decrypt_at_time(value.encode(), ttl=seconds, current_time=int(now.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            return None
        return Session(**json.loads(content))


def derived_key(secret: str, purpose: str) -> bytes:
    """Returns a key for one purpose, in the form that Fernet takes.

    Raises:
        ValueError: The secret is too short to be one.
    """
    if len(secret.encode()) < _LEAST_SECRET_BYTES:
        raise ValueError(f"the secret of the sessions must have {_LEAST_SECRET_BYTES} bytes or more")
    return base64.urlsafe_b64encode(hashlib.blake2b(secret.encode(), digest_size=32, person=purpose.encode()).digest())
