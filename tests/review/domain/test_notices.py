"""Who is told what of a change request, and when they are reminded of it."""

import json
from datetime import timedelta

import pytest

from services.review.domain.notices import NoticeEvent, Occurrence, notices_for, reminders
from tests.review.examples import LATER, NOW
from tests.review.notices import SUBJECT, Altered, subject

PROPOSED = Occurrence(NoticeEvent.PROPOSED, NOW, actor="ann")
EXPIRY = NOW + timedelta(days=14)


def test_notices_for_when_no_rule_names_an_audience_then_the_default_one_is_told() -> None:
    (notice,) = notices_for(PROPOSED, SUBJECT)

    assert (notice.audience, notice.event, notice.created_at) == ("default", NoticeEvent.PROPOSED, NOW)


def test_notices_for_when_rules_name_audiences_then_each_is_told_once_beside_the_default_one() -> None:
    notices = notices_for(PROPOSED, subject(audiences=frozenset({"growth", "default", "finance"})))

    assert [notice.audience for notice in notices] == ["default", "finance", "growth"]
    assert len({notice.notice_id for notice in notices}) == 3
    assert {notice.occasion for notice in notices} == {"cr_1:proposed:2"}


def test_notices_for_when_asked_again_then_equal() -> None:
    assert notices_for(PROPOSED, SUBJECT) == notices_for(PROPOSED, SUBJECT)


def test_notices_for_when_the_request_was_edited_since_then_another_occasion() -> None:
    (before,), (after,) = notices_for(PROPOSED, SUBJECT), notices_for(PROPOSED, subject(request_revision=3))

    assert before.occasion != after.occasion
    assert before.notice_id != after.notice_id


def test_notices_for_when_it_is_asked_what_is_said_then_all_of_the_request_and_the_event() -> None:
    occurrence = Occurrence(NoticeEvent.REJECTED, LATER, actor="rob", comment="too early")

    (notice,) = notices_for(occurrence, subject(state="REJECTED"))

    assert notice.payload == {
        "change_request_id": "cr_1",
        "request_revision": 2,
        "experiment_id": "checkout",
        "change_kind": "edit_traffic",
        "requester": "ann",
        "reason": "more power",
        "state": "REJECTED",
        "risk_score": 35.0,
        "expires_at": "2026-03-01T13:30:15.123456Z",
        "actor": "rob",
        "comment": "too early",
        "diff": [{"path": "traffic.share", "before": "0.1", "after": "0.5"}],
        "omitted_diff_count": 0,
    }


def test_notices_for_when_the_request_is_huge_then_the_payload_is_not() -> None:
    fields = tuple(Altered(f"arms[{number}]", "x" * 5000, "é" * 5000) for number in range(500))

    (notice,) = notices_for(
        Occurrence(NoticeEvent.COMMENTED, NOW, comment="y" * 10_000, mark="cm_1"),
        subject(diff=fields, reason="z" * 9_999),
    )

    assert len(json.dumps(notice.payload, ensure_ascii=False).encode()) < 40_000
    assert notice.payload["omitted_diff_count"] + len(notice.payload["diff"]) == 500
    assert notice.payload["diff"][0]["before"].endswith("…")


def test_notices_for_when_an_id_is_signed_then_it_holds_no_full_stop() -> None:
    for notice in notices_for(PROPOSED, subject(change_request_id="cr.1", audiences=frozenset({"a.b"}))):
        assert "." not in notice.notice_id


@pytest.mark.parametrize("event", [NoticeEvent.APPROVED, NoticeEvent.CHANGES_REQUESTED, NoticeEvent.COMMENTED])
def test_occurrence_when_what_can_happen_twice_to_a_revision_has_no_mark_then_refused(event: NoticeEvent) -> None:
    with pytest.raises(ValueError, match="mark"):
        Occurrence(event, NOW)


def test_notices_for_when_two_comments_come_at_one_instant_then_two_occasions() -> None:
    notices = [notices_for(Occurrence(NoticeEvent.COMMENTED, NOW, mark=mark), SUBJECT)[0] for mark in ("cm_1", "cm_2")]

    assert notices[0].occasion != notices[1].occasion


def _due(left: timedelta, state: str = "PENDING") -> list[str]:
    waiting = subject(expires_at=EXPIRY, state=state)
    return [notice.occasion for notice in reminders([waiting], EXPIRY - left)]


@pytest.mark.parametrize(
    ("left", "occasions"),
    [
        (timedelta(days=2), []),
        (timedelta(hours=24, microseconds=1), []),
        (timedelta(hours=24), ["cr_1:expiring:2:24h"]),
        (timedelta(hours=1, microseconds=1), ["cr_1:expiring:2:24h"]),
        (timedelta(hours=1), ["cr_1:expiring:2:1h"]),
        (timedelta(microseconds=1), ["cr_1:expiring:2:1h"]),
        (timedelta(0), []),
        (timedelta(hours=-1), []),
    ],
)
def test_reminders_when_the_expiry_comes_nearer_then_the_latest_that_has_begun(
    left: timedelta, occasions: list[str]
) -> None:
    assert _due(left) == occasions


@pytest.mark.parametrize("state", ["PENDING", "CHANGES_REQUESTED"])
def test_reminders_when_approvals_are_lacking_then_due(state: str) -> None:
    assert _due(timedelta(minutes=30), state)


@pytest.mark.parametrize("state", ["DRAFT", "APPROVED", "SCHEDULED", "APPLIED", "REJECTED", "CANCELLED", "FAILED"])
def test_reminders_when_no_approval_is_lacking_then_none(state: str) -> None:
    assert not _due(timedelta(minutes=30), state)


def test_reminders_when_several_wait_then_all_their_audiences_are_told() -> None:
    waiting = [subject(expires_at=EXPIRY, audiences=frozenset({"growth"})), subject(change_request_id="cr_2")]

    notices = reminders(waiting, EXPIRY - timedelta(hours=2))

    assert [(notice.audience, notice.payload["change_request_id"]) for notice in notices] == [
        ("default", "cr_1"),
        ("growth", "cr_1"),
    ]
