"""Applies against each other, against a target that moves, against cancels, sweeps and emergencies."""

from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.service.sweeping import Sweeper
from shared import clock
from shared.definition import convert
from tests.review.desk import Desk, approvals, bring_policy
from tests.review.races.racing import Note, assert_nobody_applied_what_nobody_approved, many_rounds, race, states
from tests.review.verbs import apply, approved, cancel, current, drafted, emergency_apply, proposed, renamed

CALLERS = ("ann", "bob", "rob", "rae", "ada", "ava")


def prepare(desk: Desk) -> None:
    bring_policy(desk.store, approvals(1))
    drafted(desk)


def agreed(desk: Desk, name: str, **fields: Any) -> pb.ChangeRequest:
    """Returns a request that was approved."""
    return approved(desk, proposed(desk, renamed(name), **fields))


def revision(desk: Desk) -> int:
    found = desk["vic"].experiments.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout"))
    return found.experiment.revision


@many_rounds
def test_apply_when_many_do_it_at_once_then_one_of_them_does(desk: Desk, round_count: int) -> None:
    prepare(desk)
    for number in range(round_count):
        request = agreed(desk, f"{number}")

        answers = race(*[partial(desk[who].reviews.ApplyChangeRequest, apply(request)) for who in CALLERS])

        assert states(answers) == ["APPLIED", *["INVALID_STATE"] * (len(CALLERS) - 1)]
        assert revision(desk) == number + 2
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)


@many_rounds
def test_apply_when_one_call_comes_many_times_then_it_happens_once_and_all_are_told_the_same(
    desk: Desk, round_count: int
) -> None:
    prepare(desk)
    for number in range(round_count):
        request = agreed(desk, f"{number}")
        again = apply(request, request_id=f"r{number}")

        answers = race(*[partial(desk["ann"].reviews.ApplyChangeRequest, again)] * len(CALLERS))

        assert states(answers) == ["APPLIED"] * len(CALLERS)
        assert all(answer == answers[0] for answer in answers)
        assert revision(desk) == number + 2
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)


@many_rounds
def test_apply_when_two_change_the_same_target_at_once_then_one_does_and_the_other_failed(
    desk: Desk, round_count: int
) -> None:
    prepare(desk)
    for number in range(round_count):
        requests = [agreed(desk, f"{number} {name}") for name in ("one", "other")]

        answers = race(*[partial(desk["ann"].reviews.ApplyChangeRequest, apply(request)) for request in requests])

        assert states(answers) == ["APPLIED", "FAILED"]
        assert revision(desk) == number + 2
        (failure,) = [current(desk, request).failure for request in requests if current(desk, request).failure]
        assert "has changed" in failure
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)


@many_rounds
def test_apply_when_it_is_cancelled_at_once_then_one_of_both(
    desk: Desk, round_count: int, record_property: Note
) -> None:
    prepare(desk)
    applied = 0
    for number in range(round_count):
        request = agreed(desk, f"{number}")

        answers = race(
            partial(desk["bob"].reviews.ApplyChangeRequest, apply(request)),
            partial(desk["ann"].reviews.CancelChangeRequest, cancel(request)),
        )

        won = current(desk, request).state == pb.CHANGE_REQUEST_STATE_APPLIED
        assert states(answers) == (["APPLIED", "INVALID_STATE"] if won else ["CANCELLED", "INVALID_STATE"])
        applied += won
    record_property("applied", applied)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=applied)


@many_rounds
def test_apply_when_it_is_an_emergency_for_another_then_it_happens_once(
    desk: Desk, round_count: int, record_property: Note
) -> None:
    prepare(desk)
    emergencies = 0
    for number in range(round_count):
        request = agreed(desk, f"{number}")

        answers = race(
            partial(desk["ann"].reviews.ApplyChangeRequest, apply(request)),
            partial(desk["rob"].reviews.EmergencyApply, emergency_apply(request)),
        )

        assert states(answers) == ["APPLIED", "INVALID_STATE"]
        assert revision(desk) == number + 2
        emergencies += current(desk, request).HasField("emergency")
    record_property("emergencies", emergencies)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)


@many_rounds
def test_apply_when_two_sweeps_come_at_its_time_as_well_then_it_happens_once(
    desk: Desk, round_count: int, wide_engine: sqlalchemy.Engine, record_property: Note
) -> None:
    prepare(desk)
    sweeper = Sweeper(desk.store, clock=clock.now)
    tomorrow = convert.timestamp_to_proto(clock.now() + timedelta(days=1))
    by_hand = 0
    for number in range(round_count):
        request = agreed(desk, f"{number}", scheduled_at=tomorrow)
        with wide_engine.begin() as connection:
            # Its time has come.
            connection.exec_driver_sql(
                "UPDATE change_requests SET scheduled_at = now() - interval '1 second' WHERE state = 'SCHEDULED'"
            )

        answer, *moved = race(
            partial(desk["ann"].reviews.ApplyChangeRequest, apply(request)), sweeper.sweep, sweeper.sweep
        )

        won = states([answer]) == ["APPLIED"]
        assert (states([answer]), sum(moved)) == ((["APPLIED"], 0) if won else (["INVALID_STATE"], 1))
        assert revision(desk) == number + 2
        by_hand += won
    record_property("by_hand", by_hand)
    assert_nobody_applied_what_nobody_approved(desk, needed=1, applied_count=round_count)
