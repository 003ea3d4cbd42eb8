"""Logs with an allocation what was told of its unit."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the encoded context, 8-byte floats, little-endian; the index is of no cost where there is none."""
    op.execute("ALTER TABLE allocations ADD COLUMN context bytea")
    op.execute("CREATE INDEX ON allocations (experiment_id, trial_id) WHERE context IS NOT NULL")


def downgrade() -> None:
    """Drops it."""
    op.execute("ALTER TABLE allocations DROP COLUMN context")
