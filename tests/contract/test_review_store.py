"""What every store of review promises of experiments and the audit log: the one in Postgres, and the one in memory."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.review.domain import apply, audit, changes
from services.review.domain.change_request import RequestKey
from services.review.domain.model import AuditFilter, ExperimentCursor, ExperimentFilter, Revision
from services.review.domain.ports import ReviewStore
from services.review.store.postgres import PostgresReviewStore
from shared.definition import model
from tests.fakes.review_store import InMemoryReviewStore
from tests.review.examples import CONTROL, CONVERSION, LATER, NOW, REVENUE, THIRD, TREATMENT, draft, experiment

NO_KEY = RequestKey()
ALL = ExperimentFilter()
WAIT_SECONDS = 10


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ReviewStore:
    if request.param == "memory":
        return InMemoryReviewStore()
    return PostgresReviewStore(request.getfixturevalue("engine"))


def _draft(experiment_id: str, created_at: datetime = NOW, **fields: object) -> model.Experiment:
    return apply.draft(experiment(experiment_id=experiment_id, **fields), creator="ann", now=created_at)


def _create(store: ReviewStore, made: model.Experiment, key: RequestKey = NO_KEY) -> bool:
    with store.transaction() as transaction:
        return transaction.experiments.create(Revision(made, "ann", NOW), key)


def _advance(store: ReviewStore, before: model.Experiment, *proposed: changes.Change) -> model.Experiment:
    for change in proposed:
        before = apply.apply(change, before, now=LATER)
        with store.transaction() as transaction:
            transaction.experiments.save(Revision(before, "bob", LATER))
    return before


def _list(store: ReviewStore, kept: ExperimentFilter = ALL, **page: object) -> list[str]:
    after, limit = page.get("after"), page.get("limit", 10)
    assert after is None or isinstance(after, ExperimentCursor)
    assert isinstance(limit, int)
    with store.transaction() as transaction:
        return [item.experiment_id for item in transaction.experiments.list_experiments(kept, after=after, limit=limit)]


def test_find_when_created_then_every_field_comes_back(store: ReviewStore) -> None:
    made = draft(
        labels={"team": "é"},
        description="line\nline 'quoted' \\ %",
        traffic=model.Traffic(0.1, 0.2),
        attribution_window=timedelta(hours=1, microseconds=1),
        metrics=(CONVERSION, replace(REVENUE, min_value=-1e12, max_value=1e-12)),
    )

    assert _create(store, made)

    with store.transaction() as transaction:
        assert transaction.experiments.find("checkout") == made
        assert transaction.experiments.lock("checkout") == made


def test_find_when_nothing_is_there_then_none(store: ReviewStore) -> None:
    with store.transaction() as transaction:
        assert transaction.experiments.find("nowhere") is None
        assert transaction.experiments.lock("nowhere") is None
        assert transaction.experiments.find_creation("r1") is None
        assert transaction.experiments.find_revision("nowhere", 1) is None
        assert transaction.experiments.list_revisions("nowhere", before=None, limit=1) == []


def test_create_when_an_id_is_taken_then_nothing_is_added(store: ReviewStore) -> None:
    made = _draft("a")
    _create(store, made, RequestKey("r1", "digest"))

    assert not _create(store, _draft("a", description="other"), RequestKey("r2", "digest"))
    assert not _create(store, _draft("b"), RequestKey("r1", "digest"))

    assert _list(store) == ["a"]
    with store.transaction() as transaction:
        assert transaction.experiments.find("a") == made


def test_create_when_no_request_ids_are_given_then_they_do_not_clash(store: ReviewStore) -> None:
    assert _create(store, _draft("a"))
    assert _create(store, _draft("b"))


def test_find_creation_when_the_experiment_has_changed_then_it_is_as_created(store: ReviewStore) -> None:
    made = draft()
    _create(store, made, RequestKey("r1", "digest"))
    _advance(store, made, changes.Start())

    with store.transaction() as transaction:
        creation = transaction.experiments.find_creation("r1")

    assert creation is not None
    assert (creation.experiment, creation.digest) == (made, "digest")


def test_save_when_done_then_it_is_the_newest(store: ReviewStore) -> None:
    made = draft()
    _create(store, made)

    newest = _advance(store, made, changes.Start(), changes.Pause())

    with store.transaction() as transaction:
        assert transaction.experiments.find("checkout") == newest
        assert transaction.experiments.find_revision("checkout", 1) == Revision(made, "ann", NOW)
        assert transaction.experiments.find_revision("checkout", 3) == Revision(newest, "bob", LATER)
        assert transaction.experiments.find_revision("checkout", 4) is None


def test_list_revisions_when_paged_then_newest_first(store: ReviewStore) -> None:
    made = draft()
    _create(store, made)
    _advance(store, made, changes.Start(), changes.Pause())

    with store.transaction() as transaction:
        first = transaction.experiments.list_revisions("checkout", before=None, limit=2)
        second = transaction.experiments.list_revisions("checkout", before=2, limit=2)

    assert [item.experiment.revision for item in first] == [3, 2]
    assert [item.experiment.revision for item in second] == [1]


def test_served_when_never_started_then_nothing(store: ReviewStore) -> None:
    _create(store, draft())

    with store.transaction() as transaction:
        served = transaction.experiments.served("checkout")

    assert (served.arm_ids, served.metrics) == (frozenset(), ())


def test_served_when_started_then_all_parts_since(store: ReviewStore) -> None:
    made = draft(arms=(CONTROL, TREATMENT, model.Arm("early")))
    _create(store, made)
    drafted = _advance(store, made, changes.EditArms((CONTROL, TREATMENT)), changes.EditMetrics((CONVERSION,)))
    edits = (changes.EditArms((CONTROL, THIRD)), changes.EditMetrics((CONVERSION, REVENUE)), changes.Stop())
    _advance(store, drafted, changes.Start(), *edits)

    with store.transaction() as transaction:
        served = transaction.experiments.served("checkout")

    assert served.arm_ids == {"control", "treatment", "third"}
    assert set(served.metrics) == {CONVERSION, REVENUE}


def test_list_experiments_when_paged_then_newest_first_then_by_id(store: ReviewStore) -> None:
    for experiment_id, created_at in (("b", NOW), ("c", LATER), ("a", NOW), ("d", NOW)):
        _create(store, _draft(experiment_id, created_at))

    assert _list(store) == ["c", "a", "b", "d"]
    assert _list(store, limit=2) == ["c", "a"]
    assert _list(store, after=ExperimentCursor(NOW, "a"), limit=2) == ["b", "d"]
    assert _list(store, after=ExperimentCursor(LATER, "c")) == ["a", "b", "d"]


def test_list_experiments_when_filtered_then_only_those(store: ReviewStore) -> None:
    web = _draft("web-1", labels={"team": "web", "tier": "1"}, display_name="Größe 100%")
    _create(store, web)
    _create(store, _draft("app_1".replace("_", "-"), labels={"team": "app"}, display_name="Under_score"))
    _advance(store, web, changes.Start())
    running, draft_ = model.ExperimentState.RUNNING, model.ExperimentState.DRAFT

    assert _list(store, ExperimentFilter(states=frozenset({running}))) == ["web-1"]
    assert _list(store, ExperimentFilter(states=frozenset({running, draft_}))) == ["app-1", "web-1"]
    assert _list(store, ExperimentFilter(labels={"team": "web", "tier": "1"})) == ["web-1"]
    assert _list(store, ExperimentFilter(labels={"team": "web", "tier": "2"})) == []
    assert _list(store, ExperimentFilter(text="GRÖSSE")) == ["web-1"]
    assert _list(store, ExperimentFilter(text="0%")) == ["web-1"]
    assert _list(store, ExperimentFilter(text="R_S")) == ["app-1"]
    assert _list(store, ExperimentFilter(text="P-1")) == ["app-1"]
    assert _list(store, ExperimentFilter(text="web", states=frozenset({draft_}))) == []


def test_list_experiments_when_renamed_then_the_new_name_is_found(store: ReviewStore) -> None:
    made = draft()
    _create(store, made)
    _advance(store, made, changes.EditDetails("Basket", labels={"team": "web"}))

    assert _list(store, ExperimentFilter(text="basket", labels={"team": "web"})) == ["checkout"]


def test_transaction_when_its_block_fails_then_nothing_happened(store: ReviewStore) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.experiments.create(Revision(draft(), "ann", NOW), NO_KEY)
            transaction.audit.append(audit.Entry("ann", "x", "y", {}, NOW))
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert _list(store) == []


def test_lock_when_held_then_the_next_one_sees_what_was_saved(store: ReviewStore) -> None:
    made = draft()
    _create(store, made)
    locked, rival_started = threading.Event(), threading.Event()

    def first() -> None:
        with store.transaction() as transaction:
            before = transaction.experiments.lock("checkout")
            assert before is not None
            locked.set()
            assert rival_started.wait(WAIT_SECONDS)
            transaction.experiments.save(Revision(apply.apply(changes.Start(), before, now=LATER), "bob", LATER))

    def second() -> model.Experiment | None:
        assert locked.wait(WAIT_SECONDS)
        rival_started.set()
        with store.transaction() as transaction:
            return transaction.experiments.lock("checkout")

    with ThreadPoolExecutor(2) as pool:
        holder, rival = pool.submit(first), pool.submit(second)
        holder.result(WAIT_SECONDS)
        seen = rival.result(WAIT_SECONDS)

    assert seen is not None
    assert seen.revision == 2


def _events(count: int) -> Iterator[audit.Entry]:
    return (audit.Entry("ann", "act", f"experiments/e{number}", {"n": str(number)}, NOW) for number in range(count))


def test_append_audit_when_many_threads_append_then_the_chain_holds(store: ReviewStore) -> None:
    def append(entry: audit.Entry) -> None:
        with store.transaction() as transaction:
            transaction.audit.append(entry)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, _events(12)))

    with store.transaction() as transaction:
        events = transaction.audit.list_events(AuditFilter(), before=None, limit=100)
    assert [event.sequence for event in events] == list(range(1, 13))
    assert {event.entry.target for event in events} == {f"experiments/e{number}" for number in range(12)}
    assert audit.is_intact(events)


def test_list_events_when_filtered_then_only_those(store: ReviewStore) -> None:
    with store.transaction() as transaction:
        transaction.audit.append(
            audit.Entry("ann", "change_request.propose", "experiments/a", {}, NOW),
            audit.Entry("rob", "change_request.approve", "experiments/a", {}, NOW),
            audit.Entry("rob", "token.create", "principals/rob", {}, NOW),
        )

    def sequences(
        kept: AuditFilter, *, before: int | None = None, limit: int = 9, newest_first: bool = False
    ) -> list[int]:
        with store.transaction() as transaction:
            found = transaction.audit.list_events(kept, before=before, limit=limit, newest_first=newest_first)
        return [event.sequence for event in found]

    assert sequences(AuditFilter()) == [1, 2, 3]
    assert sequences(AuditFilter(), newest_first=True, limit=2) == [3, 2]
    assert sequences(AuditFilter(), newest_first=True, before=2) == [1]
    assert sequences(AuditFilter(after_sequence=1)) == [2, 3]
    assert sequences(AuditFilter(actor="rob")) == [2, 3]
    assert sequences(AuditFilter(action_prefix="change_request.")) == [1, 2]
    assert sequences(AuditFilter(action_prefix="change%")) == []
    assert sequences(AuditFilter(target="experiments/a", actor="ann")) == [1]
