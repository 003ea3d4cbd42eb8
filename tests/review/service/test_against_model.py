"""Requests, edits, verdicts, expiry, schedules and applies, in any order, against a simple model."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.review.domain import apply, audit, changes
from services.review.domain.change_request import NO_KEY, ChangeRequest, VerdictKind
from services.review.domain.model import Proposal, Revision
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.service import reviewers
from services.review.service.change_requests import ChangeRequestService, Edit, Seen
from services.review.service.proposals import ProposalService
from services.review.service.sweeping import Sweeper
from shared import errors
from shared.definition import model
from shared.identity.principal import Principal, PrincipalKind, Role
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import NOW, experiment
from tests.review.service.request_model import NEEDS, READY, SETTLING, Model, Person, Refused, Request

STEPS = 50
SENIORS = frozenset({"seniors"})
PEOPLE = (
    Person("ann", "ann"),
    Person("bob", "bob", groups=SENIORS),
    Person("rob", "rob"),
    # Rob once more, under another name.
    Person("robert", "rob", groups=SENIORS),
    Person("rae", "rae", groups=SENIORS),
    Person("sam", "sam"),
    Person("robot", "robot", human=False),
    # An agent that ann runs.
    Person("helper", "ann", human=False),
)
EXPERIMENTS = ("one", "two", "three", "four")
CHANGES: dict[str, changes.Change] = {
    "start": changes.Start(),
    "pause": changes.Pause(),
    "resume": changes.Resume(),
    "edit_traffic": changes.EditTraffic(model.Traffic(0.5)),
    "edit_details": changes.EditDetails(description="new"),
}
RULES = tuple(
    PolicyRule(f"{kind}-{index}".replace("_", "-"), "", (kind,), {}, (), count, (), (group,) if group else ())
    for kind, needs in NEEDS.items()
    for index, (count, group) in enumerate(needs)
)

people = st.sampled_from(PEOPLE)
proposers = st.sampled_from([*PEOPLE[:3], *PEOPLE])
judges = st.sampled_from([*PEOPLE[2:6], *PEOPLE[2:6], *PEOPLE])
picks = st.integers(0, 200)
# The revision that a caller saw: mostly the last one.
behind = st.sampled_from([0, 0, 0, 0, 1])
verdicts = st.sampled_from(["APPROVE"] * 6 + ["REQUEST_CHANGES"] * 2 + ["REJECT"])


def _principal(who: Person) -> Principal:
    kind = PrincipalKind.HUMAN if who.human else PrincipalKind.AGENT
    return Principal(who.name, kind, who.person, frozenset({Role.REVIEWER}), who.groups)


class Requests(RuleBasedStateMachine):
    """Does the same to the service and to the model."""

    call_count = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.model = Model()
        self.ids: list[str] = []
        numbers = itertools.count(1)
        self.store = InMemoryReviewStore(Policy(1, RULES))
        new_id: Callable[[str], str] = lambda prefix: f"{prefix}_{next(numbers)}"  # noqa: E731 - it is one line
        self.proposals = ProposalService(self.store, clock=lambda: self.now, new_id=new_id)
        self.requests = ChangeRequestService(self.store, clock=lambda: self.now, new_id=new_id)
        self.sweeper = Sweeper(self.store, clock=lambda: self.now)

    @initialize()
    def create(self) -> None:
        for name in EXPERIMENTS:
            made = apply.draft(experiment(experiment_id=name), creator="ann", now=NOW)
            with self.store.transaction() as transaction:
                transaction.experiments.create(Revision(made, "ann", NOW), NO_KEY)
            self.model.create(name)

    @rule(
        kind=st.sampled_from(sorted(CHANGES)),
        name=st.sampled_from(EXPERIMENTS),
        who=proposers,
        draft=st.sampled_from([False, False, True]),
        days=st.sampled_from([0, 0, 1, 20]),
        auto=st.booleans(),
    )
    def propose(self, kind: str, name: str, who: Person, *, draft: bool, days: int, auto: bool) -> None:
        at = self.now + timedelta(days=days) if days else None

        def real() -> ChangeRequest:
            author = reviewers.author(_principal(who))
            proposal = Proposal(name, CHANGES[kind], author, draft=draft, scheduled_at=at, auto_apply=auto)
            made = self.proposals.propose(proposal).change_request
            self.ids.append(made.change_request_id)
            return made

        self._both(real, lambda: self.model.propose(kind, name, who, self.now, draft=draft, at=at, auto=auto))

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people, back=behind)
    def submit(self, pick: int, who: Person, back: int) -> None:
        seen, request = self._seen(pick, back, "DRAFT")
        self._both(
            lambda: self.requests.submit(seen, caller=_principal(who), key=NO_KEY),
            lambda: self.model.submit(request, who, self.now, seen.request_revision),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people, back=behind, rebase=st.booleans())
    def edit(self, pick: int, who: Person, back: int, *, rebase: bool) -> None:
        seen, request = self._seen(pick, back, "DRAFT", "FAILED", *SETTLING, *READY)
        self._both(
            lambda: self.requests.edit(seen, Edit(rebase=rebase), caller=_principal(who), key=NO_KEY),
            lambda: self.model.edit(request, who, self.now, seen.request_revision, rebase=rebase),
        )

    @precondition(lambda self: self.ids)
    @rule(
        pick=picks,
        who=people,
        back=behind,
        kind=st.sampled_from(["APPROVE"] * 6 + ["REQUEST_CHANGES"] * 2 + ["REJECT"]),
    )
    def judge(self, pick: int, who: Person, back: int, kind: str) -> None:
        seen, request = self._seen(pick, back, *SETTLING)
        self._both(
            lambda: self.requests.judge(seen, VerdictKind(kind), "so", caller=_principal(who), key=NO_KEY),
            lambda: self.model.judge(request, who, self.now, seen.request_revision, kind),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=picks, first=judges, second=judges)
    def judge_together(self, pick: int, first: Person, second: Person) -> None:
        self.judge(pick, first, 0, "APPROVE")
        self.judge(pick, second, 0, "APPROVE")

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people)
    def cancel(self, pick: int, who: Person) -> None:
        seen, request = self._seen(pick, 0, "FAILED", *SETTLING)
        self._both(
            lambda: self.requests.cancel(seen.change_request_id, "", caller=_principal(who), key=NO_KEY),
            lambda: self.model.cancel(request, who),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people, back=behind)
    def apply(self, pick: int, who: Person, back: int) -> None:
        seen, request = self._seen(pick, back, *READY)
        self._both(
            lambda: self.requests.apply(seen, caller=_principal(who), key=NO_KEY),
            lambda: self.model.apply(request, self.now, seen.request_revision),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people, back=behind)
    def apply_in_emergency(self, pick: int, who: Person, back: int) -> None:
        seen, request = self._seen(pick, back, *SETTLING)
        self._both(
            lambda: self.requests.emergency_apply(seen, "it is on fire", caller=_principal(who), key=NO_KEY),
            lambda: self.model.emergency(request, who, self.now, seen.request_revision),
        )

    @precondition(lambda self: self.ids)
    @rule(pick=picks, who=people)
    def sign(self, pick: int, who: Person) -> None:
        seen, request = self._seen(pick, 0, "APPLIED")
        self._both(
            lambda: self.requests.sign_emergency(seen.change_request_id, "fine", caller=_principal(who), key=NO_KEY),
            lambda: self.model.sign(request, who),
        )

    @rule(days=st.sampled_from([0.1, 1, 3, 8]), sweeps=st.booleans())
    def wait(self, days: float, *, sweeps: bool) -> None:
        self.now += timedelta(days=days)
        if sweeps:
            self.sweeper.sweep()
            self.model.sweep(self.now)

    @invariant()
    def everything_agrees(self) -> None:
        for change_request_id, request in zip(self.ids, self.model.requests, strict=True):
            real = self.requests.get(change_request_id)
            assert (real.state, real.request_revision, real.expires_at) == (
                request.state,
                request.revision,
                request.expires_at,
            )
            emergency = real.emergency.actor.person_id if real.emergency else ""
            signed = bool(real.emergency and real.emergency.signed_by)
            assert (emergency, signed) == (request.emergency, request.signed)
            assert real.state != "APPLIED" or request.approved_when_applied or real.emergency
        for name, state in self.model.states.items():
            with self.store.transaction() as transaction:
                found = transaction.experiments.find(name)
            assert found is not None
            assert (found.state, found.revision) == (state, self.model.versions[name])

    def teardown(self) -> None:
        assert audit.is_intact(self.store.events)

    def _seen(self, pick: int, back: int, *wanted: str) -> tuple[Seen, Request]:
        """Returns some request: mostly one in a state in which the verb is open, where there is one."""
        among = [number for number, each in enumerate(self.model.requests) if each.state in wanted]
        index = among[-1 - pick % len(among)] if among and pick % 8 else pick % len(self.ids)
        real = self.requests.get(self.ids[index])
        digest = real.digest if back == 0 else "0" * 64
        return Seen(real.change_request_id, max(real.request_revision - back, 0), digest), self.model.requests[index]

    def _both(self, real: Callable[[], ChangeRequest], expected: Callable[[], object]) -> None:
        """Does both; they must come to the same: an answer, or a refusal with the same reason."""
        Requests.call_count += 1
        refused, reason = "", ""
        try:
            expected()
        except Refused as error:
            refused = str(error)
        try:
            real()
        except errors.PlatformError as error:
            reason = error.reason
        assert reason == refused


def _run(example_count: int) -> None:
    run_state_machine_as_test(
        Requests,
        settings=settings(
            max_examples=example_count,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_requests_when_anything_happens_in_any_order_then_the_model_agrees() -> None:
    _run(20)


@pytest.mark.slow
def test_requests_when_100_000_things_happen_then_the_model_agrees() -> None:
    Requests.call_count = 0
    while Requests.call_count < 100_000:
        _run(500)
