"""Makes identifiers."""

import uuid
from collections.abc import Callable

NewId = Callable[[str], str]


def new_id(prefix: str) -> str:
    """Returns a fresh random id such as `cr_4f9c...`: the prefix, an underscore, 32 hexadecimal digits."""
    return f"{prefix}_{uuid.uuid4().hex}"
