"""Records who gave everybody the control, beside who froze; each switch goes into the audit log once."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The table refuses updates: a change of type writes the rows anew instead.
KIND = """
ALTER TABLE learning_switches ADD COLUMN kind text;
ALTER TABLE learning_switches ALTER COLUMN kind TYPE text
  USING CASE WHEN frozen THEN 'FREEZE' ELSE 'UNFREEZE' END;
ALTER TABLE learning_switches
  ALTER COLUMN kind SET NOT NULL,
  ADD CONSTRAINT known_kind CHECK (kind IN ('FREEZE', 'UNFREEZE', 'SERVE_CONTROL', 'SERVE_ARMS')),
  DROP COLUMN frozen;
"""

AUDITED_ONCE = """
CREATE UNIQUE INDEX audit_events_switch ON audit_events ((details ->> 'switch_id')) WHERE details ? 'switch_id';
"""


def upgrade() -> None:
    """Puts kinds in the place of a flag."""
    for script in (KIND, AUDITED_ONCE):
        op.execute(script)


def downgrade() -> None:
    """Puts the flag back, without the switches that it has no value for."""
    op.execute("DROP INDEX audit_events_switch")
    op.execute("ALTER TABLE learning_switches DISABLE TRIGGER append_only")
    op.execute("DELETE FROM learning_switches WHERE kind NOT IN ('FREEZE', 'UNFREEZE')")
    op.execute("ALTER TABLE learning_switches ENABLE TRIGGER append_only")
    op.execute("ALTER TABLE learning_switches DROP CONSTRAINT known_kind")
    op.execute("ALTER TABLE learning_switches ALTER COLUMN kind TYPE boolean USING kind = 'FREEZE'")
    op.execute("ALTER TABLE learning_switches RENAME COLUMN kind TO frozen")
