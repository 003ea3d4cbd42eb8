"""Tests that Postgres itself keeps every table to its one writer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, exc, make_url, text

from services.ai.domain.jobs import RequestKey
from services.ai.store.postgres import PostgresAiStore
from services.bandit.store.partitions import ensure_partitions
from shared.store.engine import connect_arguments, create_engine, transaction
from tests.ai.call_records import call
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import LATER, analysis, design, hypothesis, result

SCRIPT = Path(__file__).parents[2] / "deploy/sql/roles.sql"
ROLES = ("experimentation_review", "experimentation_bandit", "experimentation_ai", "experimentation_reader")
NOW = datetime(2026, 7, 15, tzinfo=UTC)

REVIEW = (
    "experiments",
    "experiment_revisions",
    "change_requests",
    "verdicts",
    "comments",
    "verb_calls",
    "policy_rules",
    "audit_events",
    "principals",
    "external_ids",
    "api_tokens",
    "notices",
)
BANDIT_ADDS = ("policy_snapshots", "learning_switches", "allocations", "exposures", "outcomes")
BANDIT_FOLDS = ("trials", "trial_values", "arm_statistics", "folded_definitions", "learner_progress")
AI = (
    "jobs",
    "hypotheses",
    "hypothesis_reviews",
    "design_adoptions",
    "designs",
    "analyses",
    "evidence_packs",
    "system_texts",
    "llm_calls",
)

ADD_SNAPSHOT = (
    "INSERT INTO policy_snapshots (experiment_id, policy_version, document, published_at) VALUES ('x', 1, '{}', now())"
)
ADD_OUTCOME = (
    "INSERT INTO outcomes (experiment_id, trial_id, metric_id, event_id, value, occurred_at)"
    " VALUES ('x', 't', 'm', 'e', 1, now())"
)
TABLES = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT relispartition AND relname <> 'alembic_version' ORDER BY relname"
)
WRITERS = text(
    "SELECT role FROM unnest(CAST(:roles AS text[])) AS role"
    " WHERE has_table_privilege(role, :table, 'INSERT, UPDATE, DELETE, TRUNCATE')"
)


@pytest.fixture
def guarded(engine: Engine) -> Engine:
    """Connections to a database that the script was run in, twice, as a superuser."""
    for _ in range(2):
        run_script(engine)
    return engine


def run_script(engine: Engine) -> None:
    # As psql sends it: SQLAlchemy would look for placeholders.
    arguments = connect_arguments(engine.url)
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(SCRIPT.read_bytes())


def as_role(engine: Engine, role: str, statement: str) -> None:
    with transaction(engine) as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        connection.execute(text(statement))


def writers(engine: Engine, table: str) -> Sequence[str]:
    with transaction(engine) as connection:
        return connection.execute(WRITERS, {"roles": list(ROLES), "table": table}).scalars().all()


def test_roles_when_the_script_ran_then_every_table_has_one_writer(guarded: Engine) -> None:
    with transaction(guarded) as connection:
        tables = connection.execute(TABLES).scalars().all()

    assert {table: writers(guarded, table) for table in tables} == (
        {table: ["experimentation_review"] for table in REVIEW}
        | {table: ["experimentation_bandit"] for table in (*BANDIT_ADDS, *BANDIT_FOLDS)}
        | {table: ["experimentation_ai"] for table in AI}
    )


@pytest.mark.parametrize("role", ROLES)
def test_roles_when_anybody_reads_then_every_table_is_open(guarded: Engine, role: str) -> None:
    for table in (*REVIEW, *BANDIT_ADDS, *BANDIT_FOLDS, *AI, "alembic_version"):
        as_role(guarded, role, f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("experimentation_bandit", "UPDATE experiments SET state = 'STOPPED'"),
        ("experimentation_bandit", "INSERT INTO audit_events (sequence) VALUES (1)"),
        ("experimentation_bandit", "UPDATE policy_snapshots SET policy_version = 1"),
        ("experimentation_bandit", "DELETE FROM learner_progress"),
        *[("experimentation_bandit", f"DELETE FROM {table}") for table in BANDIT_ADDS],
        *[("experimentation_bandit", f"TRUNCATE {table}") for table in BANDIT_ADDS],
        ("experimentation_bandit", "UPDATE outcomes SET value = 1"),
        ("experimentation_review", "UPDATE audit_events SET actor = 'somebody'"),
        ("experimentation_review", "DELETE FROM audit_events"),
        ("experimentation_review", "UPDATE experiment_revisions SET author = 'somebody'"),
        ("experimentation_review", "DELETE FROM experiments"),
        ("experimentation_review", "INSERT INTO policy_snapshots (experiment_id) VALUES ('x')"),
        ("experimentation_review", "CREATE TABLE mine (x int)"),
        ("experimentation_ai", "UPDATE experiments SET state = 'STOPPED'"),
        ("experimentation_ai", "INSERT INTO change_requests (change_request_id) VALUES ('x')"),
        ("experimentation_review", "UPDATE analyses SET verdict = 'SHIP'"),
        ("experimentation_reader", "INSERT INTO outcomes (experiment_id) VALUES ('x')"),
    ],
)
def test_roles_when_it_is_not_theirs_then_postgres_denies(guarded: Engine, role: str, statement: str) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        as_role(guarded, role, statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("experimentation_review", "UPDATE experiments SET state = 'STOPPED'"),
        ("experimentation_review", "SELECT * FROM experiments FOR UPDATE"),
        (
            "experimentation_review",
            "INSERT INTO audit_events VALUES (1, '', '', 'somebody', 'create', 'x', '{}', now())",
        ),
        ("experimentation_bandit", ADD_SNAPSHOT),
        ("experimentation_bandit", ADD_OUTCOME),
        ("experimentation_bandit", "DELETE FROM trials"),
        ("experimentation_bandit", "SELECT * FROM learner_progress FOR UPDATE"),
    ],
)
def test_roles_when_it_is_theirs_then_postgres_lets_them(guarded: Engine, role: str, statement: str) -> None:
    as_role(guarded, role, statement)


def test_roles_when_the_ai_would_undo_what_is_kept_then_postgres_denies(guarded: Engine) -> None:
    for statement in (
        *[f"DELETE FROM {table}" for table in AI if table != "jobs"],
        *[f"TRUNCATE {table}" for table in AI],
        *[f"UPDATE {table} SET sha256 = ''" for table in ("evidence_packs", "system_texts")],
        "UPDATE hypothesis_reviews SET request_digest = ''",
    ):
        with pytest.raises(exc.ProgrammingError, match="permission denied"):
            as_role(guarded, "experimentation_ai", statement)


def test_roles_when_the_ai_goes_on_with_its_own_then_postgres_lets_it(guarded: Engine) -> None:
    for statement in (
        "DELETE FROM jobs",
        "SELECT * FROM jobs FOR UPDATE SKIP LOCKED",
        "UPDATE llm_calls SET ended = true",
        *[f"SELECT * FROM {table} FOR UPDATE" for table in ("hypotheses", "designs", "analyses")],
        "INSERT INTO evidence_packs VALUES ('s', '{}', now()) ON CONFLICT DO NOTHING",
    ):
        as_role(guarded, "experimentation_ai", statement)


def test_roles_when_a_job_of_the_ai_is_done_then_its_role_suffices(guarded: Engine, database_url: str) -> None:
    url = make_url(database_url).update_query_dict({"options": "-c role=experimentation_ai"})
    engine = create_engine(url.render_as_string(hide_password=False), application_name="test")
    store = PostgresAiStore(engine)
    desk = Desk(store)
    left = result(hypothesis("hyp_1"), design=design("des_1"), analysis=analysis("ana_1"))

    desk.run()
    store.calls.begin("call_1", "job_1", call(), system="Answer with claims alone.")
    store.calls.end("call_1", call())
    assert store.jobs.finish("job_1", "w1", left, now=LATER)
    assert store.hypotheses.change(hypothesis("hyp_1"), seen_version=1, key=RequestKey("ann", "r1", "digest"))
    assert store.designs.adopt("des_1", experiment_id="checkout", change_request_id="cr_1", now=LATER)
    store.analyses.note_change_request("ana_1", "cr_1")
    assert store.jobs.due(now=LATER, sent_before=LATER, limit=1) == []
    assert store.jobs.delete_ended(before=LATER, limit=1) == 0
    assert store.analyses.past_experiments(limit=1) == []
    engine.dispose()


def test_roles_when_the_bandit_makes_partitions_then_it_may_and_rows_go_there(guarded: Engine) -> None:
    with transaction(guarded) as connection:
        connection.execute(text("SET LOCAL ROLE experimentation_bandit"))
        ensure_partitions(connection, now=NOW)
        connection.execute(
            text(
                "INSERT INTO outcomes (experiment_id, trial_id, metric_id, event_id, value, occurred_at, received_at)"
                " VALUES ('x', 't', 'm', 'e', 1, :at, :at)"
            ),
            {"at": datetime(2026, 8, 2, tzinfo=UTC)},
        )

    with transaction(guarded) as connection:
        assert connection.execute(text("SELECT event_id FROM outcomes_2026_08")).scalars().all() == ["e"]


def test_roles_when_the_script_runs_again_after_partitions_were_made_then_they_are_closed_too(guarded: Engine) -> None:
    with transaction(guarded) as connection:
        connection.execute(text("SET LOCAL ROLE experimentation_bandit"))
        ensure_partitions(connection, now=NOW)

    run_script(guarded)

    assert writers(guarded, "outcomes_2026_08") == []
