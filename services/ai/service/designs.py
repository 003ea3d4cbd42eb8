"""The use cases of designs that only read."""

from services.ai.domain.ports import Designs
from services.ai.domain.queries import Cursor, DesignFilter
from services.ai.domain.records import DesignRecord
from services.ai.service import refusals
from services.ai.service.pages import Page


class DesignService:
    """Reads designs; safe for use by many threads. Each call raises Unavailable STORE_UNAVAILABLE."""

    def __init__(self, designs: Designs) -> None:
        self._designs = designs

    def get(self, design_id: str) -> DesignRecord:
        """Returns one design.

        Raises:
            NotFound: DESIGN_NOT_FOUND.
        """
        found = self._designs.find(design_id)
        if found is None:
            raise refusals.design_not_found(design_id)
        return found

    def list_designs(self, kept: DesignFilter, *, after: Cursor | None, limit: int) -> Page[DesignRecord]:
        """Returns at most limit designs, newest first; with `after`, those that follow that place."""
        return Page.of(self._designs.list_designs(kept, after=after, limit=limit + 1), limit)
