"""What Slack and its likes are sent: a line for notifications, and blocks to read.

Texts of people are escaped, so that they cannot call a channel or hide a link, and quoted, so that they cannot pose as
ours: https://docs.slack.dev/messaging/formatting-message-text.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from services.review.domain.notices import Notice, NoticeEvent

TITLES: Final[Mapping[NoticeEvent, str]] = MappingProxyType(
    {
        NoticeEvent.PROPOSED: "Review asked for",
        NoticeEvent.APPROVED: "Approved",
        NoticeEvent.REJECTED: "Rejected",
        NoticeEvent.CHANGES_REQUESTED: "Changes asked for",
        NoticeEvent.COMMENTED: "New comment",
        NoticeEvent.CANCELLED: "Cancelled",
        NoticeEvent.APPLIED: "Applied",
        NoticeEvent.FAILED: "Could not be applied",
        NoticeEvent.EXPIRED: "Expired",
        NoticeEvent.EXPIRING: "Expires soon, and lacks approvals",
        NoticeEvent.EMERGENCY_APPLIED: "APPLIED IN AN EMERGENCY, without its approvals",
        NoticeEvent.EMERGENCY_SIGNED: "Emergency reviewed",
    }
)

# Slack refuses a text above 3,000 characters.
_MAX_TEXT_LENGTH: Final = 2900
_MAX_WORDS_LENGTH: Final = 500


def body(notice: Notice, link: str) -> bytes:
    """Returns the message.

    Args:
        notice: What is told.
        link: Where people see the request; empty: nobody said where.
    """
    headline = _headline(notice)
    blocks = [_section(text) for text in (headline, _facts(notice, link), *_words(notice), *_diff(notice)) if text]
    return json.dumps({"text": headline, "blocks": blocks}, ensure_ascii=False).encode()


def _headline(notice: Notice) -> str:
    told = notice.payload
    target = f"experiment {told['experiment_id']}" if told["experiment_id"] else "the policy rules"
    by = f" by {told['actor']}" if told["actor"] else ""
    return f"*{TITLES[notice.event]}*" + _escaped(f"{by}: {told['change_kind']} of {target}")


def _facts(notice: Notice, link: str) -> str:
    told = notice.payload
    name = f"{told['change_request_id']} (revision {told['request_revision']})"
    facts = [
        f"<{_escaped(link)}|{_escaped(name)}>" if link else _escaped(name),
        _escaped(f"asked for by {told['requester']}"),
        _escaped(f"risk {told['risk_score']:g}"),
        _escaped(told["state"]),
    ]
    if notice.event in (NoticeEvent.PROPOSED, NoticeEvent.EXPIRING):
        facts.append(_escaped(f"expires {told['expires_at'][:16].replace('T', ' ')} UTC"))
    return " · ".join(facts)


def _words(notice: Notice) -> Iterator[str]:
    """Yields why the change is asked for, and what was said of it, as quotations."""
    for key in ("reason", "comment"):
        text = _escaped(notice.payload[key][:_MAX_WORDS_LENGTH])
        if text:
            yield "\n".join(f"> {line}" for line in text.splitlines())


def _diff(notice: Notice) -> Iterator[str]:
    lines, length = list[str](), 0
    for field in notice.payload["diff"]:
        line = _code(f"{field['path']}: {field['before'] or '(none)'} → {field['after'] or '(none)'}")
        length += len(line) + 1
        if length > _MAX_TEXT_LENGTH:
            break
        lines.append(line)
    omitted = notice.payload["omitted_diff_count"] + len(notice.payload["diff"]) - len(lines)
    more = [f"and {omitted} more"] if omitted else []
    if lines or more:
        yield "\n".join(["```", *lines, *more, "```"])


def _section(text: str) -> dict[str, Any]:
    """Returns a block; `verbatim` keeps Slack from making links and mentions of words."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _code(text: str) -> str:
    """Returns a line that does not end the block of code it stands in."""
    return _escaped(" ".join(text.splitlines()).replace("`", "'"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
