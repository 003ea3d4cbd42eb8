"""Lets pages of other origins call, where the configuration names them."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS: Final = ("GET", "HEAD", "POST", "PATCH")
_SENT: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID", "X-Request-Id")
_SHOWN: Final = ("ETag", "Location", "Retry-After", "X-Request-Id")


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Returns the application, as pages of these origins may call it; without origins as it is."""
    if not origins:
        return app
    # No credentials: what a browser sends by itself is not asked for, tokens are.
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=_METHODS, allow_headers=_SENT, expose_headers=_SHOWN
    )
