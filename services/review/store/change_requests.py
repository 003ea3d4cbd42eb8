"""Change requests in Postgres."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.review.domain.model import ChangeRequest
from services.review.store import rows
from services.review.store.tables import change_requests


class PostgresChangeRequests:
    """Is the part of a transaction that keeps change requests; see `ports.ChangeRequests`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, request: ChangeRequest) -> bool:
        """Adds a change request, unless its request id is taken."""
        added = (
            insert(change_requests)
            .values(rows.change_request_row(request))
            .on_conflict_do_nothing(index_elements=["request_id"])
            .returning(change_requests.c.change_request_id)
        )
        return self._connection.execute(added).first() is not None

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        """Returns the change request that was proposed with this request id."""
        row = self._connection.execute(
            select(change_requests).where(change_requests.c.request_id == request_id)
        ).first()
        return rows.change_request_from_row(row) if row else None
