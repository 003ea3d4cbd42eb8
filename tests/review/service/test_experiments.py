"""The use cases of experiments, on a store in memory."""

from datetime import timedelta

import pytest

from services.review.domain import apply, changes
from services.review.domain.change_request import NO_KEY, RequestKey
from services.review.domain.model import ExperimentCursor, ExperimentFilter, Revision
from services.review.service.experiments import ExperimentService
from shared import errors
from shared.definition import model
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import NOW, experiment
from tests.review.service.ticks import ticking


@pytest.fixture
def store() -> InMemoryReviewStore:
    return InMemoryReviewStore()


@pytest.fixture
def service(store: InMemoryReviewStore) -> ExperimentService:
    return ExperimentService(store, clock=ticking())


def _create(service: ExperimentService, experiment_id: str = "checkout", **fields: object) -> model.Experiment:
    return service.create(experiment(experiment_id=experiment_id, **fields), actor="ann", key=NO_KEY)


def _change(store: InMemoryReviewStore, change: changes.Change, *, author: str) -> None:
    with store.transaction() as transaction:
        before = transaction.experiments.lock("checkout")
        assert before is not None
        after = apply.apply(change, before, now=NOW + timedelta(hours=1))
        transaction.experiments.save(Revision(after, author, NOW, f"cr_{after.revision}"))


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
    _change(store, changes.Start(), author="bob")

    again = service.create(experiment(), actor="ann", key=key)

    assert again == created
    assert len(store.events) == 1


@pytest.mark.parametrize("experiment_id", ["checkout", "other"])
def test_create_when_the_request_id_was_used_otherwise_then_it_is_refused(
    service: ExperimentService, experiment_id: str
) -> None:
    service.create(experiment(), actor="ann", key=RequestKey("r1", "digest"))

    with pytest.raises(errors.AlreadyExists) as caught:
        service.create(experiment(experiment_id=experiment_id), actor="ann", key=RequestKey("r1", "different"))

    assert caught.value.reason is errors.Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": "r1"}


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


def test_list_revisions_when_paged_then_every_one_comes_once_newest_first(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    _create(service)
    _change(store, changes.Start(), author="bob")
    _change(store, changes.Pause(), author="carol")

    first = service.list_revisions("checkout", before=None, limit=2)
    second = service.list_revisions("checkout", before=2, limit=2)

    assert [(item.author, item.change_request_id) for item in first.items] == [("carol", "cr_3"), ("bob", "cr_2")]
    assert [(item.author, item.change_request_id) for item in second.items] == [("ann", "")]
    assert (first.more, second.more) == (True, False)


def test_list_revisions_when_the_experiment_is_unknown_then_not_found(service: ExperimentService) -> None:
    with pytest.raises(errors.NotFound) as caught:
        service.list_revisions("nowhere", before=None, limit=2)

    assert caught.value.reason is errors.Reason.EXPERIMENT_NOT_FOUND


def test_create_when_it_is_only_to_be_checked_then_nothing_is_stored(
    service: ExperimentService, store: InMemoryReviewStore
) -> None:
    checked = service.create(experiment(), actor="ann", key=NO_KEY, validate_only=True)

    assert (checked.state, checked.revision) == (model.ExperimentState.DRAFT, 1)
    assert (store.events, store.announced) == ([], [])


def test_create_when_a_taken_id_is_checked_then_it_says_so(service: ExperimentService) -> None:
    _create(service)

    with pytest.raises(errors.AlreadyExists) as caught:
        service.create(experiment(), actor="ann", key=NO_KEY, validate_only=True)

    assert caught.value.reason is errors.Reason.EXPERIMENT_ALREADY_EXISTS
