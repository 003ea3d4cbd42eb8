"""Turns one text into one value of a given type; every error says what the text must be."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any


def parse(kind: Any, text: str) -> Any:
    """Returns the text as a value of the type: str, int, float, bool, Path, timedelta, tuple[str, ...] or a StrEnum.

    Args:
        kind: The type. A timedelta is read as seconds, a tuple as texts between commas.
        text: What was given.

    Raises:
        ValueError: The text is no such value; the message begins with "must be".
        TypeError: Values of this type are not read from texts.
    """
    parser = _PARSERS.get(kind)
    if parser is not None:
        return parser(text)
    if is_choice(kind):
        return _member(kind, text)
    raise TypeError(f"a text is not read as {kind}")


def is_choice(kind: Any) -> bool:
    """Returns whether the type is an enumeration of texts."""
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _bool(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _timedelta(text: str) -> timedelta:
    try:
        return timedelta(seconds=_float(text))
    except OverflowError:
        raise ValueError("must be at most 999999999 days, in seconds") from None


def _path(text: str) -> Path:
    if not text:
        raise ValueError("must be a path")
    return Path(text)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, text.split(",")) if part)


def _member(kind: type[StrEnum], text: str) -> StrEnum:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(kind)}") from None


_PARSERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    int: _int,
    float: _float,
    bool: _bool,
    Path: _path,
    timedelta: _timedelta,
    tuple[str, ...]: _texts,
}
