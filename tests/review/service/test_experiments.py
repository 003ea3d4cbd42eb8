"""The use cases, on a store in memory."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.review.domain import audit, changes
from services.review.domain.model import (
    ChangeRequestState,
    ExperimentCursor,
    ExperimentFilter,
    Proposal,
    RequestKey,
)
from services.review.domain.policy import OpenGate
from services.review.service.experiments import ExperimentService
from shared import errors
from shared.definition import model
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import CONTROL, NOW, THIRD, TREATMENT, experiment

NO_KEY = RequestKey()
START = Proposal("checkout", changes.Start(), "bob", reason="ready")


class _ApprovalGate:
    """Asks for one approval of everything."""

    def approvals_required(
        self, _change: changes.Change, _before: model.Experiment, _after: model.Experiment, /
    ) -> int:
        return 1


def _ticks() -> Iterator[datetime]:
    return (NOW + timedelta(seconds=second) for second in itertools.count())


@pytest.fixture
def store() -> InMemoryReviewStore:
    return InMemoryReviewStore()


def _service(store: InMemoryReviewStore, gate: OpenGate | _ApprovalGate) -> ExperimentService:
    ticks, numbers = _ticks(), itertools.count(1)
    return ExperimentService(store, gate, clock=lambda: next(ticks), new_id=lambda prefix: f"{prefix}_{next(numbers)}")


@pytest.fixture
def service(store: InMemoryReviewStore) -> ExperimentService:
    return _service(store, OpenGate())


def _create(service: ExperimentService, experiment_id: str = "checkout", **fields: object) -> model.Experiment:
    return service.create(experiment(experiment_id=experiment_id, **fields), actor="ann", key=NO_KEY)


def test_create_when_valid_then_a_draft_is_stored_audited_and_announced(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    created = _create(service)

    assert (created.state, created.revision, created.creator) == (model.ExperimentState.DRAFT, 1, "ann")
    assert service.get("checkout") == created
    assert [item.entry.action for item in store.events] == ["experiment.create"]
    assert store.events[0].entry.details == {"revision": "1", "etag": created.etag}
    assert store.announced == ["checkout"]


def test_create_when_invalid_then_nothing_is_stored(service: ExperimentService, store: InMemoryReviewStore) -> None:
    with pytest.raises(errors.InvalidArgument):
        _create(service, arms=())

    assert (store.events, store.announced) == ([], [])


def test_create_when_the_id_is_taken_then_it_says_so(service: ExperimentService, store: InMemoryReviewStore) -> None:
    _create(service)

    with pytest.raises(errors.AlreadyExists) as caught:
        _create(service)

    assert caught.value.reason is errors.Reason.EXPERIMENT_ALREADY_EXISTS
    assert caught.value.metadata == {"experiment_id": "checkout"}
    assert len(store.events) == 1


def test_create_when_retried_then_the_first_answer_comes_back(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    key = RequestKey("r1", "digest")
    created = service.create(experiment(), actor="ann", key=key)
    service.propose(START)

    again = service.create(experiment(), actor="ann", key=key)

    assert again == created
    assert len(store.events) == 2


@pytest.mark.parametrize("experiment_id", ["checkout", "other"])
def test_create_when_the_request_id_was_used_otherwise_then_it_is_refused(
    service: ExperimentService, experiment_id: str
) -> None:
    service.create(experiment(), actor="ann", key=RequestKey("r1", "digest"))

    with pytest.raises(errors.AlreadyExists) as caught:
        service.create(experiment(experiment_id=experiment_id), actor="ann", key=RequestKey("r1", "different"))

    assert caught.value.reason is errors.Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": "r1"}


def test_propose_when_no_approval_is_needed_then_it_is_applied(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    _create(service)

    outcome = service.propose(START)

    request = outcome.change_request
    assert (request.state, request.base_revision, request.applied_revision) == (ChangeRequestState.APPLIED, 1, 2)
    assert (request.change_request_id, request.requester, request.reason) == ("cr_1", "bob", "ready")
    assert request.applied_at == request.created_at == outcome.experiment.updated_at
    assert service.get("checkout") == outcome.experiment
    assert store.announced == ["checkout", "checkout"]


def test_propose_when_applied_then_it_is_audited(service: ExperimentService, store: InMemoryReviewStore) -> None:
    _create(service)

    outcome = service.propose(START)

    entry = store.events[1].entry
    assert (entry.actor, entry.action, entry.target) == ("bob", "change_request.apply", "experiments/checkout")
    assert entry.details == {
        "revision": "2",
        "etag": outcome.experiment.etag,
        "change_request_id": "cr_1",
        "change": "start",
        "reason": "ready",
    }
    assert audit.is_intact(store.events)


def test_propose_when_policy_asks_for_approval_then_it_waits_and_nothing_changes(
    store: InMemoryReviewStore,
) -> None:
    service = _service(store, _ApprovalGate())
    created = _create(service)

    outcome = service.propose(START)

    assert outcome.change_request.state is ChangeRequestState.PENDING
    assert (outcome.change_request.applied_revision, outcome.change_request.applied_at) == (0, None)
    assert outcome.experiment == created == service.get("checkout")
    assert [item.entry.action for item in store.events] == ["experiment.create", "change_request.propose"]
    assert store.announced == ["checkout"]


def test_propose_when_a_waiting_one_is_retried_then_the_first_answer_comes_back(
    store: InMemoryReviewStore,
) -> None:
    service = _service(store, _ApprovalGate())
    _create(service)
    keyed = replace(START, key=RequestKey("r1", "digest"))

    assert service.propose(keyed) == service.propose(keyed)


def test_propose_when_the_experiment_is_unknown_then_not_found(service: ExperimentService) -> None:
    with pytest.raises(errors.NotFound) as caught:
        service.propose(START)

    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND


def test_propose_when_the_etag_is_current_then_it_is_applied(service: ExperimentService) -> None:
    created = _create(service)

    assert service.propose(replace(START, etag=created.etag)).experiment.revision == 2


def test_propose_when_the_etag_is_old_then_it_is_refused(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    created = _create(service)
    current = service.propose(START).experiment

    with pytest.raises(errors.Aborted) as caught:
        service.propose(Proposal("checkout", changes.Pause(), "bob", etag=created.etag))

    assert caught.value.reason is errors.Reason.ETAG_MISMATCH
    assert caught.value.metadata == {"experiment_id": "checkout", "etag": current.etag}
    assert len(store.events) == 2


def test_propose_when_retried_after_other_changes_then_the_first_answer_comes_back(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    created = _create(service)
    keyed = replace(START, etag=created.etag, key=RequestKey("r1", "digest"))
    first = service.propose(keyed)
    service.propose(Proposal("checkout", changes.Pause(), "bob"))

    assert service.propose(keyed) == first
    assert len(store.events) == 3


def test_propose_when_the_request_id_was_used_otherwise_then_it_is_refused(service: ExperimentService) -> None:
    _create(service)
    service.propose(replace(START, key=RequestKey("r1", "digest")))

    with pytest.raises(errors.AlreadyExists) as caught:
        service.propose(Proposal("checkout", changes.Pause(), "bob", key=RequestKey("r1", "different")))

    assert caught.value.reason is errors.Reason.REQUEST_ID_REUSED


def test_propose_when_an_arm_that_served_comes_back_then_it_is_refused(service: ExperimentService) -> None:
    _create(service, arms=(CONTROL, TREATMENT, THIRD))
    service.propose(START)
    service.propose(Proposal("checkout", changes.EditArms((CONTROL, TREATMENT)), "bob"))

    with pytest.raises(errors.InvalidArgument) as caught:
        service.propose(Proposal("checkout", changes.EditArms((CONTROL, TREATMENT, THIRD)), "bob"))

    assert [item.field for item in caught.value.violations] == ["change.edit_arms.arms[2].arm_id"]


def test_propose_when_an_arm_that_never_served_comes_back_then_it_is_applied(service: ExperimentService) -> None:
    _create(service, arms=(CONTROL, TREATMENT, THIRD))
    service.propose(Proposal("checkout", changes.EditArms((CONTROL, TREATMENT)), "bob"))
    service.propose(START)

    outcome = service.propose(Proposal("checkout", changes.EditArms((CONTROL, TREATMENT, THIRD)), "bob"))

    assert [arm.arm_id for arm in outcome.experiment.arms] == ["control", "treatment", "third"]


def test_get_when_unknown_then_not_found(service: ExperimentService) -> None:
    with pytest.raises(errors.NotFound) as caught:
        service.get("nowhere")

    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND


def test_list_experiments_when_paged_then_every_one_comes_once_newest_first(service: ExperimentService) -> None:
    created = [_create(service, f"e{number}") for number in range(3)]

    first = service.list_experiments(ExperimentFilter(), after=None, limit=2)
    cursor = ExperimentCursor(created[1].created_at or NOW, "e1")
    second = service.list_experiments(ExperimentFilter(), after=cursor, limit=2)

    assert ([item.experiment_id for item in first.items], first.more) == (["e2", "e1"], True)
    assert ([item.experiment_id for item in second.items], second.more) == (["e0"], False)


def test_list_revisions_when_paged_then_every_one_comes_once_newest_first(service: ExperimentService) -> None:
    _create(service)
    service.propose(START)
    service.propose(Proposal("checkout", changes.Pause(), "carol"))

    first = service.list_revisions("checkout", before=None, limit=2)
    second = service.list_revisions("checkout", before=2, limit=2)

    assert [(item.author, item.change_request_id) for item in first.items] == [("carol", "cr_2"), ("bob", "cr_1")]
    assert [(item.author, item.change_request_id) for item in second.items] == [("ann", "")]
    assert (first.more, second.more) == (True, False)


def test_list_revisions_when_the_experiment_is_unknown_then_not_found(service: ExperimentService) -> None:
    with pytest.raises(errors.NotFound) as caught:
        service.list_revisions("nowhere", before=None, limit=2)

    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND
