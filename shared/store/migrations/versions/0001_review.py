"""Review's tables: experiments, their revisions, change requests and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("experiment_revisions", "audit_events")


def upgrade() -> None:
    """Makes the tables."""
    _create_experiments()
    _create_change_requests()
    _create_revisions()
    _create_audit_events()
    _refuse_changes()


def downgrade() -> None:
    """Drops the tables with all that is in them."""
    for table in ("audit_events", "experiment_revisions", "change_requests", "experiments"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _document(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB, nullable=False)


def _experiment_id(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "experiment_id",
        sa.Text,
        sa.ForeignKey("experiments.experiment_id"),
        primary_key=primary_key,
        nullable=False,
    )


def _create_experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("experiment_id", sa.Text, primary_key=True),
        _text("state"),
        sa.Column("revision", sa.BigInteger, nullable=False),
        _text("etag"),
        _document("definition"),
        _text("display_name"),
        _text("search_text"),
        _document("labels"),
        sa.Column("create_request_id", sa.Text, unique=True),
        _text("create_request_digest"),
        _instant("created_at"),
        _instant("updated_at"),
    )
    op.create_index("experiments_newest", "experiments", [sa.text("created_at DESC"), "experiment_id"])
    op.create_index(
        "experiments_labels",
        "experiments",
        ["labels"],
        postgresql_using="gin",
        postgresql_ops={"labels": "jsonb_path_ops"},
    )


def _create_change_requests() -> None:
    op.create_table(
        "change_requests",
        sa.Column("change_request_id", sa.Text, primary_key=True),
        _experiment_id(),
        _document("change"),
        _text("reason"),
        _text("requester"),
        _text("state"),
        sa.Column("base_revision", sa.BigInteger, nullable=False),
        sa.Column("applied_revision", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text, unique=True),
        _text("request_digest"),
        _instant("created_at"),
        _instant("applied_at", nullable=True),
    )


def _create_revisions() -> None:
    op.create_table(
        "experiment_revisions",
        _experiment_id(primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True),
        _document("definition"),
        sa.Column("change_request_id", sa.Text, sa.ForeignKey("change_requests.change_request_id")),
        _text("author"),
        _instant("created_at"),
    )


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("previous_hash"),
        _text("hash"),
        _text("actor"),
        _text("action"),
        _text("target"),
        _document("details"),
        _instant("occurred_at"),
    )


def _refuse_changes() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
