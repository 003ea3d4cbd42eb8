"""The policy rules in Postgres."""

from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select

from services.review.domain.policy.rules import Policy
from services.review.store import rule_documents
from services.review.store.tables import policy_rules

# Whoever brings a policy holds this advisory lock until the end of its transaction.
_POLICY_LOCK: Final = 0x706F6C696379


class PostgresPolicies:
    """Is the part of a transaction that keeps the policy rules; see `ports.Policies`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> Policy | None:
        """Returns the policy that came last."""
        row = self._connection.execute(select(policy_rules).order_by(policy_rules.c.version.desc()).limit(1)).first()
        return _policy(row) if row else None

    def lock(self) -> Policy | None:
        """Returns the same, and keeps others from locking it."""
        self._connection.execute(select(func.pg_advisory_xact_lock(_POLICY_LOCK)))
        return self.newest()

    def find(self, version: int) -> Policy | None:
        """Returns one policy."""
        row = self._connection.execute(select(policy_rules).where(policy_rules.c.version == version)).first()
        return _policy(row) if row else None

    def list_policies(self, *, before: int | None, limit: int) -> list[Policy]:
        """Returns the newest policies, newest first; with `before`, those below that version."""
        newest = select(policy_rules).order_by(policy_rules.c.version.desc()).limit(limit)
        if before is not None:
            newest = newest.where(policy_rules.c.version < before)
        return [_policy(row) for row in self._connection.execute(newest)]

    def add(self, policy: Policy) -> None:
        """Brings a policy into force."""
        row = {
            "version": policy.version,
            "rules": rule_documents.rules_to_documents(policy.rules),
            "change_request_id": policy.change_request_id,
            "author": policy.author,
            "created_at": policy.created_at,
        }
        self._connection.execute(insert(policy_rules).values(row))


def _policy(row: Row[Any]) -> Policy:
    rules = rule_documents.rules_from_documents(row.rules)
    return Policy(row.version, rules, row.change_request_id, row.author, row.created_at)
