"""Verdicts against each other, against edits, against expiry, against cancels."""

from datetime import timedelta
from functools import partial

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.service.sweeping import Sweeper
from shared import clock
from tests.review.desk import Desk, approvals, bring_policy
from tests.review.races.racing import Note, assert_nobody_applied_what_nobody_approved, many_rounds, race, states
from tests.review.verbs import approve, cancel, current, drafted, edit, proposed, reject, renamed

LATER = timedelta(days=20)


def prepare(desk: Desk, *, needed: int) -> None:
    bring_policy(desk.store, approvals(needed))
    drafted(desk)


@many_rounds
def test_approve_when_two_reach_the_quorum_at_once_then_one_of_them_does_and_both_count(
    desk: Desk, round_count: int
) -> None:
    prepare(desk, needed=2)
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"))

        answers = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            partial(desk["rae"].reviews.ApproveChangeRequest, approve(request)),
        )

        assert states(answers) == ["APPROVED", "PENDING"]
        after = current(desk, request)
        assert after.state == pb.CHANGE_REQUEST_STATE_APPROVED
        assert sorted(after.requirements[0].approved_by) == ["rae", "rob"]
    assert_nobody_applied_what_nobody_approved(desk, needed=2, applied_count=0)


@many_rounds
def test_approve_when_two_names_of_one_person_come_at_once_then_they_count_once(desk: Desk, round_count: int) -> None:
    prepare(desk, needed=2)
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"))

        answers = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            partial(desk["robert"].reviews.ApproveChangeRequest, approve(request)),
        )

        assert states(answers) == ["PENDING", "PENDING"]
        assert len(current(desk, request).requirements[0].approved_by) == 1


@many_rounds
def test_approve_when_it_is_edited_at_once_then_what_was_approved_is_applied_or_nothing(
    desk: Desk, round_count: int, record_property: Note
) -> None:
    prepare(desk, needed=1)
    applied = 0
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"), auto_apply=True)
        other = edit(request, change=renamed(f"not {number}"))

        answers = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            partial(desk["ann"].reviews.EditChangeRequest, other),
        )

        after = current(desk, request)
        won = after.state == pb.CHANGE_REQUEST_STATE_APPLIED
        assert states(answers) == (["APPLIED", "INVALID_STATE"] if won else ["PENDING", "STALE_REVISION"])
        assert (after.request_revision, len(after.verdicts)) == ((1, 1) if won else (2, 0))
        applied += won
    record_property("applied", applied)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=applied)


@many_rounds
def test_approve_when_it_expires_at_once_then_one_of_both(desk: Desk, round_count: int, record_property: Note) -> None:
    prepare(desk, needed=1)
    sweeper = Sweeper(desk.store, clock=lambda: clock.now() + LATER)
    applied = 0
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"), auto_apply=True)

        answer, moved = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            sweeper.sweep,
        )

        won = states([answer]) == ["APPLIED"]
        assert (states([answer]), moved) == ((["APPLIED"], 0) if won else (["INVALID_STATE"], 1))
        expected = pb.CHANGE_REQUEST_STATE_APPLIED if won else pb.CHANGE_REQUEST_STATE_EXPIRED
        assert current(desk, request).state == expected
        applied += won
    record_property("applied", applied)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=applied)


@many_rounds
def test_approve_when_it_is_cancelled_at_once_then_one_of_both(
    desk: Desk, round_count: int, record_property: Note
) -> None:
    prepare(desk, needed=1)
    applied = 0
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"), auto_apply=True)

        answers = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            partial(desk["ann"].reviews.CancelChangeRequest, cancel(request)),
        )

        won = current(desk, request).state == pb.CHANGE_REQUEST_STATE_APPLIED
        assert states(answers) == (["APPLIED", "INVALID_STATE"] if won else ["CANCELLED", "INVALID_STATE"])
        applied += won
    record_property("applied", applied)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=applied)


@many_rounds
def test_approve_when_another_rejects_at_once_then_one_of_both(
    desk: Desk, round_count: int, record_property: Note
) -> None:
    prepare(desk, needed=1)
    applied = 0
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"), auto_apply=True)

        answers = race(
            partial(desk["rob"].reviews.ApproveChangeRequest, approve(request)),
            partial(desk["rae"].reviews.RejectChangeRequest, reject(request)),
        )

        won = current(desk, request).state == pb.CHANGE_REQUEST_STATE_APPLIED
        assert states(answers) == (["APPLIED", "INVALID_STATE"] if won else ["INVALID_STATE", "REJECTED"])
        applied += won
    record_property("applied", applied)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=applied)


@many_rounds
def test_edit_when_two_saw_the_same_revision_then_one_is_told(desk: Desk, round_count: int) -> None:
    prepare(desk, needed=1)
    for number in range(round_count):
        request = proposed(desk, renamed(f"{number}"))

        answers = race(
            partial(desk["ann"].reviews.EditChangeRequest, edit(request, reason="a")),
            partial(desk["bob"].reviews.EditChangeRequest, edit(request, reason="b")),
        )

        assert states(answers) == ["PENDING", "STALE_REVISION"]
        assert current(desk, request).request_revision == 2
