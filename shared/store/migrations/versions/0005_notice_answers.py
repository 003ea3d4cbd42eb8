"""Adds what the webhooks of a notice's audience answered, so that none is told twice while another is away."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the answers by webhook; notices written so far have none."""
    op.execute("ALTER TABLE notices ADD COLUMN answers jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Drops them."""
    op.execute("ALTER TABLE notices DROP COLUMN answers")
