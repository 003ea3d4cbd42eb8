"""What happens by itself: requests expire, are applied at their time, and somebody is reminded."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.review.domain import apply, changes
from services.review.domain.change_request import NO_KEY, Author, ChangeRequest, ChangeRequestState, VerdictKind
from services.review.domain.lifecycle import LIFETIME
from services.review.domain.model import Proposal, Revision
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.service.change_requests import ChangeRequestService, Seen
from services.review.service.proposals import ProposalService
from services.review.service.sweeping import Sweeper
from shared.definition import model
from shared.identity.principal import Principal, PrincipalKind, Role
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import NOW, experiment

BOB = Author("bob", "bob")
ROB = Principal("rob", PrincipalKind.HUMAN, "rob", frozenset({Role.REVIEWER}))
TOMORROW = NOW + timedelta(days=1)
START = Proposal("checkout", changes.Start(), BOB)


class World:
    """Is a review service whose clock stands until it is set."""

    def __init__(self, *rules: PolicyRule) -> None:
        self.now = NOW
        numbers = itertools.count(1)
        self.store = InMemoryReviewStore(Policy(1, rules))
        self.sweeper = Sweeper(self.store, clock=lambda: self.now)
        self.requests = ChangeRequestService(self.store, clock=lambda: self.now, new_id=str)
        self._proposals = ProposalService(
            self.store, clock=lambda: self.now, new_id=lambda prefix: f"{prefix}_{next(numbers)}"
        )
        made = apply.draft(experiment(), creator="ann", now=NOW)
        with self.store.transaction() as transaction:
            transaction.experiments.create(Revision(made, "ann", NOW), NO_KEY)

    def propose(self, proposal: Proposal) -> ChangeRequest:
        return self._proposals.propose(proposal).change_request

    def approve(self, request: ChangeRequest) -> ChangeRequest:
        seen = Seen(request.change_request_id, request.request_revision, request.digest)
        return self.requests.judge(seen, VerdictKind.APPROVE, "", caller=ROB, key=NO_KEY)

    def at(self, now: datetime) -> int:
        self.now = now
        return self.sweeper.sweep()

    def state(self) -> model.ExperimentState:
        with self.store.transaction() as transaction:
            found = transaction.experiments.find("checkout")
        assert found is not None
        return found.state


@pytest.fixture
def world() -> World:
    return World(PolicyRule("all"))


def test_sweep_when_the_time_of_a_request_is_over_then_it_expires(world: World) -> None:
    made = world.propose(START)

    early, late, again = (world.at(NOW + LIFETIME + timedelta(seconds=second)) for second in (-1, 0, 1))

    assert (early, late, again) == (0, 1, 0)
    assert world.requests.get(made.change_request_id).state is ChangeRequestState.EXPIRED
    last = world.store.events[-1].entry
    assert (last.actor, last.action) == ("review", "change_request.expire")


def test_sweep_when_an_approved_request_s_time_is_over_then_it_expires_all_the_same(world: World) -> None:
    made = world.approve(world.propose(START))

    assert world.at(made.expires_at) == 1

    assert world.requests.get(made.change_request_id).state is ChangeRequestState.EXPIRED
    assert world.state() is model.ExperimentState.DRAFT


def test_sweep_when_an_approved_schedule_comes_then_it_is_applied_once(world: World) -> None:
    made = world.approve(world.propose(replace(START, scheduled_at=TOMORROW)))

    early, due, again = (world.at(TOMORROW + timedelta(seconds=second)) for second in (-1, 0, 1))

    assert (made.state, early, due, again) == (ChangeRequestState.SCHEDULED, 0, 1, 0)
    assert world.requests.get(made.change_request_id).state is ChangeRequestState.APPLIED
    assert world.state() is model.ExperimentState.RUNNING


def test_sweep_when_a_schedule_comes_before_its_approval_then_it_waits_for_that(world: World) -> None:
    made = world.propose(replace(START, scheduled_at=TOMORROW))
    assert world.at(TOMORROW) == 0

    assert world.approve(made).state is ChangeRequestState.SCHEDULED
    assert world.at(TOMORROW + timedelta(hours=1)) == 1

    assert world.state() is model.ExperimentState.RUNNING


def test_sweep_when_the_target_of_a_schedule_moved_then_it_fails_and_says_why() -> None:
    world = World(PolicyRule("starts", change_kinds=("start",)))
    made = world.approve(world.propose(replace(START, scheduled_at=TOMORROW)))
    world.propose(Proposal("checkout", changes.EditDetails(description="new"), BOB))

    assert world.at(TOMORROW) == 1

    failed = world.requests.get(made.change_request_id)
    assert failed.state is ChangeRequestState.FAILED
    assert "has changed" in failed.failure
    assert world.state() is model.ExperimentState.DRAFT


def test_sweep_when_a_request_is_about_to_expire_then_it_reminds_a_day_and_an_hour_before_once_each(
    world: World,
) -> None:
    made = world.propose(START)

    def reminders(before: timedelta) -> list[str]:
        for _ in range(2):
            world.at(made.expires_at - before)
        return [notice.occasion for notice in world.store.notices if notice.event == "change_request.expiring"]

    assert reminders(timedelta(hours=25)) == []
    assert len(reminders(timedelta(hours=24))) == 1
    assert len(reminders(timedelta(hours=2))) == 1
    assert len(reminders(timedelta(minutes=59))) == 2
