"""What review owns, in Postgres: a unit of work and its parts."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from services.review.store.audit_log import PostgresAuditLog
from services.review.store.change_requests import PostgresChangeRequests
from services.review.store.experiments import PostgresExperiments
from services.review.store.identities import PostgresIdentities
from services.review.store.notices import PostgresNotices
from services.review.store.policies import PostgresPolicies
from shared.store import engine as store_engine


class PostgresReviewStore:
    """Keeps what review owns in Postgres; safe for use by many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator["PostgresTransaction"]:
        """Returns a new transaction; see `ports.ReviewStore`."""
        with store_engine.transaction(self._engine) as connection:
            yield PostgresTransaction(connection)


class PostgresTransaction:
    """Is one database transaction, READ COMMITTED; see `ports.Transaction`."""

    def __init__(self, connection: Connection) -> None:
        self.experiments = PostgresExperiments(connection)
        self.requests = PostgresChangeRequests(connection)
        self.policies = PostgresPolicies(connection)
        self.notices = PostgresNotices(connection)
        self.identities = PostgresIdentities(connection)
        self.audit = PostgresAuditLog(connection)
