"""The rules that ids and values keep; those of the server (services/bandit/domain/trial.py)."""

import math
import re
from typing import Final

from experimentation_client.errors import InvalidFieldError

MAX_UNIT_ID_BYTES: Final = 256
MAX_ID_CHARACTERS: Final = 64
MAX_NAME_CHARACTERS: Final = 63

_has_control_character = re.compile(r"[\x00-\x1f\x7f]").search


def check_unit_id(unit_id: str) -> None:
    """Returns where the unit id has 1 to 256 bytes of UTF-8 and no control characters.

    Raises:
        InvalidFieldError: It does not.
    """
    _check_text("unit_id", unit_id)
    if not unit_id:
        raise InvalidFieldError("unit_id", "must not be empty")
    if len(unit_id) > MAX_UNIT_ID_BYTES or len(unit_id.encode()) > MAX_UNIT_ID_BYTES:
        raise InvalidFieldError("unit_id", f"must have at most {MAX_UNIT_ID_BYTES} bytes")
    if _has_control_character(unit_id):
        raise InvalidFieldError("unit_id", "must not contain control characters")


def check_id(field: str, value: str) -> None:
    """Returns where an event or allocation id has 1 to 64 characters, none of them a control character.

    Raises:
        InvalidFieldError: It does not.
    """
    _check_length(field, value, MAX_ID_CHARACTERS)
    if _has_control_character(value):
        raise InvalidFieldError(field, "must not contain control characters")


def check_name(field: str, value: str) -> None:
    """Returns where the id of an experiment or a metric has 1 to 63 characters.

    Raises:
        InvalidFieldError: It does not.
    """
    _check_length(field, value, MAX_NAME_CHARACTERS)


def check_value(value: float) -> None:
    """Returns where an outcome's value is finite; the metric's own rules are the server's affair.

    Raises:
        InvalidFieldError: It is not.
    """
    try:
        is_finite = math.isfinite(value)
    except (TypeError, OverflowError):
        is_finite = False
    if not is_finite:
        raise InvalidFieldError("value", "must be a finite number")


def _check_length(field: str, value: str, most: int) -> None:
    _check_text(field, value)
    if not value:
        raise InvalidFieldError(field, "must not be empty")
    if len(value) > most:
        raise InvalidFieldError(field, f"must have at most {most} characters")


def _check_text(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidFieldError(field, f"must be a string, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidFieldError(field, "must be valid Unicode") from error
