"""What each verb makes of a change request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.review.domain import changes, lifecycle, standing, verbs
from services.review.domain.change_request import (
    CLOSED,
    Author,
    ChangeRequest,
    ChangeRequestState,
    VerdictKind,
)
from services.review.domain.policy.evaluation import Requirement
from services.review.domain.verbs import TRANSITIONS, Verb
from shared import errors
from shared.errors import Reason
from tests.review.examples import LATER, NOW
from tests.review.requests_on_record import ADMIN, BOB, RAE, ROB, request, terms, verdict

TWO = Requirement("two", (), approval_count=2)
UNGATED = replace(terms(), assessment=replace(terms().assessment, requirements=()))
State = ChangeRequestState


def _approved(asked: lifecycle.Terms | None = None) -> ChangeRequest:
    made = request(asked=asked)
    return lifecycle.judged(made, verdict(made), LATER)


def _in_state(state: State) -> ChangeRequest:
    """Returns a request in the state, on the way that leads there."""
    made, approved = request(), _approved()
    applying = lifecycle.applying(approved, LATER)
    return {
        State.DRAFT: request(draft=True),
        State.PENDING: made,
        State.CHANGES_REQUESTED: lifecycle.judged(made, verdict(made, kind=VerdictKind.REQUEST_CHANGES), LATER),
        State.APPROVED: approved,
        State.SCHEDULED: _approved(terms(scheduled_at=NOW + timedelta(days=1))),
        State.APPLYING: applying,
        State.APPLIED: lifecycle.completed(applying, 2, LATER),
        State.FAILED: lifecycle.failed(applying, "it moved", LATER),
        State.REJECTED: lifecycle.judged(made, verdict(made, kind=VerdictKind.REJECT), LATER),
        State.CANCELLED: lifecycle.cancelled(made, LATER),
        State.EXPIRED: lifecycle.expired(made, NOW + lifecycle.LIFETIME),
    }[state]


def _judge(kind: VerdictKind) -> Callable[[ChangeRequest, datetime], ChangeRequest]:
    return lambda made, now: lifecycle.judged(made, verdict(made, RAE, kind), now)


VERBS: dict[Verb, Callable[[ChangeRequest, datetime], ChangeRequest]] = {
    Verb.SUBMIT: lambda made, now: lifecycle.submitted(made, made.assessment, now),
    Verb.EDIT: lambda made, now: lifecycle.edited(made, terms(), editor=BOB, now=now),
    Verb.APPROVE: _judge(VerdictKind.APPROVE),
    Verb.REJECT: _judge(VerdictKind.REJECT),
    Verb.REQUEST_CHANGES: _judge(VerdictKind.REQUEST_CHANGES),
    Verb.CANCEL: lifecycle.cancelled,
    Verb.APPLY: lifecycle.applying,
    Verb.EMERGENCY_APPLY: lambda made, now: lifecycle.applying_in_emergency(
        made, actor=RAE, justification="it is on fire", now=now
    ),
    Verb.COMPLETE: lambda made, now: lifecycle.completed(made, 2, now),
    Verb.FAIL: lambda made, now: lifecycle.failed(made, "it moved", now),
    Verb.SIGN_EMERGENCY: lambda made, now: lifecycle.signed(made, signer=RAE, comment="fine", now=now),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", VERBS)
def test_verb_when_it_is_closed_in_the_state_then_it_is_refused(verb: Verb, state: State) -> None:
    made = _in_state(state)
    if state in TRANSITIONS[verb]:
        return

    with pytest.raises(errors.FailedPrecondition) as caught:
        VERBS[verb](made, LATER)

    waits_for_approvals = verb is Verb.APPLY and state in (State.PENDING, State.CHANGES_REQUESTED)
    assert caught.value.reason is (Reason.APPROVAL_REQUIRED if waits_for_approvals else Reason.INVALID_STATE)
    assert caught.value.metadata["change_request_id"] == "cr_1"


@pytest.mark.parametrize(("verb", "state"), [(verb, state) for verb in VERBS for state in sorted(TRANSITIONS[verb])])
def test_verb_when_it_is_open_in_the_state_then_it_leads_where_the_table_says(verb: Verb, state: State) -> None:
    if verb is Verb.SIGN_EMERGENCY:
        started = lifecycle.applying_in_emergency(request(), actor=ROB, justification="it burns", now=LATER)
        made = lifecycle.completed(started, 2, LATER)
    else:
        made = _in_state(state)
    late = NOW + timedelta(days=2)

    after = VERBS[verb](made, late)

    assert after.state in TRANSITIONS[verb][state]
    assert after.updated_at == late


def test_transitions_when_a_request_is_closed_then_nothing_but_a_signature_is_open() -> None:
    for verb, open_states in TRANSITIONS.items():
        assert verb is Verb.SIGN_EMERGENCY or not CLOSED & set(open_states)


def test_judged_when_enough_approve_then_it_is_approved() -> None:
    made = request(asked=terms(changes.Start(), TWO))

    once = lifecycle.judged(made, verdict(made, ROB), LATER)
    twice = lifecycle.judged(once, verdict(made, RAE), LATER)

    assert (once.state, twice.state) == (State.PENDING, State.APPROVED)


def test_judged_when_one_person_approves_under_two_names_then_that_counts_once() -> None:
    made = request(asked=terms(changes.Start(), TWO))
    once = lifecycle.judged(made, verdict(made, ROB), LATER)

    again = lifecycle.judged(once, verdict(made, Author("robert", ROB.person_id)), LATER)

    assert again.state is State.PENDING
    assert [each.approved_by for each in standing.approvals(again)] == [("robert",)]


def test_judged_when_a_rule_asks_for_a_role_or_group_then_others_do_not_count_for_it() -> None:
    made = request(asked=terms(changes.Start(), ADMIN))

    by_reviewer = lifecycle.judged(made, verdict(made, ROB), LATER)
    by_senior = lifecycle.judged(by_reviewer, verdict(made, RAE, groups=frozenset({"seniors"})), LATER)

    assert (by_reviewer.state, by_senior.state) == (State.PENDING, State.APPROVED)


@pytest.mark.parametrize(
    ("reviewer", "obstacle"),
    [
        (BOB, "requester"),
        (Author("bob2", BOB.person_id), "requester"),
        (Author("bob", ""), "requester"),
        (RAE, "contributor"),
        (Author("rae2", RAE.person_id), "contributor"),
    ],
)
@pytest.mark.parametrize("kind", VerdictKind)
def test_judged_when_the_reviewer_wrote_some_of_it_then_it_is_refused(
    reviewer: Author, obstacle: str, kind: VerdictKind
) -> None:
    made = lifecycle.edited(request(), terms(), editor=RAE, now=LATER)

    with pytest.raises(errors.PermissionDenied) as caught:
        lifecycle.judged(made, verdict(made, reviewer, kind), LATER)

    assert caught.value.reason is Reason.APPROVAL_NOT_ALLOWED
    assert caught.value.metadata["obstacle"] == obstacle


def test_judged_when_principals_have_no_person_then_they_are_persons_of_their_own() -> None:
    made = request(author=Author("bot", ""))

    assert lifecycle.judged(made, verdict(made, Author("rob", "")), LATER).state is State.APPROVED


@pytest.mark.parametrize("fields", [{"request_revision": 2}, {"digest": "0" * 64}, {"request_revision": 0}])
def test_judged_when_another_revision_was_seen_then_it_is_stale(fields: dict[str, Any]) -> None:
    made = request()

    with pytest.raises(errors.Aborted) as caught:
        lifecycle.judged(made, verdict(made, **fields), LATER)

    assert caught.value.reason is Reason.STALE_REVISION
    assert caught.value.metadata == {
        "change_request_id": "cr_1",
        "request_revision": "1",
        "digest": made.digest,
    }


def test_judged_when_changes_are_requested_then_it_waits_for_the_same_reviewer_or_an_edit() -> None:
    made = request()
    sent_back = lifecycle.judged(made, verdict(made, ROB, VerdictKind.REQUEST_CHANGES), LATER)

    by_another = lifecycle.judged(sent_back, verdict(made, RAE), LATER)
    by_the_same = lifecycle.judged(by_another, verdict(made, ROB), LATER)

    assert [each.state for each in (sent_back, by_another, by_the_same)] == [
        State.CHANGES_REQUESTED,
        State.CHANGES_REQUESTED,
        State.APPROVED,
    ]


def test_edited_when_approved_then_the_approvals_no_longer_count() -> None:
    approved = _approved()

    again = lifecycle.edited(approved, terms(changes.Stop("treatment")), editor=BOB, now=LATER)

    assert (again.state, again.request_revision) == (State.PENDING, 2)
    assert again.digest != approved.digest
    assert [standing.is_stale(each, again) for each in again.verdicts] == [True]
    assert standing.counting(again) == ()


def test_edited_when_nothing_is_different_then_verdicts_are_stale_all_the_same() -> None:
    again = lifecycle.edited(_approved(), terms(), editor=BOB, now=LATER)

    assert again.state is State.PENDING
    with pytest.raises(errors.Aborted):
        lifecycle.judged(again, verdict(_approved()), LATER)


@pytest.mark.parametrize(
    "other",
    [
        {"change": changes.Pause()},
        {"target_etag": "etag-2"},
        {"scheduled_at": LATER},
        {"auto_apply": True},
    ],
)
def test_digest_when_anything_is_different_that_a_reviewer_judges_then_so_is_it(other: dict[str, Any]) -> None:
    assert request(asked=replace(terms(), **other)).digest != request().digest
    assert request(experiment_id="other").digest != request().digest


def test_expiry_when_a_schedule_is_later_then_it_is_a_day_beyond() -> None:
    soon = request(asked=terms(scheduled_at=NOW + timedelta(days=2)))
    late = request(asked=terms(scheduled_at=NOW + timedelta(days=30)))

    assert soon.expires_at == NOW + timedelta(days=14)
    assert late.expires_at == NOW + timedelta(days=31)


@pytest.mark.parametrize("verb", [Verb.EDIT, Verb.APPROVE, Verb.REJECT, Verb.REQUEST_CHANGES, Verb.EMERGENCY_APPLY])
def test_verb_when_the_time_is_over_then_it_is_refused_even_before_anybody_swept(verb: Verb) -> None:
    made = request()
    last = made.expires_at - timedelta(microseconds=1)
    assert VERBS[verb](made, last)

    with pytest.raises(errors.FailedPrecondition) as caught:
        VERBS[verb](made, made.expires_at)

    assert caught.value.reason is Reason.INVALID_STATE
    assert "expired" in caught.value.message


def test_applying_when_its_time_has_not_come_then_it_is_refused() -> None:
    at = NOW + timedelta(days=1)
    made = _approved(terms(scheduled_at=at))

    with pytest.raises(errors.FailedPrecondition) as caught:
        lifecycle.applying(made, at - timedelta(microseconds=1))

    assert caught.value.reason is Reason.INVALID_STATE
    assert lifecycle.applying(made, at).state is State.APPLYING


def test_applying_when_an_approval_turns_out_to_be_an_author_s_then_it_is_refused() -> None:
    approved = _approved()
    forged = replace(approved, authors=(*approved.authors, Author("robert", ROB.person_id)))

    with pytest.raises(errors.FailedPrecondition) as caught:
        lifecycle.applying(forged, LATER)

    assert caught.value.reason is Reason.APPROVAL_REQUIRED


def test_applying_when_approvals_are_missing_then_it_says_which() -> None:
    made = request(asked=terms(changes.Start(), TWO, ADMIN))
    sent_back = lifecycle.judged(made, verdict(made, ROB, VerdictKind.REQUEST_CHANGES), LATER)

    with pytest.raises(errors.FailedPrecondition) as caught:
        lifecycle.applying(sent_back, LATER)

    assert caught.value.reason is Reason.APPROVAL_REQUIRED
    assert caught.value.metadata == {"change_request_id": "cr_1", "missing": "two, admins, rob"}


@pytest.mark.parametrize(
    ("signer", "obstacle"),
    [(RAE, "emergency actor"), (Author("rae2", RAE.person_id), "emergency actor"), (BOB, "requester")],
)
def test_signed_when_the_signer_had_a_hand_in_it_then_it_is_refused(signer: Author, obstacle: str) -> None:
    started = lifecycle.applying_in_emergency(request(), actor=RAE, justification="it burns", now=LATER)
    applied = lifecycle.completed(started, 2, LATER)

    with pytest.raises(errors.PermissionDenied) as caught:
        lifecycle.signed(applied, signer=signer, comment="fine", now=LATER)

    assert caught.value.metadata["obstacle"] == obstacle


def test_signed_when_it_is_signed_then_it_is_not_open_again() -> None:
    started = lifecycle.applying_in_emergency(request(), actor=RAE, justification="it burns", now=LATER)
    signed = lifecycle.signed(lifecycle.completed(started, 2, LATER), signer=ROB, comment="fine", now=LATER)

    assert signed.emergency is not None
    assert (signed.emergency.signed_by, signed.emergency.signed_at) == ("rob", LATER)
    with pytest.raises(errors.FailedPrecondition):
        lifecycle.signed(signed, signer=ROB, comment="again", now=LATER)


def test_failed_when_it_was_an_emergency_then_nothing_is_left_to_sign() -> None:
    started = lifecycle.applying_in_emergency(request(), actor=RAE, justification="it burns", now=LATER)

    assert lifecycle.failed(started, "it moved", LATER).emergency is None


def test_proposed_when_no_rule_asks_then_it_is_approved_by_nobody() -> None:
    assert request(asked=UNGATED).state is State.APPROVED


def test_proposed_when_an_agent_asks_then_somebody_must_approve_though_no_rule_asks() -> None:
    made = request(asked=UNGATED, author=Author("agent", "", is_agent=True))

    assert made.state is State.PENDING
    assert [each.rule_id for each in standing.approvals(made)] == ["agents"]
    assert lifecycle.judged(made, verdict(made), LATER).state is State.APPROVED


def test_edited_when_an_agent_edits_what_no_rule_asks_about_then_somebody_must_approve() -> None:
    drafted = request(asked=UNGATED, draft=True)

    edited = lifecycle.edited(drafted, UNGATED, editor=Author("agent", "", is_agent=True), now=LATER)

    assert lifecycle.submitted(edited, UNGATED.assessment, LATER).state is State.PENDING


def test_require_open_when_refused_then_it_names_the_states_that_would_do() -> None:
    with pytest.raises(errors.FailedPrecondition, match=r"cr_1 is PENDING; only one that is DRAFT can be submitted"):
        verbs.require_open(Verb.SUBMIT, request())
