"""Reads a process's configuration from the environment, once; nothing else reads the environment.

A configuration is a frozen dataclass. Each field has a default, and is described by `setting` or is such a dataclass:

    @dataclass(frozen=True, slots=True)
    class Config:
        flush_interval: timedelta = field(default=timedelta(seconds=1), metadata=setting("Is ...", minimum=0))
        server: ServerOptions = field(default=ServerOptions(address="127.0.0.1:50051"))

With the prefix `BANDIT_` it is filled from `BANDIT_FLUSH_INTERVAL`, `BANDIT_SERVER_ADDRESS` and so on.
"""

import dataclasses
import difflib
import os
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from shared import parse

_Config = TypeVar("_Config")


class ConfigError(Exception):
    """Says everything that is wrong with the environment, one problem a line.

    Attributes:
        problems: What is wrong, each naming its variable.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(["the configuration is not usable:", *(f"  {problem}" for problem in problems)]))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Secret:
    """Is a text that no log and no error message shows.

    It comes from its variable, or from the file that `<variable>_FILE` names.
    """

    value: str

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class Row:
    """Describes one variable for documentation and `--help`; what does not apply is empty."""

    variable: str
    kind: str
    default: str
    unit: str
    allowed: str
    doc: str


@dataclass(frozen=True, slots=True)
class _About:
    """Is what a field's metadata say."""

    doc: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    variable: str

    @property
    def allowed(self) -> str:
        if self.choices:
            return ", ".join(self.choices)
        low = "" if self.minimum is None else f">= {self.minimum:.12g}"
        high = "" if self.maximum is None else f"<= {self.maximum:.12g}"
        return " and ".join(filter(None, (low, high)))

    def check(self, value: Any) -> None:
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise ValueError(f"must be {self.allowed}")
        if self.choices and value not in self.choices:
            raise ValueError(f"must be one of {self.allowed}")


@dataclass(frozen=True, slots=True)
class _Variable:
    """Is one variable: the field that it fills, and with what."""

    path: tuple[str, ...]
    name: str
    kind: Any
    default: Any
    about: _About


def setting(
    doc: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    variable: str = "",
) -> Mapping[str, object]:
    """Returns the metadata of a field that `load` can fill.

    The field's type is one that `parse.parse` reads, or `Secret`, or one of these `| None`. An empty text is a text.

    Args:
        doc: What it does, one line.
        unit: The unit of a number; a timedelta is given in seconds.
        minimum: The least number allowed. None: no bound.
        maximum: The greatest number allowed. None: no bound.
        choices: The only texts allowed. Empty: any.
        variable: The variable's whole name, where it is not the prefix and the field's name (`DATABASE_URL`).
    """
    return {"about": _About(doc, unit, minimum, maximum, choices, variable)}


def load(config_class: type[_Config], prefix: str, *, environ: Mapping[str, str] | None = None) -> _Config:
    """Returns the configuration that the environment asks for.

    A `__post_init__` that raises ValueError adds its message to the problems.

    Args:
        config_class: A dataclass as this module's docstring shows; every field has a default.
        prefix: What the names of the variables begin with, such as `BANDIT_`.
        environ: The variables. None: those of the process.

    Raises:
        ConfigError: Some variable with the prefix is unknown, cannot be read or is out of range.
    """
    given = os.environ if environ is None else environ
    variables = tuple(_variables(config_class(), prefix))
    problems = list(_unknown(variables, prefix, given))
    values = {}
    for variable in variables:
        try:
            values[variable.path] = _read(variable, given)
        except ValueError as error:
            problems.append(str(error))
    try:
        config = _filled(config_class(), values)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError(problems)
    return config


def describe(config_class: type[Any], prefix: str) -> tuple[Row, ...]:
    """Returns one row for each variable that `load` reads, in the order of the fields."""
    return tuple(_row(variable) for variable in _variables(config_class(), prefix))


def _nested(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, Secret)


def _variables(defaults: Any, prefix: str, path: tuple[str, ...] = ()) -> Iterator[_Variable]:
    kinds = typing.get_type_hints(type(defaults))
    for each in dataclasses.fields(defaults):
        here, default = (*path, each.name), getattr(defaults, each.name)
        name = prefix + each.name.upper()
        if _nested(default):
            yield from _variables(default, f"{name}_", here)
        else:
            about: _About = each.metadata["about"]
            yield _Variable(here, about.variable or name, _without_none(kinds[each.name]), default, about)


def _filled(defaults: _Config, values: Mapping[tuple[str, ...], Any], path: tuple[str, ...] = ()) -> _Config:
    changes = {}
    for each in dataclasses.fields(typing.cast(Any, defaults)):
        here, default = (*path, each.name), getattr(defaults, each.name)
        changes[each.name] = _filled(default, values, here) if _nested(default) else values.get(here, default)
    return typing.cast(_Config, dataclasses.replace(typing.cast(Any, defaults), **changes))


def _without_none(kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        return next(member for member in typing.get_args(kind) if member is not types.NoneType)
    return kind


def _unknown(variables: Iterable[_Variable], prefix: str, given: Mapping[str, str]) -> Iterator[str]:
    known = {name for variable in variables for name in _names(variable)}
    for name in sorted(name for name in given if name.startswith(prefix) and name not in known):
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        yield f"{name}: there is no such variable" + (f"; is it {close[0]}?" if close else "")


def _names(variable: _Variable) -> tuple[str, ...]:
    return (variable.name, f"{variable.name}_FILE") if variable.kind is Secret else (variable.name,)


def _read(variable: _Variable, given: Mapping[str, str]) -> Any:
    if variable.kind is Secret:
        return _secret(variable, given)
    text = given.get(variable.name)
    if text is None:
        return variable.default
    try:
        value = parse.parse(variable.kind, text)
        variable.about.check(value)
    except ValueError as error:
        raise ValueError(f"{variable.name} == {text!r}: {error}") from None
    return value


def _secret(variable: _Variable, given: Mapping[str, str]) -> Any:
    text, path = given.get(variable.name), given.get(f"{variable.name}_FILE")
    if text is not None and path is not None:
        raise ValueError(f"{variable.name}: give it or {variable.name}_FILE, not both")
    if path is not None:
        try:
            text = Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, ValueError) as error:
            raise ValueError(f"{variable.name}_FILE == {path!r}: cannot be read ({type(error).__name__})") from error
    return variable.default if text is None else Secret(text)


def _row(variable: _Variable) -> Row:
    kind, about = variable.kind, variable.about
    unit = about.unit or ("seconds" if kind is timedelta else "")
    allowed = about.allowed or (", ".join(kind) if parse.is_choice(kind) else "")
    return Row(variable.name, getattr(kind, "__name__", "tuple"), _shown(variable.default), unit, allowed, about.doc)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.12g}"
    return ",".join(value) if isinstance(value, tuple) else str(value)
