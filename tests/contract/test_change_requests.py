"""What every store of review promises of change requests and policies: the one in Postgres, and the one in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.review.domain import changes, lifecycle
from services.review.domain.change_request import (
    NO_KEY,
    UNASSESSED,
    AnyChange,
    Author,
    ChangeRequest,
    ChangeRequestState,
    Comment,
    EditPolicyRules,
    RequestKey,
    VerdictKind,
)
from services.review.domain.model import ChangeRequestCursor, ChangeRequestFilter, Revision, VerbCall
from services.review.domain.policy.rules import Condition, Operator, Policy, PolicyRule
from services.review.domain.ports import ReviewStore
from services.review.store.postgres import PostgresReviewStore
from shared.definition import model
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import CONTROL, CONVERSION, LATER, NOW, REVENUE, THIRD, draft
from tests.review.requests_on_record import ADMIN, BOB, RAE, ROB, request, terms, verdict

RULES = (
    PolicyRule(
        "big",
        "Big ones.",
        ("start", "edit_traffic"),
        {"team": "web"},
        (
            Condition("traffic_share", Operator.ABOVE, 0.5),
            Condition("running", Operator.EQUALS, True),
            Condition("experiment_state", Operator.DIFFERS, "DRAFT"),
        ),
        2,
        ("reviewer",),
        ("growth",),
        ("slack",),
    ),
    PolicyRule("all"),
)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ReviewStore:
    if request.param == "memory":
        return InMemoryReviewStore()
    return PostgresReviewStore(request.getfixturevalue("engine"))


def _create(store: ReviewStore, experiment_id: str = "checkout") -> None:
    made = replace(draft(), experiment_id=experiment_id)
    with store.transaction() as transaction:
        assert transaction.experiments.create(Revision(made, "ann", NOW), NO_KEY)


def _add(store: ReviewStore, *made: ChangeRequest) -> None:
    with store.transaction() as transaction:
        for each in made:
            assert transaction.requests.add(each)


def _find(store: ReviewStore, change_request_id: str = "cr_1") -> ChangeRequest | None:
    with store.transaction() as transaction:
        found = transaction.requests.find(change_request_id)
        assert transaction.requests.lock(change_request_id) == found
    return found


def _save(store: ReviewStore, after: ChangeRequest) -> None:
    with store.transaction() as transaction:
        transaction.requests.save(after)


def _list(
    store: ReviewStore, kept: ChangeRequestFilter, after: ChangeRequestCursor | None = None, limit: int = 9
) -> list[str]:
    with store.transaction() as transaction:
        return [each.change_request_id for each in transaction.requests.list_requests(kept, after=after, limit=limit)]


@pytest.mark.parametrize(
    "change",
    [
        changes.Start(),
        changes.Pause(),
        changes.Resume(),
        changes.Stop("treatment"),
        changes.EditArms((CONTROL, THIRD), model.AllocationPolicy(model.GaussianThompson(2.0))),
        changes.EditArms((CONTROL, THIRD)),
        changes.EditMetrics((CONVERSION, REVENUE)),
        changes.EditAllocation(model.AllocationPolicy()),
        changes.EditTraffic(model.Traffic(0.5, 0.25)),
        changes.EditDetails("New", "", {"a": "b"}),
        changes.EditDetails(labels={}),
        changes.EditDetails(),
        EditPolicyRules(RULES),
    ],
    ids=repr,
)
def test_find_when_added_then_every_field_comes_back(store: ReviewStore, change: AnyChange) -> None:
    _create(store)
    asked = terms(change, ADMIN, scheduled_at=LATER, auto_apply=True)
    of_policy = isinstance(change, EditPolicyRules)
    made = request(asked=asked, experiment_id="" if of_policy else "checkout", key=RequestKey("r1", "digest"))

    _add(store, made)

    assert _find(store) == made
    with store.transaction() as transaction:
        assert transaction.requests.find_proposed("r1") == made
        assert transaction.requests.find_proposed("r2") is None


def test_find_when_nothing_is_there_then_none(store: ReviewStore) -> None:
    assert _find(store) is None
    with store.transaction() as transaction:
        assert transaction.requests.find_call("r1") is None
        assert transaction.policies.newest() is transaction.policies.lock() is transaction.policies.find(1) is None
        assert transaction.policies.list_policies(before=None, limit=5) == []
        assert transaction.experiments.paused_arm_ids("nowhere") is None
        assert transaction.experiments.advice("nowhere") is None


def test_add_when_the_request_id_is_taken_then_nothing_is_added(store: ReviewStore) -> None:
    _create(store)
    first = request(key=RequestKey("r1", "digest"))

    with store.transaction() as transaction:
        assert transaction.requests.add(first)
        assert not transaction.requests.add(request("cr_2", key=RequestKey("r1", "digest")))
        assert transaction.requests.add(request("cr_3"))
        assert transaction.requests.add(request("cr_4"))

    with store.transaction() as transaction:
        assert transaction.requests.find_proposed("r1") == first
        assert transaction.requests.find("cr_2") is None


def test_save_when_the_request_went_all_the_way_then_every_field_comes_back(store: ReviewStore) -> None:
    _create(store)
    made = request()
    _add(store, made)
    sent_back = verdict(made, kind=VerdictKind.REQUEST_CHANGES, groups=frozenset({"seniors"}))
    remark = Comment("comment_1", "ann", "é 'x' \\ %", LATER)
    seen = lifecycle.commented(lifecycle.judged(made, sent_back, LATER), remark, LATER)
    edited = lifecycle.edited(seen, terms(changes.Stop("treatment")), editor=RAE, reason="better", now=LATER)
    started = lifecycle.applying_in_emergency(edited, actor=ROB, justification="it burns", now=LATER)
    applied = lifecycle.completed(started, 2, LATER)
    signed = lifecycle.signed(applied, signer=Author("ada", "ada"), comment="fine", now=LATER)

    with store.transaction() as transaction:
        transaction.requests.add_verdict("cr_1", sent_back)
        transaction.requests.add_comment("cr_1", remark)
        transaction.requests.save(signed)

    assert _find(store) == signed


def test_save_when_it_failed_then_the_failure_comes_back(store: ReviewStore) -> None:
    _create(store)
    made = request()
    _add(store, made)
    started = lifecycle.applying_in_emergency(made, actor=ROB, justification="it burns", now=LATER)
    failed = lifecycle.failed(started, "the target moved", LATER)

    _save(store, failed)

    assert _find(store) == failed


def test_find_call_when_one_was_made_then_it_comes_back_once(store: ReviewStore) -> None:
    _create(store)
    _add(store, request())
    call = VerbCall(RequestKey("r9", "digest"), "cr_1")

    with store.transaction() as transaction:
        assert transaction.requests.add_call(call, NOW)
        assert not transaction.requests.add_call(replace(call, key=RequestKey("r9", "other")), NOW)

    with store.transaction() as transaction:
        assert transaction.requests.find_call("r9") == call


def test_list_requests_when_paged_then_newest_first_then_by_id(store: ReviewStore) -> None:
    _create(store)
    _add(store, request("b"), request("c", now=LATER), request("a"), request("d"))

    assert _list(store, ChangeRequestFilter()) == ["c", "a", "b", "d"]
    assert _list(store, ChangeRequestFilter(), limit=2) == ["c", "a"]
    assert _list(store, ChangeRequestFilter(), ChangeRequestCursor(NOW, "a"), 2) == ["b", "d"]


def test_list_requests_when_filtered_then_only_those(store: ReviewStore) -> None:
    _create(store)
    _create(store, "other")
    cancelled = lifecycle.cancelled(request("b"), NOW)
    _add(store, request("a"), cancelled, request("c", experiment_id="other"), request("d", author=ROB))

    assert _list(store, ChangeRequestFilter(frozenset({ChangeRequestState.CANCELLED}))) == ["b"]
    assert _list(store, ChangeRequestFilter(experiment_id="other")) == ["c"]
    assert _list(store, ChangeRequestFilter(requester="rob")) == ["d"]


def test_list_requests_when_they_await_a_reviewer_then_those_to_judge_or_to_sign(store: ReviewStore) -> None:
    _create(store)
    judged = request("judged")
    rewritten = lifecycle.edited(request("rewritten"), terms(), editor=ROB, now=NOW)
    again = request("again")
    started = lifecycle.applying_in_emergency(request("signable"), actor=RAE, justification="it burns", now=NOW)
    own = lifecycle.applying_in_emergency(request("own"), actor=ROB, justification="it burns", now=NOW)
    drafted = request("draft", draft=True)
    emergencies = [lifecycle.completed(each, 2, NOW) for each in (started, own)]
    by_rob = request("by-rob", author=Author("robot", "rob@example.com"))
    _add(store, request("open"), judged, rewritten, again, drafted, by_rob, *emergencies)
    _say(store, judged, VerdictKind.REQUEST_CHANGES)
    _say(store, again, VerdictKind.REQUEST_CHANGES)
    _save(store, lifecycle.edited(again, terms(changes.Pause()), editor=BOB, now=LATER))

    assert _list(store, ChangeRequestFilter(awaits=ROB)) == ["again", "open", "signable"]


def _say(store: ReviewStore, of: ChangeRequest, kind: VerdictKind) -> None:
    said = verdict(of, kind=kind)
    with store.transaction() as transaction:
        transaction.requests.add_verdict(of.change_request_id, said)
        transaction.requests.save(lifecycle.judged(of, said, NOW))


def test_list_updated_when_some_changed_then_those_in_the_order_of_their_changes(store: ReviewStore) -> None:
    _create(store)
    _add(store, request("a"), request("b"), request("c"))
    _save(store, lifecycle.cancelled(request("b"), LATER))
    _save(store, lifecycle.cancelled(request("a"), LATER + timedelta(seconds=1)))

    with store.transaction() as transaction:
        assert [each.change_request_id for each in transaction.requests.list_updated(LATER, limit=9)] == ["b", "a"]
        assert [each.change_request_id for each in transaction.requests.list_updated(NOW, limit=1)] == ["c"]


def test_list_due_when_time_has_passed_then_what_expires_and_what_is_to_be_applied(store: ReviewStore) -> None:
    _create(store)
    ready = request("ready", replace(terms(scheduled_at=LATER), assessment=UNASSESSED))
    _add(store, ready, request("waiting"), lifecycle.cancelled(request("closed"), NOW), request("draft", draft=True))

    def due(after: timedelta) -> list[str]:
        with store.transaction() as transaction:
            return transaction.requests.list_due(NOW + after, limit=9)

    assert ready.state is ChangeRequestState.SCHEDULED
    assert due(timedelta(minutes=59)) == []
    assert due(timedelta(hours=1)) == ["ready"]
    assert set(due(lifecycle.LIFETIME)) == {"ready", "waiting", "draft"}


def test_list_expiring_when_some_wait_then_the_first_to_expire_first(store: ReviewStore) -> None:
    _create(store)
    _add(store, request("later", now=LATER), request("sooner"), request("draft", draft=True))

    with store.transaction() as transaction:
        found = transaction.requests.list_expiring(LATER + lifecycle.LIFETIME, limit=9)
        assert [each.change_request_id for each in found] == ["sooner"]
        found = transaction.requests.list_expiring(LATER + lifecycle.LIFETIME + timedelta(seconds=1), limit=9)
        assert [each.change_request_id for each in found] == ["sooner", "later"]


def test_policies_when_some_came_then_every_field_comes_back(store: ReviewStore) -> None:
    first, second = Policy(1, RULES, "cr_1", "ann", NOW), Policy(2, (), "cr_2", "bob", LATER)
    with store.transaction() as transaction:
        transaction.policies.lock()
        transaction.policies.add(first)
        transaction.policies.add(second)

    with store.transaction() as transaction:
        assert transaction.policies.newest() == transaction.policies.find(2) == second
        assert transaction.policies.find(1) == first
        assert transaction.policies.list_policies(before=None, limit=5) == [second, first]
        assert transaction.policies.list_policies(before=2, limit=5) == [first]
