"""URLs as they may be shown."""

from urllib.parse import urlsplit, urlunsplit


def without_password(url: str) -> str:
    """Returns a URL as it may be shown; what is behind its question mark may be secret, too."""
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    name = account.partition(":")[0]
    return urlunsplit((parts.scheme, f"{name}{at}{host}", parts.path, "", ""))
