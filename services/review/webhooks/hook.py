"""One webhook: where it is, what it takes, and what it is proved with."""

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import httpx

_WORD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS: Final = frozenset({"content-type", "content-length", "host", "transfer-encoding", "connection", "user-agent"})


class HookFormat(StrEnum):
    """Says what a webhook takes: signed JSON, or what Slack and its likes take."""

    JSON = "json"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Hook:
    """Is one webhook; what it prints holds no secret, and a URL may be one.

    Attributes:
        keys: Sign what is sent, each by itself.
        headers: Are sent along.
    """

    url: str = field(repr=False)
    format: HookFormat = HookFormat.JSON
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def webhook_id(self) -> str:
        """Returns its id, the same for the same URL, from which nobody learns that."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:32]

    @property
    def name(self) -> str:
        """Returns what it is called where people read: its host."""
        return httpx.URL(self.url).netloc.decode()


def require_url(url: str) -> str:
    """Returns the URL of a webhook.

    Raises:
        ValueError: It is not https, or http to this machine; or it carries a password; the message does not repeat it.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("must be a URL") from None
    if not parts.host or parts.userinfo or parts.fragment or not url.isascii() or " " in url:
        raise ValueError("must have a host, neither a user name nor a fragment, and no spaces or letters beyond ASCII")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.host)):
        raise ValueError("must begin with https://; http:// is for this machine alone")
    return url


def require_header(name: str, value: str) -> tuple[str, str]:
    """Returns a header that may be sent along.

    Raises:
        ValueError: It is no header, or one that is set anyway; the message does not repeat the value.
    """
    if not _WORD.fullmatch(name) or not value.isascii() or not value.isprintable():
        raise ValueError("must be a header with a printable value")
    if name.lower() in _OURS or name.lower().startswith("webhook-"):
        raise ValueError("is set by the sender")
    return name, value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
