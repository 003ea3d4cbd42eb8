"""Bearer tokens: `exp_<token id>_<43 url-safe characters>`, of which only the SHA-256 is kept."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

PREFIX: Final = "exp_"
SECRET_BYTES: Final = 32

# The last 43 characters may hold underscores themselves, and are told apart by their number.
_token = re.compile(r"exp_([a-z0-9_]{1,64})_([A-Za-z0-9_-]{43})").fullmatch


@dataclass(frozen=True, slots=True)
class ApiToken:
    """Is a token without its secret.

    Attributes:
        token_id: Names it; also a part of the secret.
        principal_id: Whose it is.
        secret_hash: The SHA-256 of the whole secret, as 64 hexadecimal digits.
        scopes: The permissions that it is good for, of those that its principal has; none: all of them.
        created_at: When it was made.
        expires_at: Until when it is good.
        revoked_at: When it was revoked. None: it was not.
        description: What it is for.
    """

    token_id: str
    principal_id: str
    secret_hash: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    description: str = ""


def new_secret(token_id: str, random_bytes: Callable[[int], bytes]) -> str:
    """Returns a secret with 256 bits of chance, from a source such as `secrets.token_bytes`."""
    chance = base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")
    return f"{PREFIX}{token_id}_{chance}"


def token_id_of(secret: str) -> str | None:
    """Returns the token that a secret names; None for what has another form."""
    match = _token(secret)
    return match[1] if match else None


def hash_of(secret: str) -> str:
    """Returns what the store keeps of a secret. It holds more chance than can be searched: no salt, no stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(token: ApiToken, secret: str) -> bool:
    """Returns whether it is the token's secret, after the same time for all that are not."""
    return hmac.compare_digest(hash_of(secret), token.secret_hash)
