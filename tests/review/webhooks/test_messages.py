"""What receivers read."""

import json
from typing import Any

import pytest

from services.review.domain.notices import NoticeEvent, Occurrence, notices_for
from services.review.webhooks import json_message, slack_message
from tests.review.examples import NOW
from tests.review.notices import Altered, notice, subject

LINK = "https://experiments.example.com/reviews/cr_1"
EVIL = "<!channel> & <https://evil.example|click> ```\n*Approved* by ann"


def _slack(link: str = LINK, comment: str = "", event: NoticeEvent = NoticeEvent.REJECTED, **fields: Any) -> Any:
    (told,) = notices_for(Occurrence(event, NOW, actor="rob", comment=comment, mark="1"), subject(**fields))
    return json.loads(slack_message.body(told, link))


def _texts(message: Any) -> list[str]:
    return [block["text"]["text"] for block in message["blocks"]]


def test_json_when_read_then_type_instant_payload_and_link() -> None:
    told = notice()

    message = json.loads(json_message.body(told, LINK))

    assert message == {
        "type": "change_request.proposed",
        "timestamp": "2026-03-01T12:30:15.123456Z",
        "data": {**told.payload, "link": LINK},
    }


def test_slack_when_read_then_headline_facts_words_and_diff() -> None:
    message = _slack(comment="not now", state="REJECTED")

    assert message["text"] == "*Rejected* by rob: edit_traffic of experiment checkout"
    assert _texts(message) == [
        message["text"],
        f"<{LINK}|cr_1 (revision 2)> · asked for by ann · risk 35 · REJECTED",
        "> more power",
        "> not now",
        "```\ntraffic.share: 0.1 → 0.5\n```",
    ]
    assert {block["text"]["type"] for block in message["blocks"]} == {"mrkdwn"}
    assert all(block["text"]["verbatim"] for block in message["blocks"])


def test_slack_when_a_review_is_asked_for_then_until_when() -> None:
    facts = _texts(_slack(event=NoticeEvent.PROPOSED))[1]

    assert facts.endswith("risk 35 · PENDING · expires 2026-03-01 13:30 UTC")


def test_slack_when_there_is_little_to_say_then_no_empty_blocks() -> None:
    message = _slack(link="", reason="", diff=(), experiment_id="", change_kind="edit_policy_rules")

    assert message["text"].endswith("edit_policy_rules of the policy rules")
    assert [text.split(" ")[0] for text in _texts(message)] == ["*Rejected*", "cr_1"]


def test_slack_when_people_write_its_signs_then_they_mean_nothing() -> None:
    message = _slack(comment=EVIL, reason=EVIL, diff=(Altered(f"labels[{EVIL}]", EVIL, ""),))

    for text in [message["text"], *_texts(message)]:
        assert "<!channel>" not in text
        assert "<https://evil" not in text
    assert _texts(message)[-1].count("```") == 2
    assert _texts(message)[2].splitlines()[1] == "> *Approved* by ann"


def test_slack_when_the_request_is_huge_then_every_text_fits() -> None:
    diff = tuple(Altered(f"arms[{number}]", "&" * 500, "") for number in range(100))

    message = _slack(comment="<" * 5000, reason="&" * 5000, diff=diff)

    assert all(len(text) <= 3000 for text in _texts(message))
    assert _texts(message)[-1].splitlines()[-2].startswith("and ")


@pytest.mark.parametrize("event", NoticeEvent)
def test_slack_whatever_the_event_then_it_has_a_title_of_its_own(event: NoticeEvent) -> None:
    titles = {_slack(event=each)["text"] for each in NoticeEvent}

    assert _slack(event=event)["text"] in titles
    assert len(titles) == len(NoticeEvent)
