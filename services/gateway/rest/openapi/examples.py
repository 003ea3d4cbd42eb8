"""Examples of requests and answers, by operation, as they were asked and answered."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """Returns `request` and `response` by operation id; tests hold them against the contracts."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(
        files(__package__).joinpath("examples.json").read_text(encoding="utf-8")
    )
    return found
