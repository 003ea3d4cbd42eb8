"""What only Postgres can promise: news on commit, all or nothing, append-only tables, and news of its absence."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.ai.domain.jobs import AnalysisInput, JobFilter, JobKind, JobStage, JobState, UnreadableInput
from services.ai.domain.metrics import PastExperiment, PastOutcome
from services.ai.domain.ports import AiStore
from services.ai.domain.queries import AnalysisFilter, DesignFilter, HypothesisFilter
from services.ai.store.documents import DocumentError
from services.ai.store.job_changes import CHANNEL
from services.ai.store.postgres import PostgresAiStore
from shared.errors import Reason, Unavailable
from shared.store import engine as store_engine
from tests.ai.call_records import call
from tests.ai.store.contract.desk import LEASE, Desk
from tests.ai.store.examples import LATER, NO_KEY, NOW, analysis, design, hypothesis, job, result

WAIT_SECONDS = 10


@pytest.fixture
def store(engine: sqlalchemy.Engine) -> PostgresAiStore:
    return PostgresAiStore(engine)


@pytest.fixture
def desk(store: PostgresAiStore) -> Desk:
    return Desk(store)


@pytest.fixture
def listener(database_url: str) -> Iterator[psycopg.Connection]:
    arguments = store_engine.connect_arguments(store_engine.parse_url(database_url, application_name="test"))
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def test_jobs_when_they_change_then_they_are_announced_with_their_version(
    store: PostgresAiStore, desk: Desk, listener: psycopg.Connection
) -> None:
    desk.run()
    store.jobs.keep("job_1", "w1", stage=JobStage.GATHERING, lease_until=LATER)
    store.jobs.keep("job_1", "w1", stage=JobStage.ASKING, lease_until=LATER)
    store.jobs.finish("job_1", "w1", result(), now=LATER)

    heard = [news.payload for news in listener.notifies(timeout=WAIT_SECONDS, stop_after=4)]

    assert heard == ["job_1 1", "job_1 2", "job_1 3", "job_1 4"]


def test_finish_when_a_part_cannot_be_stored_then_nothing_is(store: PostgresAiStore, desk: Desk) -> None:
    desk.finish(job("job_0"), result(hypothesis("hyp_1", "job_0")))
    running = desk.run()

    with pytest.raises(IntegrityError):
        store.jobs.finish("job_1", "w1", result(hypothesis("hyp_2"), hypothesis("hyp_1")), now=LATER)

    assert desk.find() == running
    assert store.hypotheses.find("hyp_2") is None


def test_finish_when_a_part_is_no_value_of_its_type_then_nothing_is_stored(store: PostgresAiStore, desk: Desk) -> None:
    running = desk.run()
    bad = replace(design("des_1"), created_at="today")  # type: ignore[arg-type]

    with pytest.raises(DocumentError, match=r"DesignRecord\.created_at"):
        store.jobs.finish("job_1", "w1", result(hypothesis("hyp_1"), design=bad), now=LATER)

    assert desk.find() == running
    assert store.hypotheses.find("hyp_1") is None


@pytest.mark.parametrize("table", ["hypothesis_reviews", "design_adoptions", "evidence_packs", "system_texts"])
def test_append_only_when_rows_would_go_then_it_is_refused(engine: sqlalchemy.Engine, table: str) -> None:
    with pytest.raises(DBAPIError, match=f"{table} is append-only"), engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")


def test_past_experiments_when_they_were_stopped_then_their_newest_effects(
    engine: sqlalchemy.Engine, store: PostgresAiStore, desk: Desk
) -> None:
    for name, state, told in (
        ("first", "STOPPED", "Short form"),
        ("second", "STOPPED", "Second"),
        ("third", "RUNNING", "Third"),
        ("fourth", "STOPPED", "Nobody analysed it"),
    ):
        _add_experiment(engine, name, state, told)
        if name != "fourth":
            desk.finish(job(f"job_{name}"), result(analysis=analysis(f"ana_{name}", f"job_{name}", experiment_id=name)))
    desk.finish(job("job_0"), result(hypothesis("hyp_1", "job_0", experiment_id="second")))

    found = store.analyses.past_experiments(limit=9)
    assert [replace(past, standard_error=None) for past in found] == [
        PastExperiment("first", "Short form", "rate", 0.1, outcome=PastOutcome.WON),
        PastExperiment("second", "Shorten the form", "rate", 0.1, outcome=PastOutcome.WON),
    ]
    assert [past.standard_error for past in found] == pytest.approx([0.02 / 1.959964] * 2)
    assert len(store.analyses.past_experiments(limit=1)) == 1


def _add_experiment(engine: sqlalchemy.Engine, experiment_id: str, state: str, told: str) -> None:
    statement = sqlalchemy.text(
        "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text, labels,"
        " create_request_digest, created_at, updated_at)"
        " VALUES (:id, :state, 1, '', '{}', :told, '', '{}', '', :now, :now)"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"id": experiment_id, "state": state, "told": told, "now": NOW})


def test_due_when_a_job_cannot_be_read_then_the_others_are_sent(
    engine: sqlalchemy.Engine, store: PostgresAiStore, desk: Desk
) -> None:
    desk.open(job("job_1"), job("job_2"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET kind = 'GUESS' WHERE job_id = 'job_1'")

    assert store.jobs.due(now=LATER, sent_before=LATER, limit=9) == [job("job_2")]


def test_jobs_when_an_input_cannot_be_read_then_the_job_can_be_found_sent_and_taken_up(
    engine: sqlalchemy.Engine, store: PostgresAiStore, desk: Desk
) -> None:
    desk.open(job("job_1"), job("job_2"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET input = '{}' WHERE job_id = 'job_1'")
    spoilt = desk.find("job_1")

    assert isinstance(spoilt.input, UnreadableInput)
    assert store.jobs.due(now=LATER, sent_before=LATER, limit=9) == [spoilt, job("job_2")]
    assert store.jobs.list_jobs(JobFilter(), after=None, limit=9) == [spoilt, job("job_2")]
    assert desk.claim("job_1") is not None


def test_analyses_and_hypotheses_when_one_cannot_be_read_then_work_goes_on_with_the_others(
    engine: sqlalchemy.Engine, store: PostgresAiStore, desk: Desk
) -> None:
    for name in ("first", "second"):
        _add_experiment(engine, name, "STOPPED", name.title())
        proposing = job(f"job_{name}", kind=JobKind.ANALYZE_EXPERIMENT, input=AnalysisInput(name, propose=True))
        left = result(
            hypothesis(f"hyp_{name}", f"job_{name}", experiment_id="tested"),
            analysis=analysis(f"ana_{name}", f"job_{name}", experiment_id=name),
        )
        desk.finish(proposing, left)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE analyses SET document = '{}' WHERE analysis_id = 'ana_first'")
        connection.exec_driver_sql("UPDATE hypotheses SET document = '{}' WHERE hypothesis_id = 'hyp_first'")

    assert [one.experiment_id for one in store.analyses.past_experiments(limit=9)] == ["second"]
    assert [one.analysis_id for one in store.analyses.unproposed(limit=9)] == ["ana_second"]
    assert [one.analysis_id for one in store.analyses.latest_since(NOW)] == ["ana_second"]
    assert [one.hypothesis_id for one in store.hypotheses.stored(limit=9)] == ["hyp_second"]
    assert [one.hypothesis_id for one in store.hypotheses.tested_by("tested")] == ["hyp_second"]


@pytest.mark.parametrize(
    "asked",
    [
        lambda store: store.jobs.open(job(), NO_KEY, limit=1),
        lambda store: store.jobs.list_jobs(JobFilter(state=JobState.QUEUED), after=None, limit=1),
        lambda store: store.jobs.claim("job_1", "w1", now=NOW, lease_until=NOW + LEASE),
        lambda store: store.calls.begin("call_1", "job_1", call(), system=""),
        lambda store: store.hypotheses.list_hypotheses(HypothesisFilter(), after=None, limit=1),
        lambda store: store.designs.list_designs(DesignFilter(), after=None, limit=1),
        lambda store: store.analyses.list_analyses(AnalysisFilter(), after=None, limit=1),
    ],
)
def test_all_when_the_store_is_away_then_unavailable(asked: Callable[[AiStore], object]) -> None:
    away = store_engine.create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")

    with pytest.raises(Unavailable) as caught:
        asked(PostgresAiStore(away))

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    away.dispose()
