"""The use cases of proposing, on a store in memory."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from services.review.domain import apply, audit, changes
from services.review.domain.change_request import NO_KEY, Author, ChangeRequestState, RequestKey
from services.review.domain.model import Proposal, Revision
from services.review.domain.policy.advice import Advice, AdviceVerdict
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.service.proposals import ProposalService
from shared import errors
from shared.definition import model
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import CONTROL, NOW, THIRD, TREATMENT, experiment
from tests.review.service.ticks import ticking

BOB = Author("bob", "bob")
START = Proposal("checkout", changes.Start(), BOB, reason="ready")
NO_RULES = Policy(1, ())
ONE_APPROVAL = Policy(1, (PolicyRule("all"),))


@pytest.fixture
def store() -> InMemoryReviewStore:
    return InMemoryReviewStore(NO_RULES)


def _service(store: InMemoryReviewStore) -> ProposalService:
    numbers = itertools.count(1)
    return ProposalService(store, clock=ticking(), new_id=lambda prefix: f"{prefix}_{next(numbers)}")


@pytest.fixture
def service(store: InMemoryReviewStore) -> ProposalService:
    return _service(store)


def _create(store: InMemoryReviewStore, **fields: object) -> model.Experiment:
    made = apply.draft(experiment(**fields), creator="ann", now=NOW)
    with store.transaction() as transaction:
        assert transaction.experiments.create(Revision(made, "ann", NOW), NO_KEY)
    return made


def _find(store: InMemoryReviewStore) -> model.Experiment | None:
    with store.transaction() as transaction:
        return transaction.experiments.find("checkout")


def _proposal(change: changes.Change, *, etag: str = "", key: RequestKey = NO_KEY) -> Proposal:
    return Proposal("checkout", change, BOB, etag=etag, key=key)


def test_propose_when_no_approval_is_needed_then_it_is_applied(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    _create(store)

    outcome = service.propose(START)

    request = outcome.change_request
    assert (request.state, request.base_revision, request.applied_revision) == (ChangeRequestState.APPLIED, 1, 2)
    assert (request.change_request_id, request.requester, request.reason) == ("cr_1", "bob", "ready")
    assert request.applied_at == request.created_at == outcome.experiment.updated_at
    assert _find(store) == outcome.experiment
    assert store.announced == ["checkout", "checkout"]


def test_propose_when_applied_then_it_is_audited(service: ProposalService, store: InMemoryReviewStore) -> None:
    _create(store)

    outcome = service.propose(START)

    proposed, applied = (event.entry for event in store.events)
    request = outcome.change_request
    known = {"change_request_id": "cr_1", "change": "start", "request_revision": "1", "digest": request.digest}
    assert (proposed.actor, proposed.action, proposed.target) == (
        "bob",
        "change_request.propose",
        "experiments/checkout",
    )
    assert proposed.details == {**known, "state": "APPROVED", "reason": "ready"}
    assert (applied.actor, applied.action, applied.target) == ("bob", "change_request.apply", "experiments/checkout")
    assert applied.details == {**known, "state": "APPLIED", "revision": "2", "requester": "bob"}
    assert audit.is_intact(store.events)


def test_propose_when_policy_asks_for_approval_then_it_waits_and_nothing_changes() -> None:
    service = _service(gated := InMemoryReviewStore(ONE_APPROVAL))
    created = _create(gated)

    outcome = service.propose(START)

    assert outcome.change_request.state is ChangeRequestState.PENDING
    assert (outcome.change_request.applied_revision, outcome.change_request.applied_at) == (0, None)
    assert outcome.experiment == created == _find(gated)
    assert [item.entry.action for item in gated.events] == ["change_request.propose"]
    assert gated.announced == ["checkout"]


def test_propose_when_a_waiting_one_is_retried_then_the_first_answer_comes_back() -> None:
    service = _service(gated := InMemoryReviewStore(ONE_APPROVAL))
    _create(gated)
    keyed = replace(START, key=RequestKey("r1", "digest"))

    assert service.propose(keyed) == service.propose(keyed)


def test_propose_when_the_experiment_is_unknown_then_not_found(service: ProposalService) -> None:
    with pytest.raises(errors.NotFound) as caught:
        service.propose(START)

    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND


def test_propose_when_the_etag_is_current_then_it_is_applied(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    created = _create(store)

    assert service.propose(replace(START, etag=created.etag)).experiment.revision == 2


def test_propose_when_the_etag_is_old_then_it_is_refused(service: ProposalService, store: InMemoryReviewStore) -> None:
    created = _create(store)
    current = service.propose(START).experiment

    with pytest.raises(errors.Aborted) as caught:
        service.propose(_proposal(changes.Pause(), etag=created.etag))

    assert caught.value.reason is errors.Reason.ETAG_MISMATCH
    assert caught.value.metadata == {"experiment_id": "checkout", "etag": current.etag}
    assert len(store.events) == 2


def test_propose_when_retried_after_other_changes_then_the_first_answer_comes_back(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    created = _create(store)
    keyed = replace(START, etag=created.etag, key=RequestKey("r1", "digest"))
    first = service.propose(keyed)
    service.propose(_proposal(changes.Pause()))

    assert service.propose(keyed) == first
    assert len(store.events) == 4


def test_propose_when_the_request_id_was_used_otherwise_then_it_is_refused(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    _create(store)
    service.propose(replace(START, key=RequestKey("r1", "digest")))

    with pytest.raises(errors.AlreadyExists) as caught:
        service.propose(_proposal(changes.Pause(), key=RequestKey("r1", "different")))

    assert caught.value.reason is errors.Reason.REQUEST_ID_REUSED


def test_propose_when_an_arm_that_served_comes_back_then_it_is_refused(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    _create(store, arms=(CONTROL, TREATMENT, THIRD))
    service.propose(START)
    service.propose(_proposal(changes.EditArms((CONTROL, TREATMENT))))

    with pytest.raises(errors.InvalidArgument) as caught:
        service.propose(_proposal(changes.EditArms((CONTROL, TREATMENT, THIRD))))

    assert [item.field for item in caught.value.violations] == ["change.edit_arms.arms[2].arm_id"]


def test_propose_when_an_arm_that_never_served_comes_back_then_it_is_applied(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    _create(store, arms=(CONTROL, TREATMENT, THIRD))
    service.propose(_proposal(changes.EditArms((CONTROL, TREATMENT))))
    service.propose(START)

    outcome = service.propose(_proposal(changes.EditArms((CONTROL, TREATMENT, THIRD))))

    assert [arm.arm_id for arm in outcome.experiment.arms] == ["control", "treatment", "third"]


def test_propose_when_it_is_a_draft_then_it_waits_to_be_submitted(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    created = _create(store)

    outcome = service.propose(replace(START, draft=True))

    assert outcome.change_request.state is ChangeRequestState.DRAFT
    assert outcome.experiment == created == _find(store)
    assert store.notices == []


def test_propose_when_it_is_scheduled_then_it_waits_for_its_time(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    created = _create(store)

    outcome = service.propose(replace(START, scheduled_at=NOW + timedelta(days=20)))

    assert outcome.change_request.state is ChangeRequestState.SCHEDULED
    assert outcome.change_request.expires_at == NOW + timedelta(days=21)
    assert outcome.experiment == created


def test_propose_when_it_is_scheduled_in_the_past_then_it_is_refused(
    service: ProposalService, store: InMemoryReviewStore
) -> None:
    _create(store)

    with pytest.raises(errors.InvalidArgument) as caught:
        service.propose(replace(START, scheduled_at=NOW))

    assert [item.field for item in caught.value.violations] == ["scheduled_at"]


def test_propose_when_it_is_only_to_be_checked_then_it_tells_and_writes_nothing() -> None:
    service = _service(gated := InMemoryReviewStore(ONE_APPROVAL))
    created = _create(gated)

    outcome = service.propose(replace(START, validate_only=True, key=RequestKey("r1", "digest")))

    request = outcome.change_request
    assert (request.change_request_id, request.state) == ("", ChangeRequestState.PENDING)
    assert [(each.path, each.before, each.after) for each in request.diff] == [("state", '"DRAFT"', '"RUNNING"')]
    assert [each.rule_id for each in request.assessment.requirements] == ["all"]
    assert outcome.experiment == created == _find(gated)
    assert (gated.events, gated.notices) == ([], [])
    assert service.propose(replace(START, key=RequestKey("r1", "digest"))).change_request.change_request_id == "cr_1"


def test_propose_when_it_only_reduces_harm_then_no_rule_holds_it_back() -> None:
    service = _service(gated := InMemoryReviewStore(ONE_APPROVAL))
    created = _create(gated)
    with gated.transaction() as transaction:
        running = apply.apply(changes.Start(), created, now=NOW)
        transaction.experiments.save(Revision(running, "ann", NOW))

    assert service.propose(_proposal(changes.Pause())).experiment.state is model.ExperimentState.PAUSED
    assert service.propose(_proposal(changes.Stop())).experiment.state is model.ExperimentState.STOPPED


def test_propose_when_the_shipped_arm_was_paused_by_a_guardrail_then_two_must_approve() -> None:
    service = _service(store := InMemoryReviewStore())
    created = _create(store)
    store.pause_arms("checkout", "treatment")
    with store.transaction() as transaction:
        transaction.experiments.save(Revision(apply.apply(changes.Start(), created, now=NOW), "ann", NOW))

    request = service.propose(_proposal(changes.Stop("treatment"))).change_request

    asked = {each.rule_id: each.approval_count for each in request.assessment.requirements}
    assert asked == {"ship": 1, "ship-paused": 2}


@pytest.mark.parametrize(
    ("verdict", "arm_id", "against"),
    [(AdviceVerdict.SHIP, "treatment", False), (AdviceVerdict.SHIP, "third", True), (AdviceVerdict.CONTINUE, "", True)],
)
def test_propose_when_an_arm_is_shipped_then_the_newest_analysis_bears_on_the_risk(
    verdict: AdviceVerdict, arm_id: str, *, against: bool
) -> None:
    service = _service(store := InMemoryReviewStore())
    created = _create(store)
    store.advise("checkout", Advice(verdict, arm_id))
    with store.transaction() as transaction:
        transaction.experiments.save(Revision(apply.apply(changes.Start(), created, now=NOW), "ann", NOW))

    request = service.propose(_proposal(changes.Stop("treatment"))).change_request

    factors = {each.fact: each.points for each in request.assessment.risk_factors}
    assert ("analysis_disagrees" in factors) is against
    assert factors.get("analysis_disagrees", 20.0) == 20.0
