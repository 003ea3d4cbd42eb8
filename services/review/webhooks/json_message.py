"""What generic receivers are sent: the JSON of Standard Webhooks, https://www.standardwebhooks.com."""

import json

from services.review.domain.notices import Notice, instant


def body(notice: Notice, link: str) -> bytes:
    """Returns the message: `type`, `timestamp` of the event, and `data`, the payload with a link.

    Args:
        notice: What is told.
        link: Where people see the request; empty: nobody said where.
    """
    message = {
        "type": notice.event,
        "timestamp": instant(notice.created_at),
        "data": {**notice.payload, "link": link},
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
