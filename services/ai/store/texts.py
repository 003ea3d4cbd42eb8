"""Which texts Postgres has a place for."""

import re
from typing import Final

# NUL, and halves of surrogate pairs, which are no characters: providers and callers can send both.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Says whether a column can hold a text."""
    return _UNSTORABLE.search(text) is None
