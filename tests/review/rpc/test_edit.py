"""EditChangeRequest: what counts up, what becomes stale, rebasing, refusals."""

from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from shared import clock
from shared.definition import convert
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import PAUSE
from tests.review.rpc.calls import INVALID_FIELD, MOVED, NO_REQUEST, NOT_PERMITTED, STALE, WRONG_STATE
from tests.review.verbs import apply, approve, approved, current, drafted, edit, proposed, reject, renamed


def traffic(share: float) -> pb.Change:
    return pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic(share=share)))


def in_days(days: float) -> Timestamp:
    found = convert.timestamp_to_proto(clock.now() + timedelta(days=days))
    assert found is not None
    return found


def test_edit_when_pending_then_one_revision_on_and_its_verdicts_stale(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)

    edited = desk["bob"].reviews.EditChangeRequest(edit(pending, reason="better")).change_request

    assert (edited.request_revision, edited.reason, list(edited.contributors)) == (2, "better", ["bob"])
    assert edited.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert [each.stale for each in edited.verdicts] == [True]
    assert edited.requirements[0].satisfied is False
    assert edited == current(desk, pending)


def test_edit_when_only_the_words_change_then_even_an_old_approval_must_be_given_anew(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    edited = desk["ann"].reviews.EditChangeRequest(edit(pending, reason="better")).change_request

    assert edited.digest == pending.digest
    assert refused(desk["rob"].reviews.ApproveChangeRequest, approve(pending)).reason == STALE
    assert approved(desk, edited).state == pb.CHANGE_REQUEST_STATE_APPROVED


def test_edit_when_the_change_is_another_then_digest_and_diff_follow(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))
    request = proposed(desk, traffic(0.5))

    edited = desk["ann"].reviews.EditChangeRequest(edit(request, change=traffic(0.25))).change_request

    assert edited.digest != request.digest
    assert [(each.path, each.before, each.after) for each in edited.diff] == [("traffic.share", "1.0", "0.25")]
    assert edited.change == traffic(0.25)


def test_edit_when_no_rule_asks_any_more_then_it_is_applied(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))
    request = proposed(desk, traffic(0.5))

    edited = desk["ann"].reviews.EditChangeRequest(edit(request, change=traffic(0.99))).change_request

    assert (edited.state, edited.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 3)


def test_edit_when_the_time_is_set_and_cleared_then_it_waits_or_not(desk: Desk, pending: pb.ChangeRequest) -> None:
    later = in_days(30)

    timed = desk["ann"].reviews.EditChangeRequest(edit(pending, scheduled_at=later)).change_request
    kept = desk["ann"].reviews.EditChangeRequest(edit(timed, reason="so")).change_request
    cleared = desk["ann"].reviews.EditChangeRequest(edit(kept, clear_schedule=True)).change_request

    assert timed.scheduled_at == kept.scheduled_at == later
    assert timed.expires_at.ToDatetime() == later.ToDatetime() + timedelta(days=1)
    assert not cleared.HasField("scheduled_at")
    assert cleared.digest == pending.digest
    assert timed.digest == kept.digest != pending.digest


def test_edit_when_the_target_moved_then_it_must_be_rebased(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    moved = desk["ann"].experiments.ProposeChange(
        pb.ProposeChangeRequest(experiment_id="checkout", change=renamed("Moved"))
    )

    refusal = refused(desk["ann"].reviews.EditChangeRequest, edit(pending, reason="so"))
    rebased = desk["ann"].reviews.EditChangeRequest(edit(pending, rebase=True)).change_request

    assert refusal.reason == MOVED
    assert refusal.error.metadata == {
        "change_request_id": pending.change_request_id,
        "etag": moved.experiment.etag,
    }
    assert (rebased.target_etag, rebased.base_revision) == (moved.experiment.etag, 2)
    assert rebased.digest != pending.digest


def test_edit_when_failed_then_it_can_be_rebased_and_lives_again(desk: Desk, pending: pb.ChangeRequest) -> None:
    approved(desk, pending)
    proposed(desk, renamed("Moved"))
    failed = desk["ann"].reviews.ApplyChangeRequest(apply(pending)).change_request

    rebased = desk["ann"].reviews.EditChangeRequest(edit(failed, rebase=True)).change_request

    assert (failed.state, rebased.state) == (pb.CHANGE_REQUEST_STATE_FAILED, pb.CHANGE_REQUEST_STATE_PENDING)
    assert failed.failure
    assert not rebased.failure


def test_edit_when_the_change_no_longer_fits_then_invalid_state(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    twin = proposed(desk)
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(apply(pending))

    refusal = refused(desk["ann"].reviews.EditChangeRequest, edit(twin, rebase=True))

    assert refusal.reason == WRONG_STATE
    assert refusal.error.metadata == {"experiment_id": "checkout", "state": "RUNNING"}


def test_edit_when_closed_then_invalid_state(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    desk["rob"].reviews.RejectChangeRequest(reject(pending))

    refusal = refused(desk["ann"].reviews.EditChangeRequest, edit(pending, reason="so"))

    assert refusal.reason == WRONG_STATE
    assert refusal.error.metadata == {"change_request_id": pending.change_request_id, "state": "REJECTED"}


def test_edit_when_unknown_stale_or_not_permitted_then_it_says_so(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    nowhere = pb.ChangeRequest(change_request_id="nowhere", request_revision=1)

    assert refused(desk["ann"].reviews.EditChangeRequest, edit(nowhere)).reason == NO_REQUEST
    assert refused(desk["ann"].reviews.EditChangeRequest, edit(pending, request_revision=2)).reason == STALE
    assert refused(desk["vic"].reviews.EditChangeRequest, edit(nowhere)).reason == NOT_PERMITTED


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"change": PAUSE}, "change"),
        ({"change": pb.Change()}, "change.kind"),
        ({"change": pb.Change(edit_policy_rules=pb.EditPolicyRulesChange())}, "change"),
        ({"scheduled_at": Timestamp(seconds=1)}, "scheduled_at"),
        ({"scheduled_at": Timestamp(seconds=2**50)}, "scheduled_at"),
        ({"scheduled_at": Timestamp(seconds=4_000_000_000), "clear_schedule": True}, "clear_schedule"),
        ({"request_revision": 0}, "request_revision"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "a\0"}, "reason"),
        ({"request_id": "x" * 65}, "request_id"),
    ],
)
def test_edit_when_a_field_is_bad_then_it_is_named_and_nothing_changes(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, fields: dict[str, object], path: str
) -> None:
    refusal = refused(desk["ann"].reviews.EditChangeRequest, edit(pending, **fields))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])
    assert current(desk, pending) == pending


def test_edit_when_a_rule_of_the_experiment_is_broken_then_the_field_is_named(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, traffic(0.5), draft=True)
    holding_out = pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic(share=0.8, holdout_share=0.3)))

    refusal = refused(desk["ann"].reviews.EditChangeRequest, edit(request, change=holding_out))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["change.edit_traffic.traffic.holdout_share"])
