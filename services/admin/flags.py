"""Errors in the words of the command line: fields by the names of their flags."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shared.errors import FieldViolation, InvalidArgument, invalid_fields

_FLAGS: Final = {
    "alpha": "--alpha",
    "metric_id": "--metric",
    "propensities": "--propensity",
    "rewards": "--reward",
    "target_propensities": "--target-propensity",
    "target_weights": "--weights",
    "weights": "--weights",
}


@contextmanager
def named_by_flags() -> Iterator[None]:
    """Lets errors through, those of fields such as `weights[1].arm_id` by the names of their flags.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    try:
        yield
    except InvalidArgument as error:
        if not error.violations:
            raise
        raise invalid_fields(
            [FieldViolation(_flag(each.field), each.description) for each in error.violations]
        ) from error


def _flag(field: str) -> str:
    return _FLAGS.get(re.split(r"\W", field, maxsplit=1)[0], field)
