"""What the contracts say of themselves: the comments of their sources, which generated modules do not have."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def comments() -> Mapping[str, str]:
    """Returns the comments by full name; `proto/generate.py` writes them."""
    found: Mapping[str, str] = json.loads(files(__package__).joinpath("comments.json").read_text(encoding="utf-8"))
    return found


def comment(full_name: str) -> str:
    """Returns the comment of a service, method, message, field, enum or value; empty: it has none."""
    return comments().get(full_name, "")
