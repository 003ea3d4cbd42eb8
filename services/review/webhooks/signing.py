"""Signatures of messages as Standard Webhooks describes them: https://www.standardwebhooks.com."""

import base64
import binascii
import hmac
from collections.abc import Iterable
from typing import Final

_PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """Returns the key of a secret: `whsec_` and 24 to 64 bytes in base64.

    Raises:
        ValueError: It is none; the message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"must be {_PREFIX} and 24 to 64 bytes in base64")
    return key


def signature(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the value of `webhook-signature`: one signature for each key.

    Args:
        keys: Of `key_of`.
        message_id: Holds no full stop.
        timestamp: Of the attempt, in seconds since 1970.
        body: Exactly as it is sent.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digests = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
