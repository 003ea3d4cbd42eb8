"""A part of a list, and whether something follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[_Item]):
    """Is a part of a list; `more` says whether something follows."""

    items: tuple[_Item, ...]
    more: bool

    @classmethod
    def of(cls, found: Sequence[_Item], limit: int) -> "Page[_Item]":
        """Returns the first `limit` of what was found, when one more than that was asked for."""
        return cls(tuple(found[:limit]), len(found) > limit)
