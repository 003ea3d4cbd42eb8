"""How far the schema of a database is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schema:
    """Names the step that a database's schema is at, and the one that this release needs; empty: there is none."""

    applied: frozenset[str]
    needed: frozenset[str]

    @property
    def is_current(self) -> bool:
        """Says whether it is the one that this release is written for."""
        return self.applied == self.needed
