"""Server-sent events as bytes, as the HTML standard has them."""

import json
from typing import Any, Final

MEDIA_TYPE: Final = "text/event-stream"
PING: Final = b": ping\n\n"

_RETRY_MILLISECONDS: Final = 2000

OPENING: Final = f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
"""Says how long a client waits before it connects again."""


def event(name: str, data: Any, *, event_id: str = "") -> bytes:
    """Returns an event whose data are JSON.

    Args:
        name: What it tells.
        data: What can be written as JSON.
        event_id: Is sent back as Last-Event-ID by a client that connects again. Empty: the one before stays.
    """
    # JSON has no line breaks of its own.
    lines = [f"event: {name}", f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}"]
    if event_id:
        lines.insert(0, f"id: {event_id}")
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")
