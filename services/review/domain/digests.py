"""Fingerprints of values: SHA-256 over a canonical JSON form."""

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.definition import model

_ETAG_LENGTH = 32


def _plain(value: Any) -> Any:  # any value of the domain
    """Returns what JSON has no form for in one that it has; a dataclass keeps its name, so that kinds differ."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> str:
    """Returns the one JSON text of a value: keys sorted, no spaces, time spans in microseconds.

    Raises:
        TypeError: It holds something other than JSON values, dataclasses, instants and time spans.
        ValueError: It holds a number that is not finite.
    """
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(value: Any) -> str:
    """Returns the SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def etag(experiment: model.Experiment) -> str:
    """Returns the etag of an experiment, which depends on everything but its `etag` field."""
    return sha256(dataclasses.replace(experiment, etag=""))[:_ETAG_LENGTH]
