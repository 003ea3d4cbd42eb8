"""What counts once: a unit, or, where every allocation counts, one allocation of a unit."""

import re
from typing import Final

from shared.policy.placement import KEY_SEPARATOR

HOLDOUT_ARM_ID: Final = "~holdout"
"""Stands for the arm of held-out units in the logs; no arm id starts like this."""

ANALYSIS_PREFIX: Final = "~analysis:"
"""Stands before the arm of units in the analysis split in the logs and statistics; no arm id starts like this."""

MAX_AHEAD_SECONDS: Final = 300
"""How far ahead of the server's clock an event may claim to be."""

SKEW_TOLERANCE_SECONDS: Final = 5
"""How far before its first exposure a unit's outcome still counts, as clocks differ between machines."""

MAX_UNIT_ID_BYTES: Final = 256
MAX_ID_CHARACTERS: Final = 64

_has_control_character = re.compile(r"[\x00-\x1f\x7f]").search


def trial_id(unit_id: str, allocation_id: str = "") -> str:
    """Returns the key under which a trial counts; it is the key that places it, too."""
    return f"{unit_id}{KEY_SEPARATOR}{allocation_id}" if allocation_id else unit_id


def analysis_arm_id(arm_id: str) -> str:
    """Returns the id under which an arm's units in the analysis split are logged."""
    return f"{ANALYSIS_PREFIX}{arm_id}"


def shown_arm_id(logged_arm_id: str) -> str:
    """Returns the arm that a unit logged like this was shown; held-out units keep their mark."""
    return logged_arm_id.removeprefix(ANALYSIS_PREFIX)


def unit_id_fault(unit_id: str) -> str:
    """Returns what is wrong with a unit id; empty where nothing is."""
    if unit_id.isascii() and unit_id.isprintable() and 0 < len(unit_id) <= MAX_UNIT_ID_BYTES:
        return ""  # the usual case, in a few nanoseconds
    if not unit_id:
        return "must not be empty"
    if len(unit_id) > MAX_UNIT_ID_BYTES or len(unit_id.encode()) > MAX_UNIT_ID_BYTES:
        return f"must have at most {MAX_UNIT_ID_BYTES} bytes"
    if _has_control_character(unit_id):
        return "must not contain control characters"
    return ""


def id_fault(value: str, *, required: bool) -> str:
    """Returns what is wrong with an event or allocation id; empty where nothing is."""
    if value.isascii() and value.isprintable() and 0 < len(value) <= MAX_ID_CHARACTERS:
        return ""  # the usual case, in a few nanoseconds
    if not value:
        return "must not be empty" if required else ""
    if len(value) > MAX_ID_CHARACTERS:
        return f"must have at most {MAX_ID_CHARACTERS} characters"
    if _has_control_character(value):
        return "must not contain control characters"
    return ""
